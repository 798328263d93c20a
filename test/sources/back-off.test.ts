import { expect, it } from 'vitest';
import { BackOff } from '../../sources/back-off.ts';

it('waits 1 s five times, 5 s five times, 10 s ten times, then 60 s', () => {
  const backOff = new BackOff({ random: () => 0.5 });
  const pauses = Array.from({ length: 23 }, () => backOff.next());
  expect(pauses).toEqual([...Array(5).fill(1000), ...Array(5).fill(5000), ...Array(10).fill(10_000), 60e3, 60e3, 60e3]);
});

it('starts again after a reset', () => {
  const backOff = new BackOff({ random: () => 0.5 });
  for (let i = 0; i < 30; i += 1) backOff.next();
  backOff.reset();
  expect(backOff.next()).toBe(1000);
});

it.each([
  [0, 0.8],
  [0.999999, 1.2],
])('spreads by 20 %% (random %s)', (random, factor) => {
  const backOff = new BackOff({ random: () => random });
  expect(backOff.next() / 1000).toBeCloseTo(factor, 4);
  expect(backOff.slowest() / 60_000).toBeCloseTo(factor, 4);
  expect(backOff.afterEnd() / 1000).toBeCloseTo(factor, 4);
});

it('is not hurried by ends and not slowed by the slow step', () => {
  const backOff = new BackOff({ random: () => 0.5 });
  for (let i = 0; i < 9; i += 1) backOff.afterEnd();
  for (let i = 0; i < 9; i += 1) backOff.slowest();
  expect(backOff.next()).toBe(1000);
});
