import { AppError } from '../config/app-error.ts';
import type { AnalysedFace, Candidate, Embedding, IdentifiedFace } from './face.ts';
import type { Gallery } from './ports.ts';

export interface RecognitionThresholds {
  /** Cosine that the best subject must reach, −1..1. */
  readonly threshold: number;
  /** Cosine by which it must be ahead of the second subject. */
  readonly margin: number;
}

/**
 * Looks every fit face up in the gallery. Per face and per frame: no face knows of another, no frame of the one before.
 *
 * @throws {AppError} EMBEDDING_MISMATCH when the faces were embedded by another model than the gallery's.
 */
export async function identify(
  faces: readonly AnalysedFace[],
  gallery: Gallery,
  thresholds: RecognitionThresholds,
): Promise<IdentifiedFace[]> {
  const probes: Embedding[] = [];
  for (const face of faces) if (face.unfit === null && face.embedding) probes.push(face.embedding);
  const found = probes.length > 0 ? await gallery.search(probes, 2) : [];
  if (found.length !== probes.length) {
    throw new AppError('GALLERY_UNAVAILABLE', `the gallery answered ${found.length} of ${probes.length} probes`);
  }
  let next = 0;
  return faces.map((face) => {
    if (face.unfit !== null || !face.embedding) return unfit(face);
    return judge(face, found[next++] ?? [], thresholds);
  });
}

function unfit(face: AnalysedFace): IdentifiedFace {
  return {
    ...face,
    status: 'unfit',
    subject: null,
    similarity: null,
    margin: null,
    reason: face.unfit ?? 'not_embedded',
  };
}

function judge(
  face: AnalysedFace,
  [best, second]: readonly Candidate[],
  { threshold, margin: requiredMargin }: RecognitionThresholds,
): IdentifiedFace {
  const unknown = { ...face, status: 'unknown', subject: null } as const;
  if (!best) return { ...unknown, similarity: null, margin: null, reason: 'empty_gallery' };
  const { similarity } = best;
  const margin = similarity - (second?.similarity ?? 0);
  // Written so that a NaN on either side is unknown.
  if (!(similarity >= threshold)) return { ...unknown, similarity, margin, reason: 'threshold' };
  if (!(margin >= requiredMargin)) return { ...unknown, similarity, margin, reason: 'margin' };
  return {
    ...face,
    status: 'known',
    subject: { id: best.subjectId, name: best.name },
    similarity,
    margin,
    reason: null,
  };
}
