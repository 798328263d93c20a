import type { Clock } from '../../pipeline/ports.ts';

/** A clock that stands still until it is told to move. */
export class VirtualClock implements Clock {
  #wallMs: number;
  #monotonicMs: number;

  constructor(start: { wallMs?: number; monotonicMs?: number } = {}) {
    this.#wallMs = start.wallMs ?? Date.UTC(2026, 10, 21, 9);
    this.#monotonicMs = start.monotonicMs ?? 5_000;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Time passes, on both clocks. */
  advance(ms: number): void {
    this.#wallMs += ms;
    this.#monotonicMs += ms;
  }

  /** Somebody sets the wall clock. */
  stepWall(ms: number): void {
    this.#wallMs += ms;
  }
}
