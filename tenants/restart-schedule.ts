/** After each of the first ends: a camera waits, so the first successor comes at once. */
const QUICK_MS = [0, 500, 500];
/** After that something is wrong that trying again soon does not mend. */
const SLOW_MS = [10_000, 60_000];

/** A process that was ready for so long was no failure: its end begins a new row. */
export const STEADY_MS = 10_000;

export interface Pause {
  readonly delayMs: number;
  /** The quick tries are used up. */
  readonly isLoop: boolean;
}

/** When a tenant that ended by itself is started again. Times are of the monotonic clock. */
export class RestartSchedule {
  #inARow = 0;
  #readyAtMs: number | null = null;

  ready(nowMs: number): void {
    this.#readyAtMs = nowMs;
  }

  /** It ended, ready or not. */
  ended(nowMs: number): Pause {
    if (this.#readyAtMs !== null && nowMs - this.#readyAtMs >= STEADY_MS) this.#inARow = 0;
    this.#readyAtMs = null;
    const quick = QUICK_MS[this.#inARow];
    const slow = SLOW_MS[Math.min(this.#inARow - QUICK_MS.length, SLOW_MS.length - 1)] ?? 0;
    this.#inARow++;
    return { delayMs: quick ?? slow, isLoop: quick === undefined };
  }

  /** Somebody changed something, or asked: what went before does not count. */
  forget(): void {
    this.#inARow = 0;
    this.#readyAtMs = null;
  }
}
