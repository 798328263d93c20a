import { describe, expect, it } from 'vitest';
import { Turns } from '../../../server/cameras/turns.ts';

/** The shortest way round the circle between any two. */
function nearest(turns: readonly number[]): number {
  const sorted = [...turns].sort((a, b) => a - b);
  return Math.min(...sorted.map((turn, i) => (i === 0 ? 1 - sorted.at(-1)! : -sorted[i - 1]!) + turn));
}

describe('the turns of cameras', () => {
  it.each([2, 3, 4, 5, 8, 13])('of %i lie well apart', (count) => {
    const turns = new Turns();
    const at = Array.from({ length: count }, () => turns.take().at);
    expect(at.every((turn) => turn >= 0 && turn < 1)).toBe(true);
    expect(nearest(at)).toBeGreaterThan(0.38 / count);
  });

  it('are given to the next one when a camera leaves, once', () => {
    const turns = new Turns(0.5);
    const [, second, third] = [turns.take(), turns.take(), turns.take()];
    second!.leave();
    second!.leave();
    const next = [turns.take().at, turns.take().at];
    expect(next[0]).toBe(second!.at);
    expect([0.5, second!.at, third!.at]).not.toContain(next[1]);
  });

  it('of two programs begin anywhere', () => {
    expect(new Turns().take().at).not.toBe(new Turns().take().at);
  });
});
