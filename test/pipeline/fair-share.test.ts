import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Demand, fairLevel, shareAt } from '../../pipeline/fair-share.ts';

const demand = fc
  .tuple(fc.double({ min: 0.1, max: 60, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([wanted, share]): Demand => ({ wanted, least: wanted * share * 0.3 }));
const demands = fc.array(demand, { minLength: 1, maxLength: 20 });
const sum = (shares: readonly number[]) => shares.reduce((a, b) => a + b, 0);

describe('fairLevel', () => {
  it.each([
    ['everybody alike', [5, 5, 5, 5], 10, [2.5, 2.5, 2.5, 2.5]],
    ['one that wants little keeps it', [1, 5, 5], 7, [1, 3, 3]],
    ['one that wants all gets what the others leave', [60, 5, 5], 40, [30, 5, 5]],
  ])('shares between %s', (_, wanted, capacity, shares) => {
    const all = wanted.map((each) => ({ wanted: each, least: 0 }));
    const level = fairLevel(all, capacity);
    expect(all.map((each) => shareAt(level, each))).toEqual(shares);
  });

  it('keeps to the least that a camera needs, at the cost of those that have more', () => {
    const door = { wanted: 5, least: 2 };
    const other = { wanted: 5, least: 1 };
    const level = fairLevel([door, other, other], 4.5);
    expect([door, other, other].map((each) => shareAt(level, each))).toEqual([2, 1.25, 1.25]);
  });

  it('shares out the whole capacity and no more, unless all have what they want or the least of all is more', () => {
    fc.assert(
      fc.property(demands, fc.double({ min: 0.1, max: 300, noNaN: true }), (all, capacity) => {
        const given = sum(all.map((each) => shareAt(fairLevel(all, capacity), each)));
        const wanted = sum(all.map((each) => each.wanted));
        const least = sum(all.map((each) => each.least));
        expect(given).toBeCloseTo(Math.max(least, Math.min(wanted, capacity)), 6);
      }),
    );
  });

  it('is max–min fair: who gets less than another has what they want, or the other has its least', () => {
    fc.assert(
      fc.property(demands, fc.double({ min: 0.1, max: 300, noNaN: true }), (all, capacity) => {
        const level = fairLevel(all, capacity);
        for (const one of all) {
          for (const other of all) {
            if (shareAt(level, one) >= shareAt(level, other) - 1e-9) continue;
            const has = shareAt(level, one) >= one.wanted - 1e-9;
            const must = shareAt(level, other) <= other.least + 1e-9;
            expect(has || must).toBe(true);
          }
        }
      }),
    );
  });
});
