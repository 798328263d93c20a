import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late this program's own main thread is, from when it is made. */
export class LoopDelay {
  readonly #histogram: ReturnType<typeof monitorEventLoopDelay>;
  readonly #resolutionMs: number;

  /**
   * @param resolutionMs how often it looks; default 1. Two delays are alike only where both look equally often: one that lasts counts
   *   once, among as many looks as there are besides.
   */
  constructor(resolutionMs = 1) {
    this.#resolutionMs = resolutionMs;
    this.#histogram = monitorEventLoopDelay({ resolution: resolutionMs });
    this.#histogram.enable();
  }

  /** Ends it. @returns milliseconds, 99th percentile; the timer's own interval is not in it. */
  p99Ms(): number {
    this.#histogram.disable();
    return Math.max(0, this.#histogram.percentile(99) / 1e6 - this.#resolutionMs);
  }
}
