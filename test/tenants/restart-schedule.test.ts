import { describe, expect, it } from 'vitest';
import { RestartSchedule, STEADY_MS } from '../../tenants/restart-schedule.ts';

describe('RestartSchedule', () => {
  it('tries three times at once or soon, then after ten seconds, then each minute', () => {
    const schedule = new RestartSchedule();
    expect([1, 2, 3, 4, 5, 6].map((ms) => schedule.ended(ms))).toEqual([
      { delayMs: 0, isLoop: false },
      { delayMs: 500, isLoop: false },
      { delayMs: 500, isLoop: false },
      { delayMs: 10_000, isLoop: true },
      { delayMs: 60_000, isLoop: true },
      { delayMs: 60_000, isLoop: true },
    ]);
  });

  it('begins anew after one that was ready for a while, and not after one that was ready for a moment', () => {
    const schedule = new RestartSchedule();
    for (let i = 0; i < 4; i++) schedule.ended(0);
    schedule.ready(1000);
    expect(schedule.ended(1000 + STEADY_MS - 1)).toEqual({ delayMs: 60_000, isLoop: true });
    schedule.ready(200_000);
    expect(schedule.ended(200_000 + STEADY_MS)).toEqual({ delayMs: 0, isLoop: false });
    // That it was ready once does not count for its successor.
    expect(schedule.ended(500_000)).toEqual({ delayMs: 500, isLoop: false });
  });

  it('begins anew where somebody has changed something', () => {
    const schedule = new RestartSchedule();
    for (let i = 0; i < 5; i++) schedule.ended(0);
    schedule.forget();
    expect(schedule.ended(0)).toEqual({ delayMs: 0, isLoop: false });
  });
});
