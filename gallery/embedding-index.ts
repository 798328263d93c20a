import { lengthOf } from './embedding-blob.ts';

export interface IndexHit {
  readonly subjectId: string;
  /** Cosine of the probe and the subject's best template, −1..1. */
  readonly similarity: number;
}

const FIRST_CAPACITY = 64;
/** Rows compared with every probe before the next rows are touched: 512 × 512 float32 stay in the second-level cache. */
const BLOCK = 512;

/**
 * Exact cosine search: unit vectors lie side by side in one Float32Array, shape [templates, width], in no order. Adding
 * appends a row, removing moves the last row into the gap; neither touches the others.
 */
export class EmbeddingIndex {
  readonly width: number;
  #rows: Float32Array;
  /** Template and subject of each row. */
  readonly #templates: string[] = [];
  readonly #subjects: string[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #templatesOf = new Map<string, number>();

  constructor(width: number) {
    this.width = width;
    this.#rows = new Float32Array(FIRST_CAPACITY * width);
  }

  /** Templates in the index. */
  get size(): number {
    return this.#templates.length;
  }

  /** Templates of one subject. */
  countOf(subjectId: string): number {
    return this.#templatesOf.get(subjectId) ?? 0;
  }

  /** @param vector shape [width], not zero; copied, scaled to length 1. Replaces the template's former vector. */
  put(templateId: string, subjectId: string, vector: Float32Array): void {
    this.remove(templateId);
    const row = this.size;
    if ((row + 1) * this.width > this.#rows.length) {
      const grown = new Float32Array(this.#rows.length * 2);
      grown.set(this.#rows);
      this.#rows.fill(0);
      this.#rows = grown;
    }
    const scale = 1 / lengthOf(vector);
    const start = row * this.width;
    for (let i = 0; i < this.width; i += 1) this.#rows[start + i] = (vector[i] as number) * scale;
    this.#templates.push(templateId);
    this.#subjects.push(subjectId);
    this.#rowOf.set(templateId, row);
    this.#templatesOf.set(subjectId, this.countOf(subjectId) + 1);
  }

  /** Empties it, and overwrites what was there. */
  clear(): void {
    this.#rows.fill(0);
    this.#rows = new Float32Array(FIRST_CAPACITY * this.width);
    this.#templates.length = 0;
    this.#subjects.length = 0;
    this.#rowOf.clear();
    this.#templatesOf.clear();
  }

  /** Nothing happens when the template is not there. */
  remove(templateId: string): void {
    const row = this.#rowOf.get(templateId);
    if (row === undefined) return;
    const last = this.size - 1;
    const subjectId = this.#subjects[row] as string;
    if (row !== last) {
      this.#rows.copyWithin(row * this.width, last * this.width, (last + 1) * this.width);
      this.#templates[row] = this.#templates[last] as string;
      this.#subjects[row] = this.#subjects[last] as string;
      this.#rowOf.set(this.#templates[row], row);
    }
    // A face can be rebuilt from what would be left behind.
    this.#rows.fill(0, last * this.width, (last + 1) * this.width);
    this.#templates.pop();
    this.#subjects.pop();
    this.#rowOf.delete(templateId);
    const left = this.countOf(subjectId) - 1;
    if (left > 0) this.#templatesOf.set(subjectId, left);
    else this.#templatesOf.delete(subjectId);
  }

  /**
   * @param probes each of shape [width]; one that is zero or holds something that is not a number finds nobody.
   * @returns for each probe the `k` most similar subjects, best first, each by its best template.
   */
  search(probes: readonly Float32Array[], k: number): IndexHit[][] {
    const found = probes.map((): Best => ({ subjects: [], similarities: [], floor: Number.NEGATIVE_INFINITY }));
    const scales = probes.map((probe) => 1 / lengthOf(probe));
    for (let block = 0; block < this.size; block += BLOCK) {
      const end = Math.min(block + BLOCK, this.size);
      for (const [p, probe] of probes.entries()) {
        const scale = scales[p] as number;
        if (Number.isFinite(scale)) this.#scan(probe, scale, block, end, found[p] as Best, k);
      }
    }
    return found.map(({ subjects, similarities }) =>
      subjects.map((subjectId, i) => ({ subjectId, similarity: clampCosine(similarities[i] as number) })),
    );
  }

  #scan(probe: Float32Array, scale: number, from: number, to: number, best: Best, k: number): void {
    const { width } = this;
    for (let row = from; row < to; row += 1) {
      const similarity = dot(this.#rows, row * width, probe, width) * scale;
      if (similarity > best.floor) keep(best, this.#subjects[row] as string, similarity, k);
    }
  }
}

/** The best so far, descending; `floor` is what a newcomer must exceed. */
interface Best {
  readonly subjects: string[];
  readonly similarities: number[];
  floor: number;
}

function keep(best: Best, subjectId: string, similarity: number, k: number): void {
  const { subjects, similarities } = best;
  const before = subjects.indexOf(subjectId);
  if (before >= 0) {
    if (similarity <= (similarities[before] as number)) return;
    subjects.splice(before, 1);
    similarities.splice(before, 1);
  }
  let place = subjects.length;
  while (place > 0 && (similarities[place - 1] as number) < similarity) place -= 1;
  subjects.splice(place, 0, subjectId);
  similarities.splice(place, 0, similarity);
  if (subjects.length > k) {
    subjects.length = k;
    similarities.length = k;
  }
  if (subjects.length === k) best.floor = similarities[k - 1] as number;
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

function clampCosine(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
