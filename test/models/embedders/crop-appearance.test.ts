import { describe, expect, it } from 'vitest';
import { cropAppearance } from '../../../models/embedders/crop-appearance.ts';
import { TEMPLATES } from '../../../models/embedders/templates.ts';
import { inputChannels } from '../../../models/input-channels.ts';
import { randomNumbers } from '../../support/random-numbers.ts';

const SIDE = 112;
const imagenet = { channelOrder: 'bgr', mean: [103.53, 116.28, 123.675], std: [57.375, 57.12, 58.395] } as const;

/** An embedder's input that shows `luma` in grey. */
function crop(luma: (x: number, y: number) => number, side = SIDE): Float32Array {
  const out = new Float32Array(3 * side * side);
  for (const { plane, scale, offset } of inputChannels({
    ...imagenet,
    mean: [...imagenet.mean],
    std: [...imagenet.std],
  })) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) out[plane * side * side + y * side + x] = luma(x, y) * scale + offset;
    }
  }
  return out;
}

function look(luma: (x: number, y: number) => number, alignment: 'arcface' | 'dlib' = 'arcface') {
  const side = TEMPLATES[alignment].side;
  const channels = inputChannels({ ...imagenet, mean: [...imagenet.mean], std: [...imagenet.std] });
  return cropAppearance(crop(luma, side), side, channels, TEMPLATES[alignment]);
}

/** Detail of `period` pixels both ways. */
const pattern =
  (period: number, contrast = 40, brightness = 128) =>
  (x: number, y: number) =>
    brightness + contrast * Math.sin((2 * Math.PI * x) / period) * Math.sin((2 * Math.PI * y) / period);

describe('cropAppearance', () => {
  it('knows the brightness, whatever the normalisation', () => {
    expect(look(() => 90).brightness).toBeCloseTo(90, 3);
  });

  it('looks at the face and not at what is around it', () => {
    const { left, top, width } = TEMPLATES.arcface.face;
    const around = (x: number, y: number) => x < left || x >= left + width || y < top || y >= top + width * 1.125;
    expect(look((x, y) => (around(x, y) ? 255 : 60)).brightness).toBeCloseTo(60, 3);
  });

  it('knows the contrast', () => {
    expect(look((x) => (x < 56 ? 100 : 140)).contrast).toBeCloseTo(20, 3);
  });

  it('knows how evenly the halves are lit, from either side', () => {
    expect(look((x) => (x < 56 ? 40 : 160)).evenness).toBeCloseTo(0.25, 3);
    expect(look((x) => (x < 56 ? 160 : 40)).evenness).toBeCloseTo(0.25, 3);
    expect(look(() => 77).evenness).toBeCloseTo(1, 3);
    expect(look(() => 0).evenness).toBe(0);
  });

  it('calls finer detail sharper, whatever its contrast and brightness', () => {
    const sharpness = [60, 40, 28, 20].map((period) => look(pattern(period)).sharpness);
    expect(sharpness).toEqual(sharpness.toSorted((a, b) => a - b));
    expect(sharpness[3]! / sharpness[0]!).toBeGreaterThan(4);
    expect(look(pattern(28, 5, 40)).sharpness).toBeCloseTo(sharpness[2]!, 3);
  });

  it('takes sensor noise for no detail', () => {
    const random = randomNumbers(5);
    const soft = pattern(60);
    const clean = look(soft).sharpness;
    expect(look((x, y) => soft(x, y) + 12 * (random() - 0.5)).sharpness).toBeLessThan(1.3 * clean);
  });

  it('sees nothing sharp in a plain surface', () => {
    expect(look(() => 128)).toEqual({
      brightness: expect.closeTo(128, 3),
      contrast: expect.closeTo(0, 2),
      evenness: expect.closeTo(1, 3),
      sharpness: 0,
    });
  });

  it('is the same in the crop of another embedder, where the face is larger', () => {
    const larger = 96 / 64;
    const { face: small } = TEMPLATES.arcface;
    const { face: large } = TEMPLATES.dlib;
    const base = pattern(28);
    const scaled = (x: number, y: number) =>
      base((x - large.left) / larger + small.left, (y - large.top) / larger + small.top);
    expect(look(scaled, 'dlib').sharpness).toBeCloseTo(look(base).sharpness, 1);
  });
});
