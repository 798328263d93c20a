import { describe, expect, it } from 'vitest';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { newestSequence, spliceEvents } from '../../web/src/events/splice-events.ts';

const event = (sequence: number, replay = false) => ({ sequence, replay, id: `e${sequence}` }) as AccessEvent;
const numbers = (events: readonly AccessEvent[]) => events.map(({ sequence }) => sequence);

describe('spliceEvents', () => {
  it('continues the list', () => {
    expect(numbers(spliceEvents([event(1), event(2)], [event(3)], 100))).toEqual([1, 2, 3]);
  });

  it('leaves out what is there already, after a reconnect that overlaps', () => {
    const list = [event(1), event(2), event(3)];
    expect(numbers(spliceEvents(list, [event(2), event(3), event(4)], 100))).toEqual([1, 2, 3, 4]);
  });

  it('keeps the copy that was heard live', () => {
    const after = spliceEvents([event(1)], [event(1, true), event(2, true)], 100);
    expect(after.map(({ replay }) => replay)).toEqual([false, true]);
  });

  it('leaves out doubles within what comes', () => {
    expect(numbers(spliceEvents([], [event(2), event(2), event(1)], 100))).toEqual([1, 2]);
  });

  it('puts what was missing into its place', () => {
    expect(numbers(spliceEvents([event(1), event(5)], [event(3), event(2), event(4)], 100))).toEqual([1, 2, 3, 4, 5]);
  });

  it('puts earlier ones in front', () => {
    expect(numbers(spliceEvents([event(8), event(9)], [event(6), event(7), event(8)], 100))).toEqual([6, 7, 8, 9]);
  });

  it('is the same list where nothing is new', () => {
    const list = [event(1), event(2)];
    expect(spliceEvents(list, [event(2)], 100)).toBe(list);
    expect(spliceEvents(list, [], 100)).toBe(list);
  });

  it('keeps the newest', () => {
    expect(numbers(spliceEvents([event(1), event(2)], [event(3), event(4)], 3))).toEqual([2, 3, 4]);
  });

  it('is whole whatever the order of pages and live events', () => {
    const all = Array.from({ length: 30 }, (_, i) => event(i + 1));
    const pieces = [all.slice(20), all.slice(0, 12), all.slice(8, 25)];
    expect(numbers(pieces.reduce<AccessEvent[]>((list, piece) => spliceEvents(list, piece, 100), []))).toEqual(
      numbers(all),
    );
  });
});

it('knows the newest number', () => {
  expect(newestSequence([])).toBe(0);
  expect(newestSequence([event(4), event(7)])).toBe(7);
});
