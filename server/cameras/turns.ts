/** One camera's place in the round. */
export interface Turn {
  /** Share of the time between two of its pictures, 0..1. Decided when it is first asked for. */
  at(): number;
  /** Somebody else may have it. Idempotent. */
  leave(): void;
}

interface Member {
  /** Null until it was asked for. */
  at: number | null;
}

/**
 * Spreads the moments at which cameras have their pictures analysed, so that they do not all want the networks at once. Those that
 * join before the first of them connects lie evenly; one that comes later lies in the middle of the widest gap, since the others have
 * told their ffmpeg when it is, and stay where they are.
 */
export class Turns {
  readonly #members = new Set<Member>();
  readonly #first: number;

  /** @param o.first share of the time, 0..1. Default: any, since other tenants of the machine have their cameras in turns, too. */
  constructor({ first = Math.random() }: { first?: number } = {}) {
    this.#first = first;
  }

  join(): Turn {
    const member: Member = { at: null };
    this.#members.add(member);
    return {
      at: () => {
        member.at ??= this.#free();
        return member.at;
      },
      leave: () => void this.#members.delete(member),
    };
  }

  /** In the widest gap, which those that still have none share evenly. */
  #free(): number {
    const taken = [...this.#members].flatMap(({ at }) => at ?? []).sort((a, b) => a - b);
    if (taken.length === 0) return this.#first;
    const gaps = taken.map((at, i) => (taken[i + 1] ?? taken[0]! + 1) - at);
    // Gaps of one size differ in their last digits; the first of them is as good as any.
    const nearlyWidest = Math.max(...gaps) - 1e-9;
    const widest = gaps.findIndex((gap) => gap > nearlyWidest);
    const without = this.#members.size - taken.length;
    return (taken[widest]! + gaps[widest]! / (without + 1)) % 1;
  }
}
