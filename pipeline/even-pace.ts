/** Whose turn it is, so that what has its turn lies evenly in time: not three in a burst and then none. */
export class EvenPace {
  #dueMs: number | null = null;

  /**
   * Asked once for each frame.
   *
   * @param nowMs monotonic.
   * @param fps frames a second that are to have their turn, > 0.
   */
  isDue(nowMs: number, fps: number): boolean {
    const everyMs = 1000 / fps;
    const dueMs = this.#dueMs ?? nowMs;
    if (nowMs < dueMs) return false;
    // Counted from when it was due, not from when it came: the rate is then right on the average, though frames come unevenly. What was
    // missed in a silence is not made up for.
    this.#dueMs = nowMs - dueMs < 2 * everyMs ? dueMs + everyMs : nowMs + everyMs;
    return true;
  }
}
