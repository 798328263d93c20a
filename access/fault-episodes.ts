const AGAIN_AFTER_MS = 3_600_000;
const AT_MOST_EVERY_MS = 60_000;

/** Which faults are to be told: each when it begins, once a minute at most, and once an hour while it lasts. */
export class FaultEpisodes {
  readonly #told = new Map<string, { atMs: number; over: boolean }>();

  /** @param nowMs monotonic. @returns whether to tell it. */
  raise(fault: string, nowMs: number): boolean {
    const told = this.#told.get(fault);
    if (told && nowMs - told.atMs < (told.over ? AT_MOST_EVERY_MS : AGAIN_AFTER_MS)) return false;
    this.#told.set(fault, { atMs: nowMs, over: false });
    return true;
  }

  /** It is over; when it comes again, that is another one. */
  end(fault: string): void {
    const told = this.#told.get(fault);
    if (told) told.over = true;
  }
}
