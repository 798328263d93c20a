import { describe, expect, it } from 'vitest';
import { watchEventRetention } from '../../access/event-retention.ts';
import { AppError } from '../../config/app-error.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HOUR = 3_600_000;

/** A log with so many events too old, of which removing one takes so long. */
function rig(o: { tooOld?: number; msForEach?: number } = {}) {
  const clock = new VirtualClock();
  const asked: { most: number; byAge: boolean }[] = [];
  let due: { ms: number; work: () => void } | null = null;
  let left = o.tooOld ?? 0;
  let failure: Error | null = null;
  const log = recordedLog();
  const end = watchEventRetention({
    events: {
      prune(most, { byAge }) {
        asked.push({ most, byAge });
        if (failure) throw failure;
        const removed = Math.min(most, left);
        left -= removed;
        clock.advance(removed * (o.msForEach ?? 0.01));
        return removed;
      },
    },
    clock,
    log,
    timer(ms, work) {
      due = { ms, work };
      return () => {
        due = null;
      };
    },
  });
  return {
    clock,
    asked,
    log,
    end,
    left: () => left,
    fail: (error: Error | null) => {
      failure = error;
    },
    /** Milliseconds that were waited. */
    step() {
      const { ms, work } = due!;
      clock.advance(ms);
      work();
      return ms;
    },
    isWaiting: () => due !== null,
  };
}

describe('watchEventRetention', () => {
  it('removes step by step with pauses between, then looks once a minute', () => {
    const { step, left } = rig({ tooOld: 1000 });
    const waits = [];
    while (left() > 0) waits.push(step());
    expect(waits.length).toBeGreaterThan(2);
    expect(new Set(waits)).toEqual(new Set([25]));
    expect([step(), step()]).toEqual([60_000, 60_000]);
  });

  it.each([
    ['quick', 0.01, 512, 4096],
    ['slow', 1, 8, 8],
  ])('takes larger or smaller steps on a %s disk, so that each takes milliseconds', (_, msForEach, least, most) => {
    const { step, asked } = rig({ tooOld: 1e6, msForEach });
    for (let i = 0; i < 20; i += 1) step();
    const last = asked.at(-1)!.most;
    expect(last).toBeGreaterThanOrEqual(least);
    expect(last).toBeLessThanOrEqual(most);
    expect(last * msForEach).toBeLessThanOrEqual(10);
  });

  it.each([
    ['forwards', 100 * 24 * HOUR],
    ['backwards', -2 * HOUR],
  ])('removes nothing for its age for an hour after somebody set the clock %s', (_, by) => {
    const { clock, step, asked } = rig();
    step();
    clock.stepWall(by);
    for (let i = 0; i < 59; i += 1) step();
    expect(asked.map(({ byAge }) => byAge)).toEqual([true, ...Array.from({ length: 59 }, () => false)]);
    for (let i = 0; i < 3; i += 1) step();
    expect(asked.at(-1)?.byAge).toBe(true);
  });

  it('says once that it cannot, goes on trying, and ends', () => {
    const { fail, step, log, asked, end, isWaiting } = rig();
    fail(new AppError('EVENT_LOG_UNAVAILABLE', 'disk full'));
    for (let i = 0; i < 3; i += 1) step();
    expect(asked).toHaveLength(3);
    expect(JSON.stringify(log).match(/old events could not be removed/g)).toHaveLength(1);
    fail(null);
    step();
    expect(asked).toHaveLength(4);
    end();
    expect(isWaiting()).toBe(false);
  });
});
