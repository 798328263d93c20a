import { describe, expect, it } from 'vitest';
import { BehindWatch } from '../../../sources/health/behind-watch.ts';

/** Five frames a second; `ageAt` of the time since the beginning. Gives the times at which it said to give up, seconds. */
function watched(o: {
  seconds: number;
  ageAt: (ms: number) => number | null;
  pts?: (ms: number, ageMs: number) => number | null;
  watch?: BehindWatch;
}) {
  const watch = o.watch ?? new BehindWatch({ random: () => 0.5 });
  const gaveUp: number[] = [];
  for (let ms = 0; ms < o.seconds * 1000; ms += 200) {
    const ageMs = o.ageAt(ms);
    if (ageMs === null) continue;
    const pts = o.pts ? o.pts(ms, ageMs) : 100 + (ms - ageMs) / 1000;
    if (watch.note({ ageMs, arrivedAtMs: 50_000 + ms, ptsSeconds: pts }) === null) continue;
    gaveUp.push(ms / 1000);
    watch.reconnected();
  }
  return gaveUp;
}

/** Young until `fromMs`, then nothing for `silenceMs`, then `ageMs`. */
function lateSince(fromMs: number, silenceMs: number, ms: number, ageMs: number): number | null {
  if (ms < fromMs) return 50;
  return ms < fromMs + silenceMs ? null : ageMs;
}

describe('BehindWatch', () => {
  it('gives a connection up when its pictures stay late, not at the first of them', () => {
    const [first] = watched({ seconds: 20, ageAt: (ms) => lateSince(5000, 4000, ms, 4000) });
    expect(first).toBeCloseTo(9 + 1.6, 1);
  });

  it('gives up what falls behind ever further, once it is 2.5 s late for a while', () => {
    const [first] = watched({ seconds: 20, ageAt: (ms) => ms / 2 });
    expect(first).toBeGreaterThan(6.4);
    expect(first).toBeLessThan(6.8);
  });

  it.each([
    ['young pictures', () => 300],
    ['late ones, but not that late', () => 2400],
    ['a hiccup of a second', (ms: number) => lateSince(5000, 4000, ms, ms < 10_000 ? 4000 : 50)],
    // Five times as fast as they were taken.
    [
      'a backlog that is worked off',
      (ms: number) => lateSince(5000, 10_000, ms, Math.max(50, 10_000 - 4 * (ms - 15_000))),
    ],
  ] as [string, (ms: number) => number | null][])('has patience with %s', (_, ageAt) => {
    expect(watched({ seconds: 60, ageAt })).toEqual([]);
  });

  it('does not wait for a backlog of a minute to be worked off', () => {
    expect(
      watched({ seconds: 68, ageAt: (ms) => lateSince(5000, 60_000, ms, 60_000 - 3 * (ms - 65_000)) }),
    ).toHaveLength(1);
  });

  it('tries it the less often the less it helps', () => {
    const gaveUp = watched({ seconds: 3000, ageAt: () => 5000 });
    const gaps = gaveUp.slice(1).map((at, i) => Math.round(at - gaveUp[i]!));
    expect(gaps).toEqual([30, 60, 120, 240, 480, 960, 960]);
  });

  it('does not go by ages that are a guess, for a while after timestamps went backwards', () => {
    // Set back by an hour after a silence of 4 s: for 3 s as old as what was before, and that silence.
    const ageAt = (ms: number) => lateSince(5000, 4000, ms, ms < 12_000 ? 4000 : 50);
    const pts = (ms: number) => (ms < 9000 ? 5000 + ms / 1000 : 1000 + ms / 1000);
    expect(watched({ seconds: 60, ageAt, pts })).toEqual([]);
    expect(watched({ seconds: 60, ageAt, pts: (ms) => 5000 + ms / 1000 })).toHaveLength(1);
  });

  it('lets cameras that fell behind together go apart', () => {
    const gaveUp = [0, 0.999].map((random) =>
      watched({ seconds: 100, ageAt: () => 5000, watch: new BehindWatch({ random: () => random }) }),
    );
    expect(gaveUp[0]![0]).toBe(gaveUp[1]![0]);
    expect(gaveUp[1]![1]! - gaveUp[0]![1]!).toBeCloseTo(12, 0);
  });

  it('begins anew when the camera has been up to date for five minutes', () => {
    const watch = new BehindWatch({ random: () => 0.5 });
    const ageAt = (ms: number) => (ms < 20_000 || ms >= 340_000 ? 4000 : 50);
    expect(watched({ seconds: 380, ageAt, watch })).toHaveLength(3);
    const notLongEnough = (ms: number) => (ms < 20_000 || (ms >= 300_000 && ms < 305_000) || ms >= 310_000 ? 4000 : 50);
    // After the one at 302 s a minute has to pass.
    expect(watched({ seconds: 350, ageAt: notLongEnough })).toHaveLength(2);
  });

  it.each([
    ['are missing', () => null],
    ['stand still', () => 7],
    ['go backwards', (ms: number) => 1000 - ms / 1000],
  ] as [string, (ms: number) => number | null][])('says nothing where timestamps %s', (_, pts) => {
    expect(watched({ seconds: 60, ageAt: () => 5000, pts })).toEqual([]);
  });
});
