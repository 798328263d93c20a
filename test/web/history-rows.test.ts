import { describe, expect, it } from 'vitest';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { byDay, historyRows } from '../../web/src/events/history-rows.ts';

const event = (sequence: number, decidedAt = '2026-11-21T09:00:00.000Z') =>
  ({ sequence, decidedAt, type: 'person.seen' }) as AccessEvent;
const numbers = (events: readonly AccessEvent[]) => events.map(({ sequence }) => sequence);

describe('historyRows', () => {
  const past = [7, 5, 2].map((n) => event(n));

  it('puts what was heard since before what was read, each once and newest first', () => {
    const heard = [4, 5, 6, 7, 8, 9, 10].map((n) => event(n));
    expect(numbers(historyRows(past, 8, heard, () => true))).toEqual([10, 9, 7, 5, 2]);
  });

  it('takes only what is asked for of what was heard', () => {
    const heard = [8, 9, 10].map((n) => event(n));
    expect(numbers(historyRows(past, 7, heard, ({ sequence }) => sequence % 2 === 0))).toEqual([10, 8, 7, 5, 2]);
  });

  it('is what was read while nothing was heard', () => {
    expect(numbers(historyRows(past, 7, [], () => true))).toEqual([7, 5, 2]);
  });
});

describe('byDay', () => {
  /** By the clock of the machine that shows it, wherever it stands. */
  const local = (day: number, hour: number) => new Date(2026, 10, day, hour).toISOString();

  it('cuts at midnight', () => {
    const list = [event(4, local(21, 0)), event(3, local(20, 23)), event(2, local(20, 0)), event(1, local(18, 12))];
    expect(byDay(list).map(({ at, events }) => [at, numbers(events)])).toEqual([
      [local(21, 0), [4]],
      [local(20, 23), [3, 2]],
      [local(18, 12), [1]],
    ]);
  });

  it('keeps the order of the log where the clock was set back', () => {
    const list = [event(3, local(20, 1)), event(2, local(21, 1)), event(1, local(20, 0))];
    const days = byDay(list);
    expect(days.map(({ events }) => numbers(events))).toEqual([[3], [2], [1]]);
    expect(new Set(days.map(({ key }) => key)).size).toBe(3);
  });

  it('has no days where nothing is', () => {
    expect(byDay([])).toEqual([]);
  });
});
