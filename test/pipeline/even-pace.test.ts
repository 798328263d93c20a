import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EvenPace } from '../../pipeline/even-pace.ts';

function turns(fps: number, arrivals: readonly number[]): number[] {
  const pace = new EvenPace();
  return arrivals.filter((atMs) => pace.isDue(atMs, fps));
}

/** Frames at `fps` with up to `jitterMs` of lateness each. */
const arriving = (fps: number, count: number, lateness: readonly number[] = []) =>
  Array.from({ length: count }, (_, i) => 1000 + (i * 1000) / fps + (lateness[i % lateness.length] ?? 0));

describe('EvenPace', () => {
  it('spreads 3 of 5 over the second, not 3 in a row', () => {
    expect(turns(3, arriving(5, 11)).map((ms) => ms - 1000)).toEqual([0, 400, 800, 1000, 1400, 1800, 2000]);
  });

  it('gives every frame its turn where as many come, and all where fewer do', () => {
    expect(turns(5, arriving(5, 50))).toHaveLength(50);
    expect(turns(5, arriving(2, 50))).toHaveLength(50);
  });

  it('begins anew after a silence: what was missed is not made up for in a burst', () => {
    expect(turns(1, [0, 10_000, 10_100, 10_200, 11_000])).toEqual([0, 10_000, 11_000]);
  });

  it('keeps the rate on the average, and no gap is longer than the interval and one frame', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 5, noNaN: true }),
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 7 }),
        (fps, lateness) => {
          const taken = turns(fps, arriving(5, 500, lateness));
          expect(Math.abs(taken.length - fps * 100)).toBeLessThanOrEqual(0.02 * fps * 100 + 2);
          for (const [i, atMs] of taken.entries()) {
            if (i > 0) expect(atMs - taken[i - 1]!).toBeLessThanOrEqual(1000 / fps + 200 + 2 * 60 + 1e-6);
          }
        },
      ),
    );
  });
});
