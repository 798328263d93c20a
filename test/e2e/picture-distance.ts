import sharp from 'sharp';
import type { DrawnCanvas } from './drawn-canvas.ts';

/**
 * How much what stands on the canvas differs from a JPEG that was laid into it as large as it goes: mean of the absolute
 * differences, 0..255. Boxes and labels on the canvas add the same to the distance from any frame.
 */
export async function pictureDistance(canvas: DrawnCanvas, jpeg: Buffer): Promise<number> {
  const { data } = await sharp(jpeg)
    .resize(canvas.pixelWidth, canvas.pixelHeight, { fit: 'contain', background: '#000' })
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  let sum = 0;
  for (let i = 0; i < data.length; i += 1) sum += Math.abs((data[i] as number) - (canvas.pixels[i] as number));
  return sum / data.length;
}
