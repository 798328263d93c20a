import { expect, it } from 'vitest';
import { DecodeHealth } from '../../../sources/health/decode-health.ts';

it.each(['live', 'file'] as const)('takes frames of a %s source for degraded for a second after an error', (pace) => {
  const health = new DecodeHealth(pace);
  expect(health.frame(0, 0)).toBe(false);
  health.error(10);
  expect([health.frame(20, 20), health.frame(1010, 1010), health.frame(1200, 1200)]).toEqual([true, true, false]);
  expect(health.errors).toBe(1);
});

it('counts the second of a file in its own time: it is read faster or slower than it plays', () => {
  const health = new DecodeHealth('file');
  health.error(0);
  expect(health.frame(5000, 40_000)).toBe(true);
  expect(health.frame(9000, 40_900)).toBe(true);
  expect(health.frame(9001, 41_100)).toBe(false);
  health.error(9002);
  expect([health.frame(9003, 41_200), health.frame(9004, 43_000)]).toEqual([true, false]);
});

it('counts both clocks for what is live', () => {
  const health = new DecodeHealth('live');
  health.error(0);
  expect([health.frame(1, 0), health.frame(2, 5000), health.frame(2000, 500), health.frame(2001, 1500)]).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

it('counts the clock where there are no timestamps', () => {
  const health = new DecodeHealth('file');
  health.error(0);
  expect([health.frame(900, null), health.frame(1100, null)]).toEqual([true, false]);
});

it('starts afresh with a connection', () => {
  const health = new DecodeHealth('live');
  health.error(0);
  health.reconnected();
  expect(health.frame(1, 1)).toBe(false);
  expect(health.errors).toBe(1);
});
