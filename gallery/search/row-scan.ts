import { BestSubjects } from './best-subjects.ts';
import { LARGEST_GROUP } from './product-kernel.ts';
import { FULL_PRODUCT, quantisationError, quantise } from './quantise.ts';
import { BLOCK_ROWS, interleave, MOST_PROBES, quantisedBytes, type Segment } from './segment.ts';

type GroupSize = 1 | 2 | 4;

interface Group {
  readonly size: GroupSize;
  /** Index of its first probe; its last ones may be missing. */
  readonly first: number;
  readonly count: number;
}

/** Below every product. */
const ANY = -0x8000_0000;

/**
 * One thread's search for a few probes, in as many pieces of the rows as it is given, in ascending order.
 *
 * Exact, and yet it reads half the bytes: a block of quantised rows is compared first, with four probes at a time. A row
 * whose product is too low to be among the best even with the largest error that quantising can make is passed over; the
 * others are compared as they are, in float32. As soon as the first few are found, nearly every row is passed over.
 */
export class RowScan {
  readonly best: readonly BestSubjects[];
  readonly #probes: readonly Float32Array[];
  readonly #lane: number;
  readonly #groups: readonly Group[];
  readonly #packed: Int16Array;
  /** What a product must exceed to be looked at, one for each probe. */
  readonly #limits: Float64Array;
  readonly #error: number;
  readonly #rowNumbers: number;
  readonly #laidOut = new Set<Segment>();

  /**
   * @param probes 1 to {@link MOST_PROBES}, unit vectors.
   * @param lane the thread's own, below LANES.
   */
  constructor(probes: readonly Float32Array[], k: number, lane: number) {
    if (probes.length > MOST_PROBES) throw new RangeError(`${probes.length} probes, at most ${MOST_PROBES} at once`);
    const width = probes[0]?.length ?? 0;
    this.best = probes.map(() => new BestSubjects(k));
    this.#probes = probes;
    this.#lane = lane;
    this.#groups = groupsOf(probes.length);
    this.#error = quantisationError(width);
    this.#limits = new Float64Array(probes.length).fill(ANY);
    this.#rowNumbers = quantisedBytes(width) / 2;
    this.#packed = new Int16Array(MOST_PROBES * this.#rowNumbers);
    for (const { first, count, size } of this.#groups) {
      const quantised = probes.slice(first, first + count).map((probe) => {
        const target = new Int16Array(this.#rowNumbers);
        quantise(probe, target);
        return target;
      });
      interleave(quantised, size, this.#packed.subarray(first * this.#rowNumbers));
    }
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
      for (const group of this.#groups) {
        const at = probesAt + group.first * this.#rowNumbers * 2;
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

  #judge(segment: Segment, from: number, to: number, { size, first, count }: Group, answers: Int32Array): void {
    for (let p = 0; p < count; p += 1) {
      const probe = first + p;
      let highest = ANY;
      for (let word = p; word < 4; word += size) highest = Math.max(highest, answers[word] as number);
      if (!(highest > (this.#limits[probe] as number))) continue;
      for (let row = from; row < to; row += 1) {
        const product = answers[4 + (row - from) * 4 + p] as number;
        if (product > (this.#limits[probe] as number)) this.#look(segment, row, probe, product);
      }
    }
  }

  /** Compares as they are, unless the row's subject is known to be better than `product` can be. */
  #look(segment: Segment, row: number, probe: number, product = Number.POSITIVE_INFINITY): void {
    const best = this.best[probe] as BestSubjects;
    const subject = segment.subjects[row] as number;
    if (!(product > this.#limit(best.floorOf(subject)))) return;
    const { width, firstRow } = segment.share;
    const similarity = dot(segment.exact, row * width, this.#probes[probe] as Float32Array, width);
    best.offer({ subject, similarity, row: firstRow + row });
    this.#limits[probe] = this.#limit(best.floor);
  }

  #limit(floor: number): number {
    return floor === Number.NEGATIVE_INFINITY ? ANY : (floor - this.#error) * FULL_PRODUCT;
  }
}

/** Groups of four; the rest is a group of one, two or four. */
function groupsOf(probes: number): Group[] {
  const groups: Group[] = [];
  for (let first = 0; first < probes; first += LARGEST_GROUP) {
    const count = Math.min(LARGEST_GROUP, probes - first);
    groups.push({ size: count > 2 ? 4 : (count as GroupSize), first, count });
  }
  return groups;
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
