import { describe, expect, it } from 'vitest';
import { unitVector } from '../../../models/embedders/unit-vector.ts';

describe('unitVector', () => {
  it('has length 1, keeps the direction, tells the norm and leaves its input alone', () => {
    const values = Float32Array.of(3, 0, 4);
    const { vector, norm } = unitVector(values);
    expect(norm).toBe(5);
    expect([...vector!]).toEqual([expect.closeTo(0.6, 6), 0, expect.closeTo(0.8, 6)]);
    expect([...values]).toEqual([3, 0, 4]);
  });

  it.each([
    ['zeros', [0, 0, 0]],
    ['a value that is not a number', [1, Number.NaN, 1]],
    ['an infinite value', [1, Number.POSITIVE_INFINITY, 1]],
    ['nothing', []],
  ])('has no direction for %s', (_, values) => {
    expect(unitVector(Float32Array.from(values)).vector).toBeNull();
  });
});
