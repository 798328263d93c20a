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
  readonly #first: number;

  /** @param first share of the time, 0..1. Default: any, since other tenants of the machine have their cameras in turns, too. */
  constructor(first = Math.random()) {
    this.#first = first;
  }

  /** In the middle of the widest gap between the others: those have told their ffmpeg when it is, and stay where they are. */
  take(): Turn {
    const turn: Turn = { at: this.#inWidestGap(), leave: () => this.#taken.delete(turn) };
    this.#taken.add(turn);
    return turn;
  }

  #inWidestGap(): number {
    const sorted = [...this.#taken].map(({ at }) => at).sort((a, b) => a - b);
    if (sorted.length === 0) return this.#first;
    const gaps = sorted.map((at, i) => (sorted[i + 1] ?? sorted[0]! + 1) - at);
    // Gaps that were halved equally often differ in their last digits; the first of them is as good as any.
    const widest = gaps.findIndex((gap) => gap > Math.max(...gaps) - 1e-9);
    return (sorted[widest]! + gaps[widest]! / 2) % 1;
  }
}
