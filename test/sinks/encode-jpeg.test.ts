import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { encodeJpeg } from '../../sinks/encode-jpeg.ts';

/** Left half red, right half blue, in shared memory as frames are. */
function redAndBlue(width: number, height: number): PixelImage {
  const data = new Uint8Array(new SharedArrayBuffer(width * height * 3));
  for (let i = 0; i < width * height; i += 1) data.set(i % width < width / 2 ? [230, 10, 10] : [10, 10, 230], i * 3);
  return { width, height, format: 'rgb24', data };
}

describe('encodeJpeg', () => {
  it('keeps size and colours', async () => {
    const jpeg = await encodeJpeg(redAndBlue(64, 32));
    expect(await sharp(jpeg).metadata()).toMatchObject({
      format: 'jpeg',
      width: 64,
      height: 32,
      chromaSubsampling: '4:2:0',
    });
    const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    expect([data[0]! > 200, data[2]! < 60]).toEqual([true, true]);
    expect([data[63 * 3]! < 60, data[63 * 3 + 2]! > 200]).toEqual([true, true]);
  });

  it('makes fewer bytes of a lower quality', async () => {
    const image = redAndBlue(320, 200);
    for (let i = 0; i < image.data.length; i += 1) image.data[i] = (image.data[i]! + i * 37) & 255;
    const [low, high] = await Promise.all([encodeJpeg(image, { quality: 30 }), encodeJpeg(image, { quality: 90 })]);
    expect(low.length).toBeLessThan(high.length / 2);
  });

  it('rejects pixels that are not those of the size', async () => {
    await expect(encodeJpeg({ ...redAndBlue(8, 8), width: 9 })).rejects.toThrow();
  });
});
