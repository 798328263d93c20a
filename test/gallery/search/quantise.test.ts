import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundOf, LANES_OF_SUM, laneOf, quantiseProbe, quantiseRow } from '../../../gallery/search/quantise.ts';

function unit(values: readonly number[]): Float32Array {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

/** Also such as have nearly all their length in a few numbers: there scales and errors are at their worst. */
const direction = (width: number) =>
  fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: fc.double({ min: -1, max: 1, noNaN: true }) },
        { weight: 1, arbitrary: fc.constantFrom(0, 1e-6, -40, 40) },
      ),
      { minLength: width, maxLength: width },
    )
    .filter((values) => Math.hypot(...values) > 1e-3)
    .map(unit);

const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0);

function laneSums(a: Int8Array, b: Int8Array): number[] {
  const sums = new Array<number>(LANES_OF_SUM).fill(0);
  for (const [i, value] of a.entries()) sums[laneOf(i)]! += value * (b[i] as number);
  return sums;
}

describe('quantising', () => {
  it.each([1, 7, 128, 512])('never takes a row for less similar than it is, width %i', (width) => {
    fc.assert(
      fc.property(direction(width), direction(width), (x, p) => {
        const [row, probe] = [quantiseRow(x), quantiseProbe(p)];
        const { factor, least } = boundOf(probe);
        const value = dot(row.numbers, probe.numbers) / row.scale + row.error * factor;
        // Any floor that the true similarity exceeds must let the row pass.
        expect(value).toBeGreaterThan(least(dot(x, p) - 1e-9));
      }),
      { numRuns: 150 },
    );
  });

  it.each([7, 128, 512])('says how far it moved a vector, width %i', (width) => {
    fc.assert(
      fc.property(direction(width), (x) => {
        for (const { numbers, scale, error } of [quantiseRow(x), quantiseProbe(x)]) {
          expect(Math.hypot(...Array.from(x, (value, i) => value - (numbers[i] as number) / scale))).toBeCloseTo(
            error,
            9,
          );
        }
      }),
      { numRuns: 40 },
    );
  });

  it('is near enough that few rows of a large gallery need a second look', () => {
    const even = unit(Array.from({ length: 512 }, (_, i) => Math.sin(i * 12.9898) + Math.sin(i * 78.233)));
    expect(quantiseRow(even).error).toBeLessThan(0.02);
    expect(quantiseProbe(even).error).toBeLessThan(0.02);
  });

  it.each([
    ['one number alone', Array.from({ length: 512 }, (_, i) => (i === 0 ? -1 : 0))],
    ['all alike', Array.from({ length: 512 }, () => 1)],
    ['one pair', Array.from({ length: 512 }, (_, i) => (i < 2 ? 1 : 0))],
    ['one lane', Array.from({ length: 512 }, (_, i) => (laneOf(i) === 3 ? 1 : 0))],
  ])('keeps every sum within 16 bits, and rows within seven: %s', (_, values) => {
    const vector = unit(values);
    const opposite = vector.map((value) => -value);
    const row = quantiseRow(vector);
    expect(Math.max(...row.numbers.map(Math.abs))).toBeLessThanOrEqual(63);
    for (const probe of [quantiseProbe(vector), quantiseProbe(opposite)]) {
      for (const sum of laneSums(row.numbers, probe.numbers)) expect((sum << 16) >> 16).toBe(sum);
    }
  });

  it('keeps every sum within 16 bits for any two vectors', () => {
    fc.assert(
      fc.property(direction(64), direction(64), (x, p) => {
        const [row, probe] = [quantiseRow(x), quantiseProbe(p)];
        for (const sum of laneSums(row.numbers, probe.numbers)) expect((sum << 16) >> 16).toBe(sum);
      }),
      { numRuns: 200 },
    );
  });
});
