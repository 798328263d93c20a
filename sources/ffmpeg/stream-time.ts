/**
 * The time of each picture, to the tick. ffmpeg before 7 writes seconds with six digits: after 17 minutes in steps of 10 ms, after a
 * day in whole seconds, in which several pictures then seem to be one. The ticks beside them are exact.
 */
export class StreamTime {
  #tickSeconds: number | null = null;

  /** How long a tick is, from now on. */
  timeBase(seconds: number): void {
    this.#tickSeconds = seconds;
  }

  /**
   * @param ticks of the picture; null without a timestamp.
   * @param asWritten what ffmpeg made of it, seconds; taken where the time base is not known.
   */
  seconds(ticks: number | null, asWritten: number | null): number | null {
    if (ticks === null || asWritten === null || this.#tickSeconds === null) return asWritten;
    return ticks * this.#tickSeconds;
  }
}
