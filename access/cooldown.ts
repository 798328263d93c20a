/** Remembers for whom something was decided a short while ago. Times are monotonic milliseconds. */
export class Cooldown {
  readonly #lastsMs: number;
  readonly #startedMs = new Map<string, number>();

  constructor(lastsMs: number) {
    this.#lastsMs = lastsMs;
  }

  start(who: string, nowMs: number): void {
    for (const [other, startedMs] of this.#startedMs) {
      if (!this.#lasts(startedMs, nowMs)) this.#startedMs.delete(other);
    }
    this.#startedMs.set(who, nowMs);
  }

  isRunning(who: string, nowMs: number): boolean {
    const startedMs = this.#startedMs.get(who);
    return startedMs !== undefined && this.#lasts(startedMs, nowMs);
  }

  #lasts(startedMs: number, nowMs: number): boolean {
    return nowMs - startedMs < this.#lastsMs;
  }
}
