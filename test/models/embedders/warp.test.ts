import { describe, expect, it } from 'vitest';
import { warpSquare } from '../../../models/embedders/warp.ts';
import { inputChannels } from '../../../models/input-channels.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';

const plain = inputChannels({ channelOrder: 'rgb', mean: [0, 0, 0], std: [1, 1, 1] });

function picture(width: number, height: number, colour: (x: number, y: number) => number[]): PixelImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, format: 'rgb24', data };
}

function warped(
  image: PixelImage,
  toPicture: { a: number; b: number; tx: number; ty: number },
  side = 8,
  channels = plain,
) {
  const out = new Float32Array(3 * side * side).fill(Number.NaN);
  warpSquare(image, toPicture, side, channels, out);
  return (plane: number, x: number, y: number) => out[(plane * side + y) * side + x]!;
}

describe('warpSquare', () => {
  const ramp = picture(100, 80, (x, y) => [2 * x, 2 * y, 50]);

  it('copies where the crop lies on whole pixels', () => {
    const at = warped(ramp, { a: 1, b: 0, tx: 20, ty: 30 });
    expect([at(0, 0, 0), at(1, 0, 0), at(2, 0, 0)]).toEqual([40, 60, 50]);
    expect([at(0, 7, 3), at(1, 7, 3)]).toEqual([54, 66]);
  });

  it('interpolates between pixels, also when turned', () => {
    const [a, b, tx, ty] = [0.6, 0.45, 20.25, 30.5];
    const at = warped(ramp, { a, b, tx, ty });
    for (const [x, y] of [
      [0, 0],
      [7, 7],
      [3, 5],
    ] as const) {
      expect(at(0, x, y)).toBeCloseTo(2 * (a * x - b * y + tx), 1);
      expect(at(1, x, y)).toBeCloseTo(2 * (b * x + a * y + ty), 1);
    }
  });

  it('is black outside the picture, after normalising', () => {
    const bgr = inputChannels({ channelOrder: 'bgr', mean: [10, 20, 30], std: [2, 2, 2] });
    const at = warped(ramp, { a: 1, b: 0, tx: -4, ty: 0 }, 8, bgr);
    expect([at(0, 0, 0), at(1, 0, 0), at(2, 0, 0)]).toEqual([-5, -10, -15]);
    expect([at(0, 4, 0), at(1, 4, 0), at(2, 4, 0)]).toEqual([20, -10, -15]);
  });

  it('averages the picture where the face is much larger than the crop', () => {
    const chequered = picture(400, 400, (x, y) => [255 * ((x + y) % 2), 255 * (x % 2), 255 * (y % 2)]);
    const at = warped(chequered, { a: 7.5, b: 1.25, tx: 100, ty: 90 }, 24);
    for (let y = 0; y < 24; y++) {
      for (let x = 0; x < 24; x++) expect(Math.abs(at(0, x, y) - 127.5)).toBeLessThan(100);
    }
  });

  it('keeps a ramp in place where it averages', () => {
    const at = warped(
      picture(400, 400, (x, y) => [x / 2, y / 2, 9]),
      { a: 6, b: 0.5, tx: 60, ty: 40 },
    );
    for (const [x, y] of [
      [0, 0],
      [7, 7],
      [3, 5],
    ] as const) {
      expect(Math.abs(at(0, x, y) - (6 * x - 0.5 * y + 60) / 2)).toBeLessThan(0.6);
      expect(Math.abs(at(1, x, y) - (0.5 * x + 6 * y + 40) / 2)).toBeLessThan(0.6);
      expect(at(2, x, y)).toBeCloseTo(9, 4);
    }
  });

  it.each([
    [1, 1],
    [2, 1],
    [1, 9],
  ])('takes a picture of %d×%d without reading beside it', (width, height) => {
    const at = warped(
      picture(width, height, () => [255, 255, 255]),
      { a: 0.1, b: 0, tx: 0, ty: 0 },
    );
    for (let i = 0; i < 8; i++) expect(Number.isFinite(at(0, i, i))).toBe(true);
  });
});
