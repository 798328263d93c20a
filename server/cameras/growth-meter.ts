import type { Clock } from '../../pipeline/ports.ts';

const WINDOW_MS = 5000;
const SAMPLE_EVERY_MS = 200;

/** How fast a count grows, a second, over the last five seconds. */
export class GrowthMeter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #samples: { readonly atMs: number; readonly total: number }[] = [];

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** Takes the count as it is now; call it often. A count that is less than before was begun anew. */
  note(total: number): void {
    const atMs = this.#clock.monotonicMs();
    const last = this.#samples.at(-1);
    if (last && total < last.total) this.#samples = [];
    else if (last && atMs - last.atMs < SAMPLE_EVERY_MS) return;
    this.#samples.push({ atMs, total });
    // One sample older than the window stays: from there the growth is measured.
    while (this.#samples.length > 2 && this.#samples[1]!.atMs <= atMs - WINDOW_MS) this.#samples.shift();
  }

  /** Null until there is a second's worth. */
  perSecond(): number | null {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last) return null;
    const spanMs = last.atMs - first.atMs;
    return spanMs < 1000 ? null : (1000 * (last.total - first.total)) / spanMs;
  }
}
