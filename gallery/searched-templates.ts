import { EmbeddingIndex, type EmbeddingIndexOptions, type IndexHit } from './embedding-index.ts';
import type { GalleryModel } from './gallery-rows.ts';
import { NegativeTemplates } from './negative-templates.ts';
import type { TemplateKind } from './subject.ts';

/** What a cosine `c` of one model says on another one's scale: `factor · c + offset`; `factor` > 0. */
export interface CosineScale {
  readonly factor: number;
  readonly offset: number;
}

export interface SearchedTemplatesOptions {
  of: GalleryModel;
  /** Numbers in an embedding. */
  width: number;
  /** From this model's cosines to those that are answered. Default: as they are. */
  onto?: CosineScale;
  index?: EmbeddingIndexOptions | undefined;
}

/** The templates of one model in memory, searched. */
export class SearchedTemplates {
  readonly of: GalleryModel;
  readonly width: number;
  readonly #onto: CosineScale;
  readonly #index: EmbeddingIndex;
  readonly #negatives = new NegativeTemplates();

  constructor({ of, width, onto = { factor: 1, offset: 0 }, index }: SearchedTemplatesOptions) {
    this.of = of;
    this.width = width;
    this.#onto = onto;
    this.#index = new EmbeddingIndex(width, index);
  }

  get size(): number {
    return this.#index.size + this.#negatives.size;
  }

  countOf(subjectId: string): number {
    return this.#index.countOf(subjectId) + this.#negatives.countOf(subjectId);
  }

  /** Whether the subject can be found: one that has negative templates alone cannot. */
  canFind(subjectId: string): boolean {
    return this.#index.countOf(subjectId) > 0;
  }

  /** @param vector shape [width], not zero; copied, scaled to length 1. @throws {AppError} GALLERY_UNAVAILABLE */
  put(templateId: string, subjectId: string, kind: TemplateKind, vector: Float32Array): void {
    this.remove(templateId);
    (kind === 'negative' ? this.#negatives : this.#index).put(templateId, subjectId, vector);
  }

  /** Nothing happens when the template is not there. */
  remove(templateId: string): void {
    this.#index.remove(templateId);
    this.#negatives.remove(templateId);
  }

  /** Overwrites what was there. */
  clear(): void {
    this.#index.clear();
    this.#negatives.clear();
  }

  /** Waits for the threads. Idempotent. */
  async close(): Promise<void> {
    const searched = this.#index.close();
    this.clear();
    await searched;
  }

  /**
   * @param probes each of shape [width]; null, one that is zero or holds something that is not a number finds nobody.
   * @returns for each probe the `k` most similar subjects, best first; similarities on the scale that is answered.
   * @throws {AppError} GALLERY_UNAVAILABLE
   */
  async search(probes: readonly (Float32Array | null)[], k: number): Promise<IndexHit[][]> {
    const given = probes.filter((probe) => probe !== null);
    const found = given.length > 0 ? await this.#index.search(given, k) : [];
    let next = 0;
    return probes.map((probe) => {
      const hits = probe ? (found[next++] ?? []) : [];
      return hits.map(({ subjectId, similarity }) => ({ subjectId, similarity: this.carried(similarity) }));
    });
  }

  /** Of probe and the subject's most similar negative template, on the scale that is answered; null without one. */
  negativeSimilarity(subjectId: string, probe: Float32Array): number | null {
    const similarity = this.#negatives.similarity(subjectId, probe);
    return similarity === null ? null : this.carried(similarity);
  }

  /** A cosine of this model on the scale that is answered, −1..1. Keeps the order. */
  carried(cosine: number): number {
    const { factor, offset } = this.#onto;
    return Math.max(-1, Math.min(1, factor * cosine + offset));
  }
}
