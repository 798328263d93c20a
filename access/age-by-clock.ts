import type { Clock, Logger } from '../pipeline/ports.ts';

/** A wall clock that moved this far against the other one was set by somebody. */
const JUMP_MS = 60_000;
const HELD_MS = 3_600_000;

/**
 * Whether the wall clock may say how old something is. After it was set, not for an hour: a clock that is wrong for a moment
 * must not empty a log.
 */
export class AgeByClock {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #what: string;
  #known: number;
  #heldUntilMs = Number.NEGATIVE_INFINITY;

  /** @param what is removed for its age, for the log: `event`. */
  constructor({ clock, log, what }: { clock: Clock; log: Logger; what: string }) {
    this.#clock = clock;
    this.#log = log;
    this.#what = what;
    this.#known = this.#offset();
  }

  /** Ask each time before something is removed for its age. */
  isBelieved(): boolean {
    const now = this.#offset();
    if (Math.abs(now - this.#known) > JUMP_MS) {
      this.#log.warn(
        { byMs: Math.round(now - this.#known) },
        `the wall clock was set: no ${this.#what} is removed for its age for an hour`,
      );
      this.#heldUntilMs = this.#clock.monotonicMs() + HELD_MS;
    }
    this.#known = now;
    return this.#clock.monotonicMs() >= this.#heldUntilMs;
  }

  #offset(): number {
    return this.#clock.wallMs() - this.#clock.monotonicMs();
  }
}
