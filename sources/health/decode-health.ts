/** How long after a decode error pictures are good enough to show but not to decide on, milliseconds. */
const RECOVERY_MS = 1000;

/**
 * Whether pictures are damaged, from the decoder's complaints. Inter-frame coding carries damage on until the next key
 * frame, and ffmpeg complains once, not for every picture that shows it.
 */
export class DecodeHealth {
  errors = 0;
  readonly #live: boolean;
  #pending = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastPtsMs = Number.NEGATIVE_INFINITY;

  /** @param pace of the source: a file's own time is all that counts for it, since it is read as fast as it is taken. */
  constructor(pace: 'live' | 'file') {
    this.#live = pace === 'live';
  }

  /** The decoder complained, so many times in the same words. */
  error(nowMs: number, times = 1): void {
    this.errors += times;
    this.#pending = true;
    this.#lastMs = nowMs;
  }

  /**
   * The next frame was decoded. Of a live stream both clocks count: a backlog comes faster than it was taken.
   *
   * @param ptsMs of the frame; null where there is none.
   * @returns whether it is degraded.
   */
  frame(nowMs: number, ptsMs: number | null): boolean {
    if (this.#pending && ptsMs !== null) this.#lastPtsMs = ptsMs;
    this.#pending = false;
    if (ptsMs !== null) {
      const since = ptsMs - this.#lastPtsMs;
      if (since >= 0 && since <= RECOVERY_MS) return true;
      if (!this.#live) return false;
    }
    return nowMs - this.#lastMs <= RECOVERY_MS;
  }

  /** A new connection has timestamps of its own. */
  reconnected(): void {
    this.#pending = false;
    this.#lastPtsMs = Number.NEGATIVE_INFINITY;
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }
}
