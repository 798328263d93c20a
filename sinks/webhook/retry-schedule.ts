const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Pauses before the second, third … tenth attempt, as Standard Webhooks 1.0.0 recommends them; milliseconds. */
const PAUSES_MS = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
] as const;
/** So much longer at most, so that what failed together does not come back together. */
const JITTER = 0.2;
/** What a receiver asks for beyond this it does not get. */
export const LONGEST_RETRY_AFTER_MS = HOUR;
/** No attempt is ever due later than this from now. */
export const LONGEST_PAUSE_MS = 24 * HOUR * (1 + JITTER);

/**
 * @param attempts how often it was tried so far, from 1.
 * @param random 0 to 1.
 * @returns milliseconds until the next attempt; null after the last one.
 */
export function pauseAfter(attempts: number, random: number): number | null {
  const pause = PAUSES_MS[attempts - 1];
  return pause === undefined ? null : Math.round(pause * (1 + JITTER * random));
}

/**
 * @param header the value of `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
 * @returns milliseconds from `nowMs`, an hour at most; null where there is none that makes sense.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const ms = /^\s*\d{1,10}\s*$/.test(header) ? Number(header) * SECOND : Date.parse(header) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_RETRY_AFTER_MS) : null;
}
