/** A silence of this many usual intervals, and of so long at least, milliseconds, may have left a backlog. */
const SILENT_INTERVALS = 4;
const SILENT_MS = 1000;
/** For so long after such a silence, milliseconds, pictures are held to see whether a newer one follows at once. */
const HOLD_MS = 80;
/** How fast the usual interval follows what is seen. */
const WEIGHT = 0.2;

/**
 * For streams without timestamps: whether a picture that just came may be an old one. After a silence the pictures that waited
 * somewhere come in a burst, faster than they were taken, and only the last one of it is new; the backlog is over when a picture has
 * been waited for again. A backlog on a link too slow for it comes no faster than usual: that cannot be told.
 */
export class ArrivalGate {
  #lastMs: number | null = null;
  #usualMs: number | null = null;
  #wasSilent = false;
  #backlog = false;
  /** When the latest silence ended, monotonic milliseconds. */
  silenceEndedMs = Number.NEGATIVE_INFINITY;

  /**
   * @param nowMs monotonic, at the picture's last byte.
   * @returns how long to hold the picture, milliseconds; a newer one takes its place meanwhile.
   */
  holdMs(nowMs: number): number {
    const gapMs = this.#lastMs === null ? null : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    if (gapMs === null) return 0;
    const usualMs = this.#usualMs ?? gapMs;
    if (gapMs > Math.max(SILENT_MS, SILENT_INTERVALS * usualMs)) {
      this.#backlog = true;
      this.silenceEndedMs = nowMs;
      // Twice in a row, with nothing between, is no silence but the camera's new pace.
      this.#usualMs = this.#wasSilent ? gapMs : usualMs;
      this.#wasSilent = true;
    } else {
      this.#wasSilent = false;
      if (gapMs >= usualMs / 2) this.#backlog = false;
      // A burst says nothing about the camera's pace.
      if (!this.#backlog) this.#usualMs = usualMs + WEIGHT * (gapMs - usualMs);
    }
    return this.#backlog ? HOLD_MS : 0;
  }
}
