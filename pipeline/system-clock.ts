import type { Clock } from './ports.ts';

/** The machine's own clocks. Monotonic milliseconds count from the start of this process and have fractions. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};
