import { expect, it } from 'vitest';
import { ReconnectPause } from '../../../sinks/mqtt/reconnect-pause.ts';

it('waits longer each time, up to 5 s, and begins anew after a connection that lasted', () => {
  const pauses = new ReconnectPause(() => 0.5);
  expect(Array.from({ length: 7 }, () => pauses.next())).toEqual([250, 500, 1000, 2000, 4000, 5000, 5000]);
  pauses.reset();
  expect(pauses.next()).toBe(250);
  expect(pauses.next({ refused: true })).toBe(30_000);
});

it('moves each pause by up to a fifth', () => {
  expect(new ReconnectPause(() => 0).next()).toBe(200);
  expect(new ReconnectPause(() => 1).next()).toBeCloseTo(300);
});
