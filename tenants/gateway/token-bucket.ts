/** So many a second on average, and as many at once as a second brings. */
export class TokenBucket {
  #tokens: number;
  #atMs: number;
  #perSecond: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = Math.max(1, perSecond);
    this.#atMs = nowMs;
  }

  /** @returns 0 when one was there and was taken, else the milliseconds until there is one. `perSecond` may change. */
  take(perSecond: number, nowMs: number): number {
    const most = Math.max(1, perSecond);
    this.#tokens = Math.min(most, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#perSecond);
    this.#perSecond = perSecond;
    this.#atMs = nowMs;
    if (this.#tokens >= 1) {
      this.#tokens -= 1;
      return 0;
    }
    return ((1 - this.#tokens) / perSecond) * 1000;
  }
}
