import { describe, expect, it } from 'vitest';
import { letterbox, squareLetterbox } from '../../../models/detectors/letterbox.ts';
import { PlanarResize } from '../../../models/detectors/planar-resize.ts';
import { inputChannels } from '../../../models/input-channels.ts';

const plain = inputChannels({ channelOrder: 'rgb', mean: [0, 0, 0], std: [1, 1, 1] });

/** A picture whose pixel (x, y) is `colour(x, y)`. */
function picture(width: number, height: number, colour: (x: number, y: number) => number[]): Uint8Array {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels.set(colour(x, y), (y * width + x) * 3);
  return pixels;
}

function resized(
  pixels: Uint8Array,
  from: { width: number; height: number },
  longestSide: number,
  channels = plain,
  padding: readonly [number, number, number] = [-7, -8, -9],
) {
  const to = letterbox(from, longestSide);
  const out = new Float32Array(3 * to.canvas.width * to.canvas.height).fill(Number.NaN);
  new PlanarResize(from, to, channels, padding).write(pixels, out);
  const at = (plane: number, x: number, y: number) => out[(plane * to.canvas.height + y) * to.canvas.width + x]!;
  return { ...to, out, at };
}

const noise = (x: number, y: number) => [0, 1, 2].map((c) => (x * 7919 + y * 104_729 + c * 1299_709) % 251);

describe('PlanarResize', () => {
  it.each([1, 2, 3, 4, 5])('averages all pixels of a %d to 1 reduction', (ratio) => {
    const from = { width: 64 * ratio, height: 32 * ratio };
    const { at } = resized(picture(from.width, from.height, noise), from, 64);
    for (const [x, y] of [
      [0, 0],
      [63, 31],
      [17, 5],
    ] as const) {
      for (const plane of [0, 1, 2]) {
        let sum = 0;
        for (let v = 0; v < ratio; v++) {
          for (let u = 0; u < ratio; u++) sum += noise(x * ratio + u, y * ratio + v)[plane]!;
        }
        expect(at(plane, x, y)).toBeCloseTo(sum / ratio ** 2, 3);
      }
    }
  });

  it.each([
    [100, 60],
    [250, 250],
    [161, 97],
    [704, 576],
    [1000, 333],
  ])('maps pixel centres to pixel centres from %d×%d', (width, height) => {
    // A ramp stays a ramp; its slope and its offset tell where each sample was taken.
    const from = { width, height };
    const pixels = picture(width, height, (x, y) => [(x * 255) / width, (y * 255) / height, 99]);
    const { at, content } = resized(pixels, from, 320);
    for (let i = 2; i < 18; i++) {
      const x = Math.floor((content.width * i) / 20);
      const y = Math.floor((content.height * i) / 20);
      expect(Math.abs(at(0, x, y) - ((((x + 0.5) * width) / content.width - 0.5) * 255) / width)).toBeLessThan(1.6);
      expect(Math.abs(at(1, x, y) - ((((y + 0.5) * height) / content.height - 0.5) * 255) / height)).toBeLessThan(1.6);
      expect(at(2, x, y)).toBeCloseTo(99, 3);
    }
  });

  it.each([2, 2.5, 3.2, 4.7])('does not alias a fine chequerboard reduced %d to 1', (ratio) => {
    const from = { width: Math.round(320 * ratio), height: Math.round(160 * ratio) };
    const { at, content } = resized(
      picture(from.width, from.height, (x, y) => [255 * ((x + y) % 2), 255 * (x % 2), 255 * (y % 2)]),
      from,
      320,
    );
    let worst = 0;
    for (let y = 0; y < content.height; y++) {
      for (let x = 0; x < content.width; x++) {
        for (const plane of [0, 1, 2]) worst = Math.max(worst, Math.abs(at(plane, x, y) - 127.5));
      }
    }
    // Without averaging it is all black or all white somewhere: 127.5.
    expect(worst).toBeLessThan(45);
  });

  it('puts colours into the planes of the channel order, normalised', () => {
    const bgr = inputChannels({ channelOrder: 'bgr', mean: [104, 117, 123], std: [1, 2, 4] });
    for (const width of [64, 128, 100]) {
      const from = { width, height: width };
      const { at } = resized(
        picture(width, width, () => [200, 150, 100]),
        from,
        64,
        bgr,
      );
      expect([at(0, 9, 9), at(1, 9, 9), at(2, 9, 9)]).toEqual([100 - 104, (150 - 117) / 2, (200 - 123) / 4]);
    }
  });

  it.each([
    [1, 1],
    [1, 300],
    [4000, 1],
    [4000, 100],
    [641, 359],
    [1279, 721],
    [37, 641],
  ])('fills content and padding whole for %d×%d, and nothing but itself shows in the padding', (width, height) => {
    const from = { width, height };
    const { canvas, content, at } = resized(
      picture(width, height, () => [10, 20, 30]),
      from,
      640,
    );
    for (let y = 0; y < canvas.height; y++) {
      for (let x = 0; x < canvas.width; x++) {
        const inside = x < content.width && y < content.height;
        const got = [at(0, x, y), at(1, x, y), at(2, x, y)];
        const expected = inside ? [10, 20, 30] : [-7, -8, -9];
        if (got.some((value, i) => Math.abs(value - expected[i]!) > 0.001)) {
          expect({ x, y, got }).toEqual({ x, y, got: expected });
        }
      }
    }
  });

  it('takes pixels from a SharedArrayBuffer and leaves them as they are', () => {
    const from = { width: 128, height: 64 };
    const pixels = new Uint8Array(new SharedArrayBuffer(128 * 64 * 3));
    pixels.set(picture(128, 64, noise));
    const before = Uint8Array.from(pixels);
    const to = squareLetterbox(from, 64);
    const out = new Float32Array(3 * 64 * 64);
    new PlanarResize(from, to, plain, [0, 0, 0]).write(pixels, out);
    expect(Uint8Array.from(pixels)).toEqual(before);
    expect(out.some((value) => value !== 0)).toBe(true);
  });
});
