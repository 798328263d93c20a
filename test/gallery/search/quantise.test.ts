import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FULL_PRODUCT, quantisationError, quantise } from '../../../gallery/search/quantise.ts';

function unit(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

const direction = (width: number) =>
  fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: width, maxLength: width })
    .filter((values) => Math.hypot(...values) > 1e-3)
    .map(unit);

function products(a: Float32Array, b: Float32Array): { exact: number; quantised: number } {
  const [x, y] = [new Int16Array(a.length), new Int16Array(b.length)];
  quantise(a, x);
  quantise(b, y);
  return {
    exact: a.reduce((sum, value, i) => sum + value * (b[i] as number), 0),
    quantised: x.reduce((sum, value, i) => sum + value * (y[i] as number), 0),
  };
}

describe('quantising', () => {
  it.each([1, 7, 128, 512])('moves a product by no more than it says, width %i', (width) => {
    fc.assert(
      fc.property(direction(width), direction(width), (a, b) => {
        const { exact, quantised } = products(a, b);
        expect(Math.abs(exact - quantised / FULL_PRODUCT)).toBeLessThanOrEqual(quantisationError(width));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['one number alone', Array.from({ length: 512 }, (_, i) => (i === 0 ? -1 : 0))],
    ['all alike', Array.from({ length: 512 }, () => 1)],
    [
      'halves that all round away from zero',
      Array.from({ length: 512 }, (_, i) => (i % 2 ? 1 : -1) * (1448.5 / 32767)),
    ],
  ])('fits into 32 bits with itself and its opposite: %s', (_, values) => {
    const vector = unit(values);
    for (const sign of [1, -1]) {
      const { quantised } = products(
        vector,
        vector.map((value) => value * sign),
      );
      expect(quantised | 0).toBe(quantised);
      expect(Math.abs(quantised / FULL_PRODUCT - sign)).toBeLessThanOrEqual(quantisationError(512));
    }
  });
});
