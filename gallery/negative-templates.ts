import { lengthOf } from './embedding-blob.ts';

/**
 * "This is not X": what looks like a subject and is somebody else, or a poster. Only ever asked about the few candidates
 * that a search found, so each subject's own are compared one after the other, and none of them is ever a candidate.
 */
export class NegativeTemplates {
  readonly #bySubject = new Map<string, Map<string, Float32Array>>();
  readonly #subjectOf = new Map<string, string>();

  get size(): number {
    return this.#subjectOf.size;
  }

  has(templateId: string): boolean {
    return this.#subjectOf.has(templateId);
  }

  countOf(subjectId: string): number {
    return this.#bySubject.get(subjectId)?.size ?? 0;
  }

  /** @param vector not zero; copied, scaled to length 1. */
  put(templateId: string, subjectId: string, vector: Float32Array): void {
    this.remove(templateId);
    const scale = 1 / lengthOf(vector);
    let ofSubject = this.#bySubject.get(subjectId);
    if (!ofSubject) {
      ofSubject = new Map();
      this.#bySubject.set(subjectId, ofSubject);
    }
    ofSubject.set(
      templateId,
      vector.map((value) => value * scale),
    );
    this.#subjectOf.set(templateId, subjectId);
  }

  /** Nothing happens when the template is not there. */
  remove(templateId: string): void {
    const subjectId = this.#subjectOf.get(templateId);
    if (subjectId === undefined) return;
    const ofSubject = this.#bySubject.get(subjectId);
    // A face can be rebuilt from what would be left behind.
    ofSubject?.get(templateId)?.fill(0);
    ofSubject?.delete(templateId);
    if (ofSubject?.size === 0) this.#bySubject.delete(subjectId);
    this.#subjectOf.delete(templateId);
  }

  clear(): void {
    for (const id of [...this.#subjectOf.keys()]) this.remove(id);
  }

  /** Cosine of the probe and the most similar negative of the subject, −1..1; null where it has none. */
  similarity(subjectId: string, probe: Float32Array): number | null {
    const ofSubject = this.#bySubject.get(subjectId);
    const length = lengthOf(probe);
    if (!ofSubject || length === 0) return null;
    let best = -1;
    for (const vector of ofSubject.values()) {
      let sum = 0;
      for (let i = 0; i < vector.length; i += 1) sum += (vector[i] as number) * (probe[i] as number);
      best = Math.max(best, sum / length);
    }
    return Math.min(1, best);
  }
}
