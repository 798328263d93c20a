import { expect, it } from 'vitest';
import { restartDelayMs } from '../../../models/processes/restart-delay.ts';

it('restartDelayMs replaces at once, then ever more patiently, at last every half minute', () => {
  expect([1, 2, 3, 4, 9, 10, 1000].map(restartDelayMs)).toEqual([0, 250, 500, 1000, 30_000, 30_000, 30_000]);
});
