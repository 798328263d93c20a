/** Steps of the similarity in a sort key; the rest of its 53 bits are the place. */
const STEPS = 2 ** 29;
const PLACES = 2 ** 23;

/** Keeps the most similar comparisons of two subjects, `most` of them at least, in bounded memory. */
export class TopComparisons {
  readonly #most: number;
  #similarity: Float32Array;
  #a: Int32Array;
  #b: Int32Array;
  #count = 0;
  #floor = Number.NEGATIVE_INFINITY;

  /** @param most up to 4,000,000: twice as many are held for a while. @param expected comparisons that will be added. */
  constructor(most: number, expected: number) {
    this.#most = most;
    const room = Math.min(expected, 2 * most);
    this.#similarity = new Float32Array(room);
    this.#a = new Int32Array(room);
    this.#b = new Int32Array(room);
  }

  /** What is below it may have been forgotten. */
  get floor(): number {
    return this.#floor;
  }

  /** @param similarity −1..1. */
  add(similarity: number, a: number, b: number): void {
    if (similarity < this.#floor) return;
    if (this.#count === this.#similarity.length) {
      this.#keep(this.#most);
      this.#floor = this.#similarity[this.#count - 1] as number;
      if (similarity < this.#floor) return;
    }
    this.#similarity[this.#count] = similarity;
    this.#a[this.#count] = a;
    this.#b[this.#count] = b;
    this.#count += 1;
  }

  /** As columns, descending. */
  sorted(): { similarity: Float32Array; a: Int32Array; b: Int32Array } {
    this.#keep(this.#count);
    const until = this.#count;
    return {
      similarity: this.#similarity.subarray(0, until),
      a: this.#a.subarray(0, until),
      b: this.#b.subarray(0, until),
    };
  }

  #keep(count: number): void {
    // One number a comparison, similarity before place, sorts natively; a comparator would take ten times as long.
    const keys = new Float64Array(this.#count);
    for (let i = 0; i < this.#count; i += 1) {
      keys[i] = Math.floor((1 - (this.#similarity[i] as number)) * (STEPS - 1)) * PLACES + i;
    }
    keys.sort();
    const room = this.#similarity.length;
    const [similarity, a, b] = [new Float32Array(room), new Int32Array(room), new Int32Array(room)];
    this.#count = Math.min(count, this.#count);
    for (let i = 0; i < this.#count; i += 1) {
      const from = (keys[i] as number) % PLACES;
      similarity[i] = this.#similarity[from] as number;
      a[i] = this.#a[from] as number;
      b[i] = this.#b[from] as number;
    }
    [this.#similarity, this.#a, this.#b] = [similarity, a, b];
  }
}
