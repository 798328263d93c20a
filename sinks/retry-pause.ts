const FIRST_MS = 250;
const LONGEST_MS = 15_000;

/**
 * Pause before the next attempt: 250 ms, then twice as long each time, 15 s at most; by up to a fifth shorter, so that what
 * failed together does not come back together.
 *
 * @param failures how often it failed in a row, from 1.
 * @param random 0 to 1.
 */
export function retryPauseMs(failures: number, random: number): number {
  const pause = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 20));
  return Math.round(pause * (1 - 0.2 * random));
}
