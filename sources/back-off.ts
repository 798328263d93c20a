export interface BackOffOptions {
  /** 0 ≤ x < 1. Default `Math.random`. */
  random?: () => number;
}

/** How often each pause is made, and how long it is, milliseconds. Quick at first: most cameras only restart. */
const STEPS: readonly (readonly [times: number, ms: number])[] = [
  [5, 1000],
  [5, 5000],
  [10, 10_000],
];
const SLOWEST_MS = 60_000;
/** ±20 %: cameras that lost power together do not come back in step. */
const JITTER = 0.2;

/** The pauses between attempts: 1 s five times, 5 s five times, 10 s ten times, then 60 s, each ±20 %. */
export class BackOff {
  #failures = 0;
  readonly #random: () => number;

  constructor(options: BackOffOptions = {}) {
    this.#random = options.random ?? Math.random;
  }

  /** Milliseconds to wait after one more failure. */
  next(): number {
    this.#failures += 1;
    let upTo = 0;
    for (const [times, ms] of STEPS) {
      upTo += times;
      if (this.#failures <= upTo) return this.#jittered(ms);
    }
    return this.#jittered(SLOWEST_MS);
  }

  /** After a failure that quick attempts do not help, or make worse. */
  slowest(): number {
    return this.#jittered(SLOWEST_MS);
  }

  /** After a clean end: no failure. */
  afterEnd(): number {
    return this.#jittered(STEPS[0]![1]);
  }

  reset(): void {
    this.#failures = 0;
  }

  #jittered(ms: number): number {
    return ms * (1 - JITTER + 2 * JITTER * this.#random());
  }
}
