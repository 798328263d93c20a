/** One camera's place in the round. */
export interface Turn {
  /** Share of the time between two of its pictures, 0..1. */
  readonly at: number;
  /** Somebody else may have it. Idempotent. */
  leave(): void;
}

/** Spreads the moments at which cameras have their pictures analysed, so that they do not all want the networks at once. */
export class Turns {
  readonly #taken = new Set<Turn>();
  /** For those that are known from the start, evenly; the first comes last. */
  readonly #even: number[];

  /**
   * @param o.cameras how many are known from the start, ≥ 0. Default 0.
   * @param o.first share of the time, 0..1. Default: any, since other tenants of the machine have their cameras in turns, too.
   */
  constructor({ cameras = 0, first = Math.random() }: { cameras?: number; first?: number } = {}) {
    const count = Math.max(1, cameras);
    this.#even = Array.from({ length: count }, (_, i) => (first + i / count) % 1).reverse();
  }

  take(): Turn {
    const turn: Turn = { at: this.#even.pop() ?? this.#inWidestGap(), leave: () => this.#taken.delete(turn) };
    this.#taken.add(turn);
    return turn;
  }

  /** The others have told their ffmpeg when it is, and stay where they are. */
  #inWidestGap(): number {
    const sorted = [...this.#taken].map(({ at }) => at).sort((a, b) => a - b);
    if (sorted.length === 0) return 0;
    const gaps = sorted.map((at, i) => (sorted[i + 1] ?? sorted[0]! + 1) - at);
    // Gaps that were halved equally often differ in their last digits; the first of them is as good as any.
    const widest = gaps.findIndex((gap) => gap > Math.max(...gaps) - 1e-9);
    return (sorted[widest]! + gaps[widest]! / 2) % 1;
  }
}
