import { describe, expect, it } from 'vitest';
import { isSuspicious, longUnseen } from '../../gallery/retention.ts';

const DAY = 86_400_000;
const nowMs = 1000 * DAY;
const someone = (id: string, createdDay: number, seenDay: number | null = null) => ({
  id,
  name: id,
  createdAtMs: createdDay * DAY,
  lastSeenMs: seenDay === null ? null : seenDay * DAY,
});
const template = (subjectId: string, day: number) => ({ subjectId, createdAtMs: day * DAY });

describe('who was not seen for long', () => {
  it('was neither recognised nor enrolled nor made since, longest first', () => {
    const subjects = [
      someone('old', 100),
      someone('seen', 100, 950),
      someone('seen long ago', 100, 500),
      someone('enrolled', 100),
      someone('new', 999),
      someone('enrolled long ago', 100),
    ];
    const templates = [template('enrolled', 200), template('enrolled', 980), template('enrolled long ago', 300)];
    expect(longUnseen(subjects, templates, { nowMs, afterMs: 90 * DAY })).toEqual([
      { id: 'old', name: 'old', lastSignMs: 100 * DAY },
      { id: 'enrolled long ago', name: 'enrolled long ago', lastSignMs: 300 * DAY },
      { id: 'seen long ago', name: 'seen long ago', lastSignMs: 500 * DAY },
    ]);
  });

  it('counts from the very moment', () => {
    const at = (ms: number) => longUnseen([someone('a', 900)], [], { nowMs: ms, afterMs: 100 * DAY }).length;
    expect([at(nowMs - 1), at(nowMs)]).toEqual([0, 1]);
  });
});

it.each([
  [10, 10, false],
  [11, 22, false],
  [11, 21, true],
  [500, 1000, false],
  [501, 1000, true],
])('%i of %i is suspicious: %s', (unseen, all, expected) => expect(isSuspicious(unseen, all)).toBe(expected));
