import { describe, expect, it } from 'vitest';
import { Turns } from '../../../server/cameras/turns.ts';

/** The shortest way round the circle between any two. */
function nearest(turns: readonly number[]): number {
  const sorted = [...turns].sort((a, b) => a - b);
  return Math.min(...sorted.map((turn, i) => (i === 0 ? 1 - sorted.at(-1)! : -sorted[i - 1]!) + turn));
}

/** One after the other. */
function take(turns: Turns, count: number): number[] {
  return Array.from({ length: count }, () => turns.join().at());
}

/** All are there before the first one connects. */
function takeTogether(turns: Turns, count: number): number[] {
  return Array.from({ length: count }, () => turns.join()).map((turn) => turn.at());
}

describe('the turns of cameras', () => {
  it.each([1, 2, 3, 4, 5, 8, 13, 16])(
    'of %i that come one by one lie at least half as far apart as they could',
    (count) => {
      const at = take(new Turns(), count);
      expect(at.every((turn) => turn >= 0 && turn < 1)).toBe(true);
      expect(nearest(at)).toBeGreaterThan(0.499 / count);
    },
  );

  it.each([2, 3, 5, 7])('of %i that start together lie evenly, and one that comes later between them', (count) => {
    const turns = new Turns({ first: 0.9 });
    const at = takeTogether(turns, count);
    expect(nearest(at)).toBeCloseTo(1 / count);
    expect(nearest([...at, turns.join().at()])).toBeCloseTo(0.5 / count);
  });

  it('stay as they are once they are decided', () => {
    const turns = new Turns({ first: 0.25 });
    const turn = turns.join();
    expect(turn.at()).toBe(0.25);
    take(turns, 3);
    expect(turn.at()).toBe(0.25);
  });

  it('stay while others leave, whose place is the next one’s', () => {
    const turns = new Turns({ first: 0 });
    const [, second, third] = [turns.join(), turns.join(), turns.join()].map((turn) => ({ turn, at: turn.at() }));
    second!.turn.leave();
    second!.turn.leave();
    expect(third!.turn.at()).toBe(third!.at);
    // From 0 to two thirds is widest.
    expect(turns.join().at()).toBeCloseTo(1 / 3);
  });

  it('of two programs begin anywhere, and of one where they began', () => {
    expect(new Turns().join().at()).not.toBe(new Turns().join().at());
    const turns = new Turns();
    const only = turns.join();
    const at = only.at();
    only.leave();
    expect(turns.join().at()).toBe(at);
  });
});
