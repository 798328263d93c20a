import { describe, expect, it } from 'vitest';
import { agoWords, dayWords, durationWords, exactTime, timeOfDay } from '../../web/src/ui/time-words.ts';

const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('durationWords', () => {
  it.each([
    [0.04, '0.0 ms'],
    [1.66, '1.7 ms'],
    [9.96, '10 ms'],
    [107.4, '107 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [3546, '3.5 s'],
    [9960, '10 s'],
    [200_000, '3 min'],
  ])('writes %s milliseconds as %s', (ms, words) => {
    expect(plain(durationWords(ms))).toBe(words);
  });
});

describe('agoWords', () => {
  it.each([
    [1400, 'just now'],
    [12_000, '12 s ago'],
    [-5000, 'just now'],
    [7_200_000, '2 h ago'],
  ])('writes %s milliseconds ago as %s', (ms, words) => {
    expect(plain(agoWords(1e12 - ms, 1e12))).toBe(words);
  });
});

describe('a day', () => {
  // By the clock of the machine that shows it: wherever it stands, it is the same day to it.
  const at = (day: number, hour = 12) => new Date(2026, 10, day, hour).toISOString();
  const now = new Date(2026, 10, 21, 0, 5).getTime();

  it.each([
    [at(21, 0), /^Today, /],
    [at(20, 23), /^Yesterday, /],
    [at(19), /^Thursday, .*19.*2026/],
    [at(30), /^Monday, .*30.*2026/],
    ['soon', /^–$/],
  ])('%s', (moment, words) => {
    expect(dayWords(moment, now)).toMatch(words);
  });
});

it('writes a moment to the millisecond, with its time zone', () => {
  const moment = new Date(2026, 10, 21, 14, 2, 11, 120).toISOString();
  expect(timeOfDay(moment)).toMatch(/^14:02:11$/);
  expect(exactTime(moment)).toMatch(/2026.*14:02:11\.120 \S+/);
  expect([timeOfDay('soon'), exactTime('soon')]).toEqual(['–', '–']);
});
