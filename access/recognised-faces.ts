import type { Box, IdentifiedFace, SubjectRef } from '../pipeline/face.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';

/** A face that a decision may rest on: every number in it is one. */
export interface DecidableFace {
  readonly box: Box;
  readonly similarity: number | null;
  readonly margin: number | null;
  readonly quality: number;
}

export interface RecognisedFace extends DecidableFace {
  readonly subject: SubjectRef;
  readonly groups: readonly string[];
  readonly similarity: number;
  readonly margin: number;
  /** What the liveness network said, 0..1; the least of all faces taken for this subject. Null where none did. */
  readonly liveness: number | null;
}

/** A fit face of somebody who is known, but not at this time. */
export interface LapsedFace extends DecidableFace {
  readonly subject: SubjectRef;
}

/**
 * The subjects that are known in the picture, each by its most similar face. `identify` has judged already; what it said
 * is checked again here, because a door opens by it: anything unfit, unmeasured, below the threshold or not a number is
 * left out.
 */
export function recognisedFaces({ faces, threshold }: FrameResult): RecognisedFace[] {
  const bySubject = new Map<string, RecognisedFace>();
  for (const face of faces) {
    const { status, subject, groups, similarity, margin } = face;
    if (status !== 'known' || !subject?.id || !subject.name || !isFit(face)) continue;
    if (!isNumber(similarity) || !isNumber(margin) || margin < 0 || !(similarity >= threshold)) continue;
    const found = { box: face.box, quality: face.quality, subject, groups, similarity, margin };
    const other = bySubject.get(subject.id);
    const liveness = other ? lesser(livenessOf(face), other.liveness) : livenessOf(face);
    const best = other && other.similarity >= similarity ? other : found;
    bySubject.set(subject.id, { ...best, liveness });
  }
  return [...bySubject.values()];
}

/** The fit faces of subjects that are not valid now. */
export function lapsedFaces({ faces }: FrameResult): LapsedFace[] {
  return faces.flatMap((face) =>
    face.status === 'unknown' && face.lapsed && isFit(face) ? [{ ...decidable(face), subject: face.lapsed }] : [],
  );
}

/** The faces that are fit to be recognised, and are nobody whom the gallery knows. */
export function unknownFaces({ faces }: FrameResult): DecidableFace[] {
  return faces.flatMap((face) => (face.status === 'unknown' && !face.lapsed && isFit(face) ? [decidable(face)] : []));
}

/** The faces of those who stand there and cannot be recognised. Whoever is far away or half outside is not there yet. */
export function unfitFaces({ faces }: FrameResult): UnfitFace[] {
  return faces.flatMap(({ unfit, box, quality }) =>
    unfit === null || unfit === 'too_small' || unfit === 'cut_off'
      ? []
      : [{ box, quality, similarity: null, margin: null }],
  );
}

export interface UnfitFace extends Omit<DecidableFace, 'quality'> {
  readonly quality: number | null;
}

/** Whether the networks or the gallery said something of the face that is no number, or has no direction. */
export function isUnusable({ status, unfit, quality, similarity, margin, reason }: IdentifiedFace): boolean {
  if (unfit !== null) return unfit === 'not_embedded';
  if (status === 'unfit') return true;
  if (!isNumber(quality)) return true;
  return reason !== 'empty_gallery' && !(isNumber(similarity) && isNumber(margin));
}

function decidable(face: IdentifiedFace & { quality: number }): DecidableFace {
  return { box: face.box, similarity: face.similarity, margin: face.margin, quality: face.quality };
}

function isFit(face: IdentifiedFace): face is IdentifiedFace & { quality: number } {
  return face.unfit === null && isNumber(face.quality);
}

function livenessOf({ scores }: IdentifiedFace): number | null {
  const { liveness } = scores;
  return isNumber(liveness ?? null) ? (liveness as number) : null;
}

function lesser(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.min(a, b);
}

function isNumber(value: number | null): value is number {
  return Number.isFinite(value);
}
