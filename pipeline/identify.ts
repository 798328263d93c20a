import { AppError } from '../config/app-error.ts';
import type { AnalysedFace, IdentifiedFace, Probe } from './face.ts';
import { type JudgeOptions, judgeCandidates } from './judge-candidates.ts';
import type { Gallery } from './ports.ts';

export type { RecognitionThresholds } from './judge-candidates.ts';

/**
 * Looks every fit face up in the gallery. Per face and per frame: no face knows of another, no frame of the one before. A
 * face whose embedding is zero, or holds what is no number, is unfit (`not_embedded`).
 *
 * @throws {AppError} EMBEDDING_MISMATCH when the faces were embedded by another model than the gallery's.
 */
export async function identify(
  faces: readonly AnalysedFace[],
  gallery: Gallery,
  options: JudgeOptions,
): Promise<IdentifiedFace[]> {
  const probes: Probe[] = [];
  const isProbe = ({ unfit, embedding }: AnalysedFace) =>
    unfit === null && embedding !== null && hasDirection(embedding);
  for (const face of faces) if (isProbe(face)) probes.push(face.embedding as Probe);
  const found = probes.length > 0 ? await gallery.search(probes, 2) : [];
  if (found.length !== probes.length) {
    throw new AppError('GALLERY_UNAVAILABLE', `the gallery answered ${found.length} of ${probes.length} probes`);
  }
  let next = 0;
  return faces.map((face) => {
    if (!isProbe(face)) return unfit(face);
    return { ...face, ...judgeCandidates(found[next++] ?? [], options) };
  });
}

function unfit(face: AnalysedFace): IdentifiedFace {
  return {
    ...face,
    status: 'unfit',
    subject: null,
    similarity: null,
    margin: null,
    groups: [],
    lapsed: null,
    reason: face.unfit ?? 'not_embedded',
  };
}

function hasDirection({ vector }: Probe): boolean {
  let squares = 0;
  for (const value of vector) squares += value * value;
  return squares > 0 && Number.isFinite(squares);
}
