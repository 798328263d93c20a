import { describe, expect, it } from 'vitest';
import { LetterboxedInput } from '../../../models/detectors/letterboxed-input.ts';

const session = {
  input: (dims: readonly number[]) => ({ dims, data: new Float32Array(dims.reduce((size, dim) => size * dim, 1)) }),
};
const spec = (size: [number, number] | null) => ({
  name: 'input',
  channelOrder: 'bgr' as const,
  mean: [10, 20, 30] as [number, number, number],
  std: [2, 2, 2] as [number, number, number],
  size,
});
/** One colour all over. */
const picture = (width: number, height: number) => {
  const data = new Uint8Array(width * height * 3).map((_, at) => [230, 120, 50][at % 3]!);
  return { width, height, format: 'rgb24' as const, data };
};

describe('LetterboxedInput', () => {
  it.each<[string, [number, number] | null, number[]]>([
    ['of any size', null, [1, 3, 96, 128]],
    ['of one size', [64, 64], [1, 3, 64, 64]],
  ])('fills the input of a network %s: normalised, in its channel order, padded', (_, size, dims) => {
    const padding = [-1, -2, -3] as const;
    const { input, boxed } = new LetterboxedInput(session, spec(size), { longestSide: 128, padding }).write(
      picture(256, 160),
    );
    expect(input.dims).toEqual(dims);
    const plane = dims[2]! * dims[3]!;
    const lastRow = (boxed.content.height - 1) * dims[3]!;
    for (const [p, value] of [(50 - 10) / 2, (120 - 20) / 2, (230 - 30) / 2].entries()) {
      expect(input.data[p * plane]).toBeCloseTo(value, 4);
      expect(input.data[p * plane + lastRow]).toBeCloseTo(value, 4);
      expect(input.data[p * plane + lastRow + dims[3]!]).toBe(padding[p]);
    }
  });

  it('keeps one tensor a shape, whatever the sizes of the pictures', () => {
    const into = new LetterboxedInput(session, spec(null), { longestSide: 128, padding: [0, 0, 0] });
    const first = into.write(picture(256, 192)).input;
    for (let width = 200; width < 240; width += 4) into.write(picture(width, (width * 3) / 4));
    expect(into.write(picture(256, 192)).input).toBe(first);
    expect(into.write(picture(192, 256)).input).not.toBe(first);
  });
});
