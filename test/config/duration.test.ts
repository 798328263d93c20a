import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../config/duration.ts';

describe('parseDuration', () => {
  it.each([
    ['1500ms', 1500],
    ['5s', 5000],
    ['0s', 0],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1.5s', 1500],
    ['1.1s', 1100],
    ['0.5ms', 1],
    [' 5s ', 5000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    '',
    '5',
    's',
    '-5s',
    '5 s',
    '5S',
    '5sec',
    '1e3ms',
    '.5s',
    '5.s',
    'Infinitys',
    '5s5s',
    `${'9'.repeat(400)}s`,
  ])('does not read %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});
