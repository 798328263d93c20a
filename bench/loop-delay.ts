import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 1;

/** How late this program's own main thread is, from when it is made. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Ends it. @returns milliseconds, 99th percentile; the timer's own interval is not in it. */
  p99Ms(): number {
    this.#histogram.disable();
    return Math.max(0, this.#histogram.percentile(99) / 1e6 - RESOLUTION_MS);
  }
}
