import { describe, expect, it } from 'vitest';
import { Turns } from '../../../server/cameras/turns.ts';

/** The shortest way round the circle between any two. */
function nearest(turns: readonly number[]): number {
  const sorted = [...turns].sort((a, b) => a - b);
  return Math.min(...sorted.map((turn, i) => (i === 0 ? 1 - sorted.at(-1)! : -sorted[i - 1]!) + turn));
}

function take(turns: Turns, count: number) {
  return Array.from({ length: count }, () => turns.take());
}

describe('the turns of cameras', () => {
  it.each([1, 2, 3, 4, 5, 8, 13, 16])('of %i lie at least half as far apart as they could', (count) => {
    const at = take(new Turns(), count).map((turn) => turn.at);
    expect(at.every((turn) => turn >= 0 && turn < 1)).toBe(true);
    expect(nearest(at)).toBeGreaterThan(0.499 / count);
  });

  it('of as many as a power of two lie evenly', () => {
    expect(nearest(take(new Turns({ first: 0.3 }), 8).map(({ at }) => at))).toBeCloseTo(1 / 8);
  });

  it.each([1, 3, 5, 7])(
    'of %i that are known from the start lie evenly, and those that come later between them',
    (count) => {
      const turns = new Turns({ cameras: count, first: 0.9 });
      const at = take(turns, count).map((turn) => turn.at);
      if (count > 1) expect(nearest(at)).toBeCloseTo(1 / count);
      expect(nearest([...at, turns.take().at])).toBeCloseTo(0.5 / count);
    },
  );

  it('stay while others leave, whose place is the next one’s', () => {
    const turns = new Turns({ first: 0 });
    const [, second, third] = take(turns, 3);
    const before = third!.at;
    second!.leave();
    second!.leave();
    expect(third!.at).toBe(before);
    // 0 and 0.25 are taken.
    expect(turns.take().at).toBe(0.625);
  });

  it('of two programs begin anywhere', () => {
    expect(new Turns().take().at).not.toBe(new Turns().take().at);
  });
});
