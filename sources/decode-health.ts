/** How long after a decode error pictures are good enough to show but not to decide on, milliseconds. */
const RECOVERY_MS = 1000;

/**
 * Whether pictures are damaged, from the decoder's complaints. Inter-frame coding carries damage on until the next key
 * frame, and ffmpeg complains once, not for every picture that shows it.
 */
export class DecodeHealth {
  errors = 0;
  #pending = false;
  #lastMs = Number.NEGATIVE_INFINITY;
  #lastPtsMs = Number.NEGATIVE_INFINITY;

  /** The decoder complained. */
  error(nowMs: number): void {
    this.errors += 1;
    this.#pending = true;
    this.#lastMs = nowMs;
  }

  /**
   * The next frame was decoded; both clocks count, since a file may be read faster than it plays and a backlog later.
   *
   * @param ptsMs of the frame; null where there is none.
   * @returns whether it is degraded.
   */
  frame(nowMs: number, ptsMs: number | null): boolean {
    if (this.#pending && ptsMs !== null) this.#lastPtsMs = ptsMs;
    this.#pending = false;
    const sincePts = ptsMs === null ? Number.POSITIVE_INFINITY : ptsMs - this.#lastPtsMs;
    return nowMs - this.#lastMs <= RECOVERY_MS || (sincePts >= 0 && sincePts <= RECOVERY_MS);
  }

  /** A new connection has timestamps of its own. */
  reconnected(): void {
    this.#pending = false;
    this.#lastPtsMs = Number.NEGATIVE_INFINITY;
    this.#lastMs = Number.NEGATIVE_INFINITY;
  }
}
