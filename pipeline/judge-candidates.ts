import type { Candidate, IdentifiedFace } from './face.ts';

export interface RecognitionThresholds {
  /** Cosine that the best subject must reach, −1..1. */
  readonly threshold: number;
  /** Cosine by which it must be ahead of the second subject. */
  readonly margin: number;
}

export interface JudgeOptions extends RecognitionThresholds {
  /** Wall clock: a subject is known from `validFromMs` on and before `validUntilMs`. */
  readonly nowMs: number;
}

/** Who a probe is, without what is known of the face. */
export type Identity = Pick<
  IdentifiedFace,
  'status' | 'subject' | 'similarity' | 'margin' | 'groups' | 'lapsed' | 'reason'
>;

/**
 * Who the probe is that these candidates were found for, two of them at least where the gallery has as many; their order
 * does not matter. Of several reasons against the best one the first of threshold, negative, margin, expired is given.
 */
export function judgeCandidates(
  candidates: readonly Candidate[],
  { threshold, margin: requiredMargin, nowMs }: JudgeOptions,
): Identity {
  const unknown = { status: 'unknown', subject: null, groups: [], lapsed: null } as const;
  const [best, second] = [...candidates].sort(byRank);
  if (!best) return { ...unknown, similarity: null, margin: null, reason: 'empty_gallery' };
  const { similarity, negativeSimilarity, validFromMs, validUntilMs } = best;
  // One that cannot be ranked might have been the best: nobody is ahead of it.
  const rival = candidates.some((candidate) => !Number.isFinite(candidate.similarity))
    ? Number.NaN
    : second?.similarity;
  const margin = similarity - (rival ?? 0);
  const because = (reason: IdentifiedFace['reason']): Identity => ({ ...unknown, similarity, margin, reason });
  // Written so that a NaN on either side is unknown.
  if (!(similarity >= threshold && Number.isFinite(similarity))) return because('threshold');
  if (negativeSimilarity !== null && !(negativeSimilarity < similarity)) return because('negative');
  if (!(margin >= requiredMargin)) return because('margin');
  // Two subjects as similar as each other are nobody, even where no margin is asked for.
  if (rival !== undefined && !(similarity > rival)) return because('margin');
  const valid =
    nowMs >= (validFromMs ?? Number.NEGATIVE_INFINITY) && nowMs < (validUntilMs ?? Number.POSITIVE_INFINITY);
  const subject = { id: best.subjectId, name: best.name };
  if (!valid) return { ...because('expired'), lapsed: subject };
  return { status: 'known', subject, similarity, margin, groups: best.groups, lapsed: null, reason: null };
}

/** The most similar first; what is not a number last, equals by their id. */
function byRank(a: Candidate, b: Candidate): number {
  const [x, y] = [rankable(a.similarity), rankable(b.similarity)];
  if (x !== y) return y > x ? 1 : -1;
  return a.subjectId < b.subjectId ? -1 : 1;
}

function rankable(similarity: number): number {
  return Number.isFinite(similarity) ? similarity : Number.NEGATIVE_INFINITY;
}
