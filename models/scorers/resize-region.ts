import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { InputChannels } from '../input-channels.ts';
import type { Region } from './crop-around.ts';

/**
 * Stretches a part of a picture to a square and writes it into a planar float tensor, normalised on the way. Bilinear
 * between the four nearest pixels, also where it shrinks, as OpenCV's default does: an anti-spoofing network judges
 * texture, and this is the texture it was trained on.
 *
 * @param region inside the picture.
 * @param side of the square, pixels.
 * @param out length 3 · side²; overwritten whole.
 */
export function resizeRegion(
  { data, width }: PixelImage,
  { x1, y1, x2, y2 }: Region,
  side: number,
  channels: InputChannels,
  out: Float32Array,
): void {
  const plane = side * side;
  const columns = neighbours(x1, x2, side);
  for (const [y, row] of neighbours(y1, y2, side).entries()) {
    const [above, below] = [row.first * width, row.second * width];
    for (const [x, column] of columns.entries()) {
      const at = [above + column.first, above + column.second, below + column.first, below + column.second];
      for (const [colour, { plane: index, scale, offset }] of channels.entries()) {
        const [a, b, c, d] = at.map((pixel) => data[pixel * 3 + colour] as number) as [number, number, number, number];
        const upper = a + (b - a) * column.share;
        const lower = c + (d - c) * column.share;
        out[index * plane + y * side + x] = (upper + (lower - upper) * row.share) * scale + offset;
      }
    }
  }
}

interface Neighbours {
  readonly first: number;
  readonly second: number;
  /** Of `second`, 0..1. */
  readonly share: number;
}

/** For each of `count` pixels the two that it lies between; whole numbers are pixel centres. */
function neighbours(from: number, to: number, count: number): Neighbours[] {
  const step = (to - from) / count;
  return Array.from({ length: count }, (_, i) => {
    const at = Math.min(Math.max((i + 0.5) * step - 0.5, 0), to - from - 1);
    const first = Math.floor(at);
    return { first: from + first, second: from + Math.min(first + 1, to - from - 1), share: at - first };
  });
}
