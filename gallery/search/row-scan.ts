import { BestSubjects } from './best-subjects.ts';
import { groupsOf, type ProbeGroup, packGroup } from './probe-group.ts';
import { wordsOf } from './product-kernel.ts';
import { BLOCK_ROWS, groupBytes, MOST_PROBES, type Segment } from './segment.ts';

/**
 * One thread's search for a few probes, in as many pieces of the rows as it is given, in ascending order.
 *
 * Exact, and yet it reads a quarter of the bytes: a block of quantised rows is compared first, with up to eight probes at a time.
 * A row whose product is too low to be among the best, even with all that quantising it and the probe has moved it by, is
 * passed over; the others are compared as they are, in float32. As soon as the first few are found, nearly every row is
 * passed over.
 */
export class RowScan {
  readonly best: readonly BestSubjects[];
  readonly #probes: readonly Float32Array[];
  readonly #lane: number;
  readonly #groups: readonly ProbeGroup[];
  readonly #packed: Uint8Array;
  readonly #groupBytes: number;
  /** For each probe: from a floor to what the kernels' value must exceed. */
  readonly #least: readonly ((floor: number) => number)[];
  /** What a value must exceed to be looked at, one for each probe. */
  readonly #limits: Float64Array;
  readonly #laidOut = new Set<Segment>();

  /**
   * @param probes 1 to {@link MOST_PROBES}, unit vectors.
   * @param lane the thread's own, below LANES.
   */
  constructor(probes: readonly Float32Array[], k: number, lane: number) {
    if (probes.length > MOST_PROBES) throw new RangeError(`${probes.length} probes, at most ${MOST_PROBES} at once`);
    this.best = probes.map(() => new BestSubjects(k));
    this.#probes = probes;
    this.#lane = lane;
    this.#groups = groupsOf(probes.length);
    this.#limits = new Float64Array(probes.length).fill(Number.NEGATIVE_INFINITY);
    this.#groupBytes = groupBytes(probes[0]?.length ?? 0);
    this.#packed = new Uint8Array(this.#groups.length * this.#groupBytes);
    this.#least = this.#groups.flatMap(({ first, count, size }, group) =>
      packGroup(
        probes.slice(first, first + count),
        size,
        this.#packed.subarray(group * this.#groupBytes, (group + 1) * this.#groupBytes),
      ),
    );
  }

  /** @param from, to rows of this segment, `to` exclusive. */
  scan(segment: Segment, from: number, to: number): void {
    const { kernels } = segment;
    if (!kernels) {
      for (let row = from; row < to; row += 1)
        for (let p = 0; p < this.#probes.length; p += 1) this.#look(segment, row, p);
      return;
    }
    if (!this.#laidOut.has(segment)) {
      segment.laneProbes(this.#lane).set(this.#packed);
      this.#laidOut.add(segment);
    }
    const probesAt = segment.laneAt(this.#lane);
    const answersAt = segment.answersAt(this.#lane);
    const answers = segment.answers(this.#lane);
    for (let row = from; row < to; row += BLOCK_ROWS) {
      const end = Math.min(row + BLOCK_ROWS, to);
      for (const [i, group] of this.#groups.entries()) {
        const at = probesAt + i * this.#groupBytes;
        kernels[group.size](segment.quantisedAt(row), segment.quantisedAt(end), at, answersAt);
        this.#judge(segment, row, end, group, answers);
      }
    }
  }

  /** Overwrites what was laid out of the probes. */
  wipe(): void {
    for (const segment of this.#laidOut) {
      segment.laneProbes(this.#lane).fill(0);
      segment.answers(this.#lane).fill(0);
    }
    this.#laidOut.clear();
    this.#packed.fill(0);
  }

  #judge(segment: Segment, from: number, to: number, { size, first, count }: ProbeGroup, answers: Float32Array): void {
    const words = wordsOf(size);
    for (let p = 0; p < count; p += 1) {
      const probe = first + p;
      let greatest = Number.NEGATIVE_INFINITY;
      for (let word = p; word < words; word += size) greatest = Math.max(greatest, answers[word] as number);
      if (!(greatest > (this.#limits[probe] as number))) continue;
      for (let row = from; row < to; row += 1) {
        const value = answers[(1 + row - from) * words + p] as number;
        if (value > (this.#limits[probe] as number)) this.#look(segment, row, probe, value);
      }
    }
  }

  /** Compares as they are, unless the row's subject is known to be better than `value` can mean. */
  #look(segment: Segment, row: number, probe: number, value = Number.POSITIVE_INFINITY): void {
    const best = this.best[probe] as BestSubjects;
    const least = this.#least[probe] as (floor: number) => number;
    const subject = segment.subjects[row] as number;
    if (!(value > least(best.floorOf(subject)))) return;
    const { width, firstRow } = segment.share;
    const similarity = dot(segment.exact, row * width, this.#probes[probe] as Float32Array, width);
    best.offer({ subject, similarity, row: firstRow + row });
    this.#limits[probe] = least(best.floor);
  }
}

/** Eight sums side by side: one alone waits for each addition, and they let the processor overlap them. */
function dot(rows: Float32Array, start: number, probe: Float32Array, width: number): number {
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  let e = 0;
  let f = 0;
  let g = 0;
  let h = 0;
  let i = 0;
  let j = start;
  for (; i + 8 <= width; i += 8, j += 8) {
    a += (rows[j] as number) * (probe[i] as number);
    b += (rows[j + 1] as number) * (probe[i + 1] as number);
    c += (rows[j + 2] as number) * (probe[i + 2] as number);
    d += (rows[j + 3] as number) * (probe[i + 3] as number);
    e += (rows[j + 4] as number) * (probe[i + 4] as number);
    f += (rows[j + 5] as number) * (probe[i + 5] as number);
    g += (rows[j + 6] as number) * (probe[i + 6] as number);
    h += (rows[j + 7] as number) * (probe[i + 7] as number);
  }
  for (; i < width; i += 1, j += 1) a += (rows[j] as number) * (probe[i] as number);
  return a + b + (c + d) + (e + f) + (g + h);
}
