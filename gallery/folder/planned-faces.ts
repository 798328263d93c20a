import type { AppError } from '../../config/app-error.ts';
import type { Embedding } from '../../pipeline/face.ts';
import { nameKey } from '../../pipeline/name-key.ts';
import { subjectCollision } from '../subject-collision.ts';
import { cosine } from '../unknowns/kept-face.ts';

/** What a dry run would have enrolled so far: later pictures are judged by it as if it had. */
export class PlannedFaces {
  readonly #threshold: number;
  readonly #faces: { readonly name: string; readonly vector: Float32Array }[] = [];
  readonly #files = new Set<string>();

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** @param embedding null for a negative template, which nobody collides with. */
  add(name: string, hash: string, embedding: Embedding | null): void {
    if (embedding) this.#faces.push({ name, vector: embedding.vector });
    this.#files.add(`${nameKey(name)} ${hash}`);
  }

  has(name: string, hash: string): boolean {
    return this.#files.has(`${nameKey(name)} ${hash}`);
  }

  /** The refusal of a face that looks like another one of them; null where it does not. */
  collisionWith(name: string, { vector }: Embedding): AppError | null {
    let best = this.#threshold;
    let other: string | null = null;
    for (const planned of this.#faces) {
      if (nameKey(planned.name) === nameKey(name)) continue;
      const similarity = cosine(vector, planned.vector);
      if (similarity < best) continue;
      best = similarity;
      other = planned.name;
    }
    if (other === null) return null;
    return subjectCollision({ name, other: { id: null, name: other }, similarity: best, threshold: this.#threshold });
  }
}
