const FIRST_MS = 250;
const LONGEST_MS = 5000;
/** A broker that refuses who we are may count the attempts. */
const REFUSED_MS = 30_000;
/** ±20 %: many clients that lost their broker together do not come back in step. */
const JITTER = 0.2;

/** The pauses between attempts to reach a broker: 0.25 s, doubled up to 5 s, each ±20 %; 30 s where it refused us. */
export class ReconnectPause {
  #next = FIRST_MS;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Milliseconds to wait after one more failure. */
  next({ refused = false }: { refused?: boolean } = {}): number {
    const ms = refused ? REFUSED_MS : this.#next;
    this.#next = Math.min(LONGEST_MS, this.#next * 2);
    return ms * (1 - JITTER + 2 * JITTER * this.#random());
  }

  reset(): void {
    this.#next = FIRST_MS;
  }
}
