import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LastSeen } from '../../gallery/last-seen.ts';
import { recordedLog } from '../support/recorded-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('leaves a database in peace for a minute that did not take who was seen', () => {
  const write = vi.fn<(moments: ReadonlyMap<string, number>) => void>();
  const lastSeen = new LastSeen({ write, log: recordedLog() });
  write.mockImplementationOnce(() => {
    throw new Error('database is locked');
  });
  lastSeen.note('ada', 1000, null);
  vi.advanceTimersByTime(1000);
  expect(write).toHaveBeenCalledTimes(1);
  for (let second = 2; second < 60; second += 1) {
    lastSeen.note('ada', second * 1000, null);
    vi.advanceTimersByTime(1000);
  }
  expect(write).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(2000);
  expect(write).toHaveBeenCalledTimes(2);
  expect([...(write.mock.lastCall?.[0] ?? [])]).toEqual([['ada', 2000]]);
  // From then on as before.
  lastSeen.note('bob', 70_000, null);
  vi.advanceTimersByTime(1000);
  expect(write).toHaveBeenCalledTimes(3);
});
