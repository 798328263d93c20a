import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairLevel, shareAt } from '../../pipeline/fair-share.ts';
import { type CameraLoad, RateGovernor } from '../../pipeline/rate-governor.ts';

const LOOK_S = 2;

/** Networks that do `capacity` frames a second for cameras that take turns, as a pool that serves one after the other does. */
function simulate(o: {
  fps: readonly number[];
  capacity: (look: number) => number;
  looks: number;
  minFps?: number;
  least?: readonly number[];
}) {
  const governor = new RateGovernor({ minFps: o.minFps ?? 1 });
  const leastOf = (i: number) => Math.max(o.minFps ?? 1, o.least?.[i] ?? 0);
  const levels: (number | null)[] = [];
  const analysed: number[][] = [];
  for (let look = 0; look < o.looks; look += 1) {
    const offered = o.fps.map((fps, i) => governor.rateFor({ fps, leastFps: leastOf(i) }));
    const turns = offered.map((wanted) => ({ wanted, least: 0 }));
    const level = fairLevel(turns, o.capacity(look));
    const done = turns.map((each) => shareAt(level, each));
    const loads = o.fps.map(
      (fps, i): CameraLoad => ({
        fps,
        leastFps: leastOf(i),
        received: fps * LOOK_S,
        analysed: done[i]! * LOOK_S,
        busy: (offered[i]! - done[i]!) * LOOK_S,
      }),
    );
    governor.look(loads, LOOK_S);
    levels.push(governor.level);
    analysed.push(done);
  }
  return { governor, levels, analysed };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('RateGovernor', () => {
  it('holds nobody back while the networks keep up', () => {
    const { levels, governor } = simulate({ fps: [5, 5, 5], capacity: () => 16, looks: 50 });
    expect(new Set(levels)).toEqual(new Set([null]));
    expect(governor.rateFor({ fps: 5, leastFps: 1 })).toBe(5);
  });

  it('takes no notice of an overload that passes within a look', () => {
    const { levels } = simulate({ fps: [5, 5], capacity: (look) => (look === 7 ? 2 : 20), looks: 20 });
    expect(levels.every((level) => level === null)).toBe(true);
  });

  it('goes to half where twice as much is asked for as can be done, within two looks', () => {
    const { levels } = simulate({ fps: Array(8).fill(5), capacity: () => 20, looks: 2 });
    expect(levels[0]).toBeNull();
    expect(levels[1]).toBeCloseTo(0.95 * 2.5, 6);
  });

  it('lets a camera that takes little be, and holds back the one that takes most', () => {
    const { governor } = simulate({ fps: [60, 5, 2], capacity: () => 20, looks: 2 });
    expect(governor.rateFor({ fps: 2, leastFps: 1 })).toBe(2);
    expect(governor.rateFor({ fps: 5, leastFps: 1 })).toBe(5);
    expect(governor.rateFor({ fps: 60, leastFps: 1 })).toBeCloseTo(0.95 * 20 - 7, 6);
  });

  it('goes no lower than the minimum, and not below what a camera needs', () => {
    const { governor } = simulate({ fps: [5, 5, 5], capacity: () => 1, looks: 30, minFps: 0.5, least: [2] });
    expect(governor.level).toBe(0.5);
    expect(governor.rateFor({ fps: 5, leastFps: 2 })).toBe(2);
    expect(governor.rateFor({ fps: 5, leastFps: 0.5 })).toBe(0.5);
    expect(governor.rateFor({ fps: 0.2, leastFps: 2 })).toBe(0.2);
  });

  it('rises step by step when there is room again, until nobody is held back', () => {
    const { levels } = simulate({ fps: Array(4).fill(5), capacity: (look) => (look < 4 ? 5 : 100), looks: 40 });
    const rising = levels.slice(4);
    const steps = rising.filter((level, i) => i > 0 && level !== rising[i - 1]);
    expect(steps.length).toBeGreaterThan(4);
    for (const [i, level] of rising.entries()) {
      const before = rising[i - 1];
      if (i > 0 && level !== null && before != null) expect(level / before).toBeLessThanOrEqual(1.2 + 1e-9);
    }
    expect(rising.at(-1)).toBeNull();
  });

  it('tries again the less often the more often a step up failed', () => {
    const { levels } = simulate({ fps: Array(8).fill(5), capacity: () => 20, looks: 200 });
    const above = levels.map((level) => level === null || level > 2.5 * 1.06);
    const trials = above.flatMap((is, i) => (is && !above[i - 1] ? [i] : []));
    const gaps = trials.slice(1).map((at, i) => at - trials[i]!);
    expect(gaps.length).toBeGreaterThan(2);
    for (const [i, gap] of gaps.entries()) if (i > 0) expect(gap).toBeGreaterThanOrEqual(gaps[i - 1]!);
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(16);
  });

  it('tries at once, not after a long wait, when there are fewer cameras', () => {
    const governor = new RateGovernor({ minFps: 1 });
    const load = (analysed: number, busy: number): CameraLoad => ({
      fps: 5,
      leastFps: 1,
      received: 10,
      analysed,
      busy,
    });
    const overloaded = Array.from({ length: 4 }, () => load(4, 6));
    const calm = (count: number) => Array.from({ length: count }, () => load(4, 0));
    // Several failed trials.
    for (let i = 0; i < 60; i += 1) {
      const level = governor.level;
      governor.look(level === null || level > 2.1 ? overloaded : calm(4), LOOK_S);
    }
    governor.look(calm(4), LOOK_S);
    const before = governor.level!;
    expect(before).toBeLessThan(2.1);
    for (let i = 0; i < 3; i += 1) governor.look(calm(1), LOOK_S);
    expect(governor.level).toBeGreaterThan(before);
  });

  const cameras = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 16 });

  it('converges: most of the capacity is used, shares are fair, and it never strays by more than a step', () => {
    fc.assert(
      fc.property(cameras, fc.double({ min: 0.2, max: 0.9, noNaN: true }), (fps, part) => {
        const capacity = part * fps.reduce((a, b) => a + b, 0);
        const minFps = 0.1;
        const { levels, analysed } = simulate({ fps, capacity: () => capacity, looks: 200, minFps });
        const settled = analysed.slice(40);
        const used = mean(settled.map((done) => done.reduce((a, b) => a + b, 0)));
        expect(used).toBeLessThanOrEqual(capacity + 1e-6);
        expect(used).toBeGreaterThan(0.75 * capacity);
        const fair = fairLevel(
          fps.map((wanted) => ({ wanted, least: minFps })),
          capacity,
        );
        for (const level of levels.slice(40)) {
          expect(level ?? Math.max(...fps)).toBeLessThanOrEqual(Math.max(...fps, fair * 1.2 * 1.2));
          if (level !== null) expect(level).toBeGreaterThan(fair / 2);
        }
        // Who wants as much gets as much.
        for (const done of settled) {
          for (const [i, share] of done.entries()) {
            for (const [j, other] of done.entries()) if (fps[i] === fps[j]) expect(share).toBeCloseTo(other, 6);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
