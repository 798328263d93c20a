/** The golden ratio's: as many of its multiples as there are always lie well apart on a circle. */
const STEP = (Math.sqrt(5) - 1) / 2;

/** One camera's place in the round. */
export interface Turn {
  /** Share of the time between two of its pictures, 0..1. */
  readonly at: number;
  /** Somebody else may have it. Idempotent. */
  leave(): void;
}

/** Spreads the moments at which cameras have their pictures analysed, so that they do not all want the networks at once. */
export class Turns {
  readonly #taken = new Set<number>();
  readonly #first: number;

  /** @param first share of the time, 0..1. Default: any, since other tenants of the machine have their cameras in turns, too. */
  constructor(first = Math.random()) {
    this.#first = first;
  }

  take(): Turn {
    let number = 0;
    while (this.#taken.has(number)) number++;
    this.#taken.add(number);
    let isHeld = true;
    return {
      at: (this.#first + number * STEP) % 1,
      leave: () => {
        if (isHeld) this.#taken.delete(number);
        isHeld = false;
      },
    };
  }
}
