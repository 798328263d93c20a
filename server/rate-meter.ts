import type { Clock } from '../pipeline/ports.ts';

const WINDOW_MS = 5000;

/** Events a second over the last five seconds. */
export class RateMeter {
  readonly #clock: Clock;
  #times: number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  count(): void {
    this.#times.push(this.#clock.monotonicMs());
    this.#forget();
  }

  /** Rounded to a tenth. In the first seconds the window is as long as there were events. */
  perSecond(): number {
    this.#forget();
    const first = this.#times[0];
    if (first === undefined || this.#times.length < 2) return 0;
    const spanMs = Math.max(1, this.#clock.monotonicMs() - first);
    return Math.round((10_000 * (this.#times.length - 1)) / spanMs) / 10;
  }

  #forget(): void {
    const oldest = this.#clock.monotonicMs() - WINDOW_MS;
    const keep = this.#times.findIndex((time) => time >= oldest);
    if (keep > 0) this.#times = this.#times.slice(keep);
    else if (keep < 0) this.#times = [];
  }
}
