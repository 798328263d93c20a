import type { Box } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { encodeImage } from './encode-image.ts';

/** Hair, ears and shoulders, by which people recognise each other. Share of the box added on each side. */
const SURROUNDINGS = 0.5;
/** Enough for the networks to find the face again and to embed it as well as from the whole picture. */
const WIDEST = 480;

/** A copy of the face with its surroundings, as far as the picture reaches. The copy is the caller's. */
export function cutFace({ width, height, data }: PixelImage, [x1, y1, x2, y2]: Box): PixelImage {
  const dx = (x2 - x1) * SURROUNDINGS;
  const dy = (y2 - y1) * SURROUNDINGS;
  const left = within(Math.floor(x1 - dx), width - 1);
  const top = within(Math.floor(y1 - dy), height - 1);
  const across = Math.max(1, within(Math.ceil(x2 + dx), width) - left);
  const down = Math.max(1, within(Math.ceil(y2 + dy), height) - top);
  const cut = new Uint8Array(across * down * 3);
  for (let row = 0; row < down; row += 1) {
    const start = ((top + row) * width + left) * 3;
    cut.set(data.subarray(start, start + across * 3), row * across * 3);
  }
  return { width: across, height: down, format: 'rgb24', data: cut };
}

/** A JPEG of the face with its surroundings. */
export async function facePicture(image: PixelImage, box: Box): Promise<Buffer> {
  const cut = cutFace(image, box);
  try {
    return await encodeImage(cut, 'jpeg', { maxWidth: WIDEST });
  } finally {
    cut.data.fill(0);
  }
}

function within(value: number, most: number): number {
  return Math.max(0, Math.min(most, Number.isFinite(value) ? value : 0));
}
