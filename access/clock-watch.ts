import type { Clock } from '../pipeline/ports.ts';

/** A time service slews by half a millisecond a second; whoever sets a clock seldom sets it by less than this. */
const STEP_MS = 1000;
/** A clock that was just set is often set again. */
const SETTLES_AFTER_MS = 10_000;
/** Two looks at one clock that lie further apart tell nothing: this program stood still between them. */
const ONE_LOOK_MS = 100;

/** Notices when the wall clock is set, or the machine slept, by the clock that cannot be. */
export class ClockWatch {
  readonly #clock: Clock;
  #aheadMs: number | null = null;
  #steppedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.check();
  }

  /** Call it often; @returns by how many milliseconds the wall clock was set since the last call, null where it was not. */
  check(): number | null {
    const beforeMs = this.#clock.monotonicMs();
    const wallMs = this.#clock.wallMs();
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - beforeMs > ONE_LOOK_MS) return null;
    const aheadMs = wallMs - nowMs;
    const byMs = aheadMs - (this.#aheadMs ?? aheadMs);
    this.#aheadMs = aheadMs;
    if (Math.abs(byMs) < STEP_MS) return null;
    this.#steppedAtMs = nowMs;
    return byMs;
  }

  /** It was set a moment ago. */
  get isDoubtful(): boolean {
    return this.#clock.monotonicMs() - this.#steppedAtMs < SETTLES_AFTER_MS;
  }
}
