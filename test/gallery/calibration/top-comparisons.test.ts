import { describe, expect, it } from 'vitest';
import { TopComparisons } from '../../../gallery/calibration/top-comparisons.ts';
import { randomNumbers } from '../../support/random-numbers.ts';

describe('TopComparisons', () => {
  it.each([
    ['fewer than it keeps', 50],
    ['more than it has room for, many times over', 10_000],
  ])('gives the most similar of %s, descending, each with its subjects', (_, count) => {
    const random = randomNumbers(2);
    const top = new TopComparisons(100, count);
    const all = Array.from({ length: count }, (_, i) => ({
      similarity: Math.fround(2 * random() - 1),
      a: i,
      b: count + i,
    }));
    for (const { similarity, a, b } of all) top.add(similarity, a, b);
    const { similarity, a, b } = top.sorted();
    const best = all.sort((x, y) => y.similarity - x.similarity).slice(0, 100);
    expect(similarity.length).toBeGreaterThanOrEqual(best.length);
    expect([...similarity.subarray(0, best.length)]).toEqual(best.map((one) => one.similarity));
    expect([...a.subarray(0, best.length)]).toEqual(best.map((one) => one.a));
    expect([...b.subarray(0, best.length)]).toEqual(best.map((one) => one.b));
  });

  it('tells from where on it may have forgotten something', () => {
    const top = new TopComparisons(2, 10);
    for (const similarity of [0.1, 0.2, 0.3, 0.4]) top.add(similarity, 0, 1);
    expect(top.floor).toBe(Number.NEGATIVE_INFINITY);
    top.add(0.5, 0, 1);
    expect(top.floor).toBeCloseTo(0.3, 6);
    expect([...top.sorted().similarity].map((value) => value.toFixed(1))).toEqual(['0.5', '0.4', '0.3']);
  });

  it('holds both ends of the scale', () => {
    const top = new TopComparisons(10, 2);
    top.add(-1, 1, 2);
    top.add(1, 3, 4);
    expect([...top.sorted().a]).toEqual([3, 1]);
  });
});
