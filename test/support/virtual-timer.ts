import type { VirtualClock } from './virtual-clock.ts';

/** Timers on a clock that moves when it is told to: what is due is called as the clock comes by. */
export class VirtualTimer {
  readonly #clock: VirtualClock;
  readonly #set = new Set<{ at: number; work: () => void }>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  readonly after = (ms: number, work: () => void): (() => void) => {
    const entry = { at: this.#clock.monotonicMs() + ms, work };
    this.#set.add(entry);
    return () => this.#set.delete(entry);
  };

  /** Milliseconds until the next one; null where none is set. */
  get nextMs(): number | null {
    const first = this.#first();
    return first ? first.at - this.#clock.monotonicMs() : null;
  }

  advance(ms: number): void {
    const end = this.#clock.monotonicMs() + ms;
    for (let next = this.#first(); next && next.at <= end; next = this.#first()) {
      this.#set.delete(next);
      this.#clock.advance(Math.max(0, next.at - this.#clock.monotonicMs()));
      next.work();
    }
    this.#clock.advance(end - this.#clock.monotonicMs());
  }

  #first() {
    return [...this.#set].sort((a, b) => a.at - b.at)[0];
  }
}
