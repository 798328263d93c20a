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
  readonly similarity: number;
  readonly margin: number;
}

/**
 * The subjects that are known in the picture, each by its most similar face. `identify` has judged already; what it said
 * is checked again here, because a door opens by it: anything unfit, unmeasured, below the threshold or not a number is
 * left out.
 */
export function recognisedFaces({ faces, threshold }: FrameResult): RecognisedFace[] {
  const bySubject = new Map<string, RecognisedFace>();
  for (const face of faces) {
    const { status, subject, similarity, margin } = face;
    if (status !== 'known' || !subject?.id || !subject.name || !isFit(face)) continue;
    if (!isNumber(similarity) || !isNumber(margin) || margin < 0 || !(similarity >= threshold)) continue;
    const better = bySubject.get(subject.id);
    if (better && better.similarity >= similarity) continue;
    bySubject.set(subject.id, { box: face.box, quality: face.quality, subject, similarity, margin });
  }
  return [...bySubject.values()];
}

/** The faces that are fit to be recognised, and are nobody whom the gallery knows. */
export function unknownFaces({ faces }: FrameResult): DecidableFace[] {
  return faces.flatMap((face) =>
    face.status === 'unknown' && isFit(face)
      ? [{ box: face.box, similarity: face.similarity, margin: face.margin, quality: face.quality }]
      : [],
  );
}

function isFit(face: IdentifiedFace): face is IdentifiedFace & { quality: number } {
  return face.unfit === null && isNumber(face.quality);
}

function isNumber(value: number | null): value is number {
  return Number.isFinite(value);
}
