import sharp from 'sharp';
import { intersectionOverUnion } from '../../models/detectors/suppress-overlaps.ts';
import type { Box } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { FaceAnalyser } from '../../pipeline/ports.ts';

/** Of tiles that lie side by side: a face is whole in one of them where it is narrower than this share of a tile. */
const OVERLAP = 0.2;
const MOST_A_SIDE = 4;
/** Boxes that overlap more are one face. */
const SAME_FACE = 0.3;

/**
 * The faces of a picture, also those that are too small for the network to find in the whole of it: it looks at the whole,
 * and at tiles in which small faces are larger.
 *
 * @param inputSize longest side of the network's input, pixels.
 * @returns their boxes in pixels of `picture`.
 */
export async function facesInTiles(
  picture: PixelImage,
  analyser: Pick<FaceAnalyser, 'analyse'>,
  inputSize: number,
  signal: AbortSignal,
): Promise<Box[]> {
  const { width, height } = picture;
  const aSide = Math.min(MOST_A_SIDE, Math.ceil(Math.max(width, height) / inputSize));
  const found: Box[] = [];
  for (const tile of aSide > 1 ? [whole(picture), ...tiles(picture, aSide)] : [whole(picture)]) {
    const { faces } = await analyser.analyse(await cut(picture, tile), { want: 'detections', signal });
    for (const { box } of faces) {
      const [x1, y1, x2, y2] = box;
      // Cut by an inner edge: the neighbouring tile has the rest of it as well.
      if (x1 < 2 && tile.left > 0) continue;
      if (y1 < 2 && tile.top > 0) continue;
      if (x2 > tile.width - 2 && tile.left + tile.width < width) continue;
      if (y2 > tile.height - 2 && tile.top + tile.height < height) continue;
      const there: Box = [x1 + tile.left, y1 + tile.top, x2 + tile.left, y2 + tile.top];
      if (found.every((other) => intersectionOverUnion(other, there) <= SAME_FACE)) found.push(there);
    }
  }
  return found;
}

interface Tile {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const whole = ({ width, height }: PixelImage): Tile => ({ left: 0, top: 0, width, height });

function tiles({ width, height }: PixelImage, aSide: number): Tile[] {
  const spans = (length: number) => {
    const size = Math.ceil(length / (aSide - (aSide - 1) * OVERLAP));
    return Array.from({ length: aSide }, (_, i) => ({ from: Math.round((i * (length - size)) / (aSide - 1)), size }));
  };
  return spans(height).flatMap(({ from: top, size: tall }) =>
    spans(width).map(({ from: left, size: wide }) => ({ left, top, width: wide, height: tall })),
  );
}

async function cut({ width, height, data }: PixelImage, tile: Tile): Promise<PixelImage> {
  const pixels = await sharp(data, { raw: { width, height, channels: 3 } })
    .extract(tile)
    .raw()
    .toBuffer();
  return { width: tile.width, height: tile.height, format: 'rgb24', data: pixels };
}
