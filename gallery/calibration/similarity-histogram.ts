/** Bins in one unit of cosine: thresholds are chosen on this grid. */
const PER_UNIT = 10_000;
const BINS = 2 * PER_UNIT + 1;

/** Counts cosines in steps of 1e-4, so that hundreds of millions of them need no room. */
export class SimilarityHistogram {
  /** `counts[i]` cosines lie from (i − 10,000) · 1e-4 on, below the next step. */
  readonly counts = new Float64Array(BINS);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(similarity: number): void {
    // A step's own value must not fall below it by the rounding of the multiplication.
    const bin = Math.floor((similarity + 1) * PER_UNIT + 1e-6);
    this.counts[bin < 0 ? 0 : bin < BINS ? bin : BINS - 1]! += 1;
    this.#total += 1;
  }

  /** Cosines of at least `threshold`, rounded to the grid. */
  countFrom(threshold: number): number {
    let count = 0;
    for (let bin = BINS - 1; bin >= Math.round((threshold + 1) * PER_UNIT); bin -= 1) count += this.counts[bin] ?? 0;
    return count;
  }

  /** The lowest threshold of the grid from which on at most `count` cosines lie. */
  thresholdFor(count: number): number {
    let passed = 0;
    let bin = BINS;
    while (bin > 0 && passed + this.counts[bin - 1]! <= count) {
      bin -= 1;
      passed += this.counts[bin]!;
    }
    return onGrid((bin - PER_UNIT) / PER_UNIT);
  }

  /** The same in bars `1 / perUnit` wide, each with where it begins; from the first that holds anything to the last. */
  bars(perUnit: number): { from: number; count: number }[] {
    const width = PER_UNIT / perUnit;
    const bars = Array.from({ length: 2 * perUnit }, (_, i) => ({ from: i / perUnit - 1, count: 0 }));
    for (const [bin, count] of this.counts.entries()) {
      bars[Math.min(bars.length - 1, Math.floor(bin / width))]!.count += count;
    }
    const first = bars.findIndex(({ count }) => count > 0);
    return first < 0 ? [] : bars.slice(first, bars.findLastIndex(({ count }) => count > 0) + 1);
  }
}

/** Without the digits that binary fractions add. */
export function onGrid(similarity: number): number {
  return Math.round(similarity * PER_UNIT) / PER_UNIT;
}
