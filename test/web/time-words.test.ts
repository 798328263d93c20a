import { describe, expect, it } from 'vitest';
import { agoWords, durationWords } from '../../web/src/ui/time-words.ts';

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
