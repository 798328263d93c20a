import { describe, expect, it } from 'vitest';
import { ERROR_CODES } from '../../config/error-codes.ts';
import {
  answerCounts,
  doorNames,
  leftOutCounts,
  lockdownWords,
  scheduleWords,
} from '../../web/src/doors/door-words.ts';

describe('a door in words', () => {
  it.each([
    [null, true, 'No schedule'],
    ['office', true, 'Schedule “office”: open now'],
    ['office', false, 'Schedule “office”: closed now'],
  ])('by its schedule %s, open: %s', (schedule, openNow, words) => {
    expect(scheduleWords({ schedule, openNow })).toBe(words);
  });

  it.each([
    ['key desk', null, 'by key desk'],
    ['key desk', 'Fire Drill_2', 'by key desk: Fire Drill_2'],
    ['facegate', 'DOOR_STATE_UNAVAILABLE', `by facegate: ${ERROR_CODES.DOOR_STATE_UNAVAILABLE.means}`],
    ['key desk', 'constructor', 'by key desk: constructor'],
  ])('locked down by %s for %s', (by, reason, words) => {
    expect(lockdownWords({ by, reason })).toBe(words);
  });

  it('counts its answers, and the pictures that none could rest on', () => {
    const stats = { granted: 12, denied: 3, stale: 4, degraded: 0, broken: 1 };
    expect(answerCounts(stats)).toBe('12 granted, 3 denied');
    expect(leftOutCounts(stats)).toBe('4 too old, 1 without a usable time');
    expect(leftOutCounts({ ...stats, stale: 0, broken: 0 })).toBeNull();
  });

  it.each([
    [['Lobby'], 'Lobby'],
    [['Lobby', 'Yard'], 'Lobby and Yard'],
    [['Lobby', 'Yard', 'Lab'], 'Lobby, Yard and Lab'],
    [['Lobby', 'Yard', 'Lab', 'Roof', 'Gate'], 'Lobby, Yard and 3 more'],
    [[], ''],
  ])('calls %j by name', (names, words) => {
    expect(doorNames(names.map((name) => ({ name })))).toBe(words);
  });
});
