import { describe, expect, it } from 'vitest';
import { StreamAge } from '../../../sources/health/stream-age.ts';

/** Frames of a 5 fps camera, arriving `delayMs` after they were taken; returns their ages. */
function ages(frames: readonly (readonly [ptsMs: number, arrivedMs: number])[], age = new StreamAge()): number[] {
  return frames.map(([pts, arrived]) => Math.round(age.of(pts / 1000, arrived)));
}
const steady = (from: number, count: number, delayMs = 100, ptsOffset = 0) =>
  Array.from({ length: count }, (_, i) => [from + i * 200 + ptsOffset, from + i * 200 + delayMs] as const);

describe('the age of a frame on arrival', () => {
  it('is zero while frames come as they are taken', () => {
    expect(new Set(ages(steady(0, 50)))).toEqual(new Set([0]));
  });

  it('is what a frame came later than the fastest', () => {
    expect(
      ages([
        [0, 1000],
        [200, 1230],
        [400, 1390],
        [600, 1600],
      ]),
    ).toEqual([0, 30, 0, 10]);
  });

  it('is old for the whole backlog of a reader that was paused for 10 s', () => {
    const before = steady(0, 25);
    // Frames taken from 5 s on arrive together at 15.1 s; the last of them was taken at 15 s.
    const backlog = Array.from({ length: 51 }, (_, i) => [5000 + i * 200, 15_100 + i] as const);
    const got = ages([...before, ...backlog]).slice(25);
    expect(got[0]).toBe(10_000);
    expect(got[25]).toBe(5025);
    for (const [i, [pts]] of backlog.entries()) expect(got[i]).toBeGreaterThanOrEqual(15_000 - pts);
    expect(got.at(-1)).toBe(50);
  });

  it('finds its measure when the first frames came late', () => {
    const late = [
      [0, 1500],
      [200, 1501],
      [400, 1502],
      [1500, 1600],
    ] as const;
    expect(ages([...late, [1700, 1830]])).toEqual([0, 0, 0, 0, 30]);
  });

  it('follows two clocks that drift apart', () => {
    // The camera's clock is 100 ppm slow for an hour: 360 ms in sum.
    const age = new StreamAge();
    let worst = 0;
    for (let i = 0; i < 18_000; i += 1) worst = Math.max(worst, age.of((i * 200 * 0.9999) / 1000, i * 200));
    expect(worst).toBeLessThan(35);
  });

  it('is zero again soon after the camera’s clock jumped back', () => {
    const age = new StreamAge();
    ages(steady(60_000, 20), age);
    const after = ages(steady(64_000, 40, 100, -60_000), age);
    expect(Math.max(...after)).toBeLessThanOrEqual(200);
    expect(after.slice(16)).toEqual(Array(24).fill(0));
  });

  it('is zero again at once after the camera’s clock jumped forward', () => {
    const age = new StreamAge();
    ages(steady(0, 20), age);
    expect(new Set(ages(steady(4000, 20, 100, 3_600_000), age))).toEqual(new Set([0]));
  });

  it.each([
    ['back', -3_000_000],
    ['forward', 3_000_000],
  ])('does not make a backlog look new when the clock jumps %s inside it', (_, jump) => {
    const age = new StreamAge();
    ages(steady(4_000_000, 25), age);
    const frames = Array.from({ length: 50 }, (__, i) => {
      const taken = 4_005_000 + i * 200;
      return [taken + (i >= 20 ? jump : 0), 4_015_100 + i, taken] as const;
    });
    for (const [pts, arrived, taken] of frames) {
      expect(age.of(pts / 1000, arrived)).toBeGreaterThanOrEqual(4_015_000 - taken - 300);
    }
  });

  it('is that of a backlog also after a silence that outlives the window', () => {
    const age = new StreamAge();
    ages(steady(0, 25), age);
    const backlog = Array.from({ length: 10 }, (_, i) => [5000 + i * 200, 365_100 + i] as const);
    for (const [i, got] of ages(backlog, age).entries()) expect(got).toBe(360_000 - i * 199);
  });

  it('is zero after a silence that outlives the window, when the camera’s clock ran on', () => {
    const age = new StreamAge();
    ages(steady(0, 25), age);
    expect(new Set(ages(steady(365_000, 25), age))).toEqual(new Set([0]));
  });

  it('is zero where the stream carries no timestamps', () => {
    const age = new StreamAge();
    expect(age.of(null, 1)).toBe(0);
    expect(age.of(Number.NaN, 2)).toBe(0);
    expect(age.of(0, 3)).toBe(0);
  });
});

describe('whether the ages can be trusted', () => {
  const settledAt = (frames: readonly (readonly [number, number])[], age = new StreamAge()) =>
    frames.map(([pts, arrived]) => {
      age.of(pts / 1000, arrived);
      return age.isSettled(arrived);
    });

  it('shows a second after the first frame', () => {
    expect(settledAt(steady(0, 7))).toEqual([false, false, false, false, false, true, true]);
  });

  it('does not show while the pictures of the last seconds come in a burst, nor for a second after it', () => {
    // 40 pictures of the 8 s before the connection within 0.4 s, then live.
    const burst = Array.from({ length: 40 }, (_, i) => [i * 200, 8000 + i * 10] as const);
    const live = steady(8600, 10, 0);
    expect(new Set(settledAt(burst))).toEqual(new Set([false]));
    expect(settledAt([...burst, ...live]).slice(40)).toEqual([...Array(5).fill(false), ...Array(5).fill(true)]);
  });

  it('shows all the same where frames jitter and clocks drift', () => {
    const frames = Array.from({ length: 300 }, (_, i) => [i * 199.9, i * 200 + ((i * 37) % 60)] as const);
    expect(new Set(settledAt(frames).slice(6))).toEqual(new Set([true]));
  });

  it('is in doubt again when the camera’s clock jumps', () => {
    const age = new StreamAge();
    settledAt(steady(60_000, 20), age);
    expect(settledAt(steady(64_000, 7, 100, -60_000), age)).toEqual([...Array(5).fill(false), true, true]);
  });

  it('never shows where the stream carries no timestamps', () => {
    const age = new StreamAge();
    for (let at = 0; at < 60_000; at += 200) expect([age.of(null, at), age.isSettled(at)]).toEqual([0, false]);
    expect(age.of(60, 60_000)).toBe(0);
    expect(age.isSettled(60_000)).toBe(false);
    age.of(61, 61_000);
    expect(age.isSettled(61_000)).toBe(true);
  });

  it('does not show while timestamps go backwards again and again, and no age is added up meanwhile', () => {
    const age = new StreamAge();
    const backwards = Array.from({ length: 300 }, (_, i) => [600_000 - i * 200, i * 200] as const);
    const got = backwards.map(([pts, arrived]) => [age.of(pts / 1000, arrived), age.isSettled(arrived)] as const);
    expect(got.slice(1).every(([, settled]) => !settled)).toBe(true);
    expect(Math.max(...got.map(([ms]) => ms))).toBeLessThanOrEqual(400);
    expect(Math.min(...got.map(([ms]) => ms))).toBe(0);
  });

  it.each([
    ['back', -3_600_000],
    ['forward', 3_600_000],
  ])('shows again within seconds after the clock was set %s by an hour', (_, step) => {
    const age = new StreamAge();
    settledAt(steady(10_000_000, 20), age);
    const after = settledAt(steady(10_004_000, 30, 100, step), age);
    expect(after.slice(10)).toEqual(Array(20).fill(true));
    expect(Math.max(...ages(steady(10_010_000, 10, 100, step), age))).toBeLessThanOrEqual(200);
  });
});
