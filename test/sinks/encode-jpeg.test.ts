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

/** Everything between the header and the picture's data that is a table of codes, as hexadecimal digits. */
function huffmanTables(jpeg: Buffer): string[] {
  const tables: string[] = [];
  for (let at = 2; jpeg[at + 1] !== 0xda; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xc4) tables.push(jpeg.toString('hex', at + 4, at + 2 + jpeg.readUInt16BE(at + 2)));
  }
  return tables;
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

  it('makes no tables of its own for a picture, which would cost as much as the rest', async () => {
    const noise = redAndBlue(64, 32);
    for (let i = 0; i < noise.data.length; i += 1) noise.data[i] = (i * i * 37) & 255;
    const [plain, noisy] = await Promise.all([encodeJpeg(redAndBlue(64, 32)), encodeJpeg(noise)]);
    expect(huffmanTables(plain)).toEqual(huffmanTables(noisy));
    expect(huffmanTables(plain).length).toBeGreaterThan(0);
  });

  it('rejects pixels that are not those of the size', async () => {
    await expect(encodeJpeg({ ...redAndBlue(8, 8), width: 9 })).rejects.toThrow();
  });
});
