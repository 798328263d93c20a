import sharp from 'sharp';
import type { Box } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Step } from './step.ts';

/** The box ends at chin and forehead; hair, ears and jaw say much of a person. Share of the box added on each side. */
const GROW = 0.2;
/** So few blocks across a face that nothing of its shape is left to undo or to recognise. */
const BLOCKS = 6;

/** The bundled step `blur`: every face becomes a few blocks of its average colours, which cannot be undone. */
export const blurFaces: Step = {
  name: 'blur',
  async apply(image, faces) {
    for (const { box } of faces) await pixelate(image, grow(box));
    return image;
  },
};

function grow([x1, y1, x2, y2]: Box): Box {
  const dx = (x2 - x1) * GROW;
  const dy = (y2 - y1) * GROW;
  return [x1 - dx, y1 - dy, x2 + dx, y2 + dy];
}

/** By sharp, off this thread: a face may fill a picture of 16 million pixels. */
async function pixelate(image: PixelImage, [x1, y1, x2, y2]: Box): Promise<void> {
  const left = Math.max(0, Math.floor(x1));
  const top = Math.max(0, Math.floor(y1));
  const width = Math.min(image.width, Math.ceil(x2)) - left;
  const height = Math.min(image.height, Math.ceil(y2)) - top;
  if (width <= 0 || height <= 0) return;
  const side = Math.max(x2 - x1, y2 - y1) / BLOCKS;
  const blocks = { width: Math.ceil(width / side), height: Math.ceil(height / side), channels: 3 } as const;
  const averages = await sharp(image.data, { raw: { width: image.width, height: image.height, channels: 3 } })
    .extract({ left, top, width, height })
    .resize({ width: blocks.width, height: blocks.height, fit: 'fill' })
    .raw()
    .toBuffer();
  const coarse = await sharp(averages, { raw: blocks })
    .resize({ width, height, fit: 'fill', kernel: 'nearest' })
    .raw()
    .toBuffer();
  for (let row = 0; row < height; row += 1) {
    const pixels = coarse.subarray(row * width * 3, (row + 1) * width * 3);
    image.data.set(pixels, ((top + row) * image.width + left) * 3);
  }
}
