/** The best template of a subject. */
export interface BestTemplate {
  /** Number of the subject in the rows. */
  readonly subject: number;
  readonly similarity: number;
  readonly row: number;
}

/**
 * The `k` most similar subjects, each by its best template. Of equal similarities the lower row comes first: rows must be
 * offered in ascending order.
 */
export class BestSubjects {
  readonly #k: number;
  readonly #best: BestTemplate[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  /** What any template must exceed to be kept: −∞ while there are fewer than `k` subjects. */
  get floor(): number {
    return this.#best.length < this.#k
      ? Number.NEGATIVE_INFINITY
      : (this.#best[this.#k - 1] as BestTemplate).similarity;
  }

  /** What a template of `subject` must exceed. */
  floorOf(subject: number): number {
    for (const held of this.#best) if (held.subject === subject) return held.similarity;
    return this.floor;
  }

  offer(template: BestTemplate): void {
    const best = this.#best;
    if (!(template.similarity > this.floorOf(template.subject))) return;
    const before = best.findIndex((held) => held.subject === template.subject);
    if (before >= 0) best.splice(before, 1);
    let place = best.length;
    while (place > 0 && (best[place - 1] as BestTemplate).similarity < template.similarity) place -= 1;
    best.splice(place, 0, template);
    if (best.length > this.#k) best.length = this.#k;
  }

  /** Best first. */
  get list(): readonly BestTemplate[] {
    return this.#best;
  }
}

/** What was found in several parts of the rows, together. */
export function mergeBest(parts: readonly (readonly BestTemplate[])[], k: number): readonly BestTemplate[] {
  const merged = new BestSubjects(k);
  for (const template of parts.flat().sort((a, b) => b.similarity - a.similarity || a.row - b.row))
    merged.offer(template);
  return merged.list;
}
