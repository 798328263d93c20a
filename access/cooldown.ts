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

  /** The same beginnings, with another length. */
  lasting(lastsMs: number): Cooldown {
    const other = new Cooldown(lastsMs);
    for (const [who, startedMs] of this.#startedMs) other.#startedMs.set(who, startedMs);
    return other;
  }

  #lasts(startedMs: number, nowMs: number): boolean {
    return nowMs - startedMs < this.#lastsMs;
  }
}
