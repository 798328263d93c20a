import type { SubjectRef } from '../../pipeline/face.ts';

export interface ConfusedPair {
  readonly a: SubjectRef;
  readonly b: SubjectRef;
  /** Greatest cosine of a template of the one with one of the other. */
  readonly similarity: number;
  /** Comparisons of the two that reach the threshold. */
  readonly reaching: number;
  /** As similar as two templates of one subject usually are: perhaps one person under two names. */
  readonly perhapsOne: boolean;
}

export interface ConfusedSubjects {
  /** From this similarity on a pair is listed. */
  readonly from: number;
  readonly found: number;
  /** Those whose similarity reaches the threshold. */
  readonly reaching: number;
  /** The most similar first, a hundred at most. */
  readonly pairs: readonly ConfusedPair[];
}

export interface ConfusedSubjectsOptions {
  readonly threshold: number;
  /** How far below the threshold a pair is worth naming. */
  readonly near: number;
  /** Comparisons below it may be missing. */
  readonly floor: number;
  /** Usual cosine of two templates of one subject; null where that is not known. */
  readonly medianOwn: number | null;
  readonly subject: (place: number) => SubjectRef;
}

const MOST = 100;

/** Subjects that are near the threshold to each other, or above it. @param comparisons columns, descending. */
export function confusedSubjects(
  comparisons: { similarity: Float32Array; a: Int32Array; b: Int32Array },
  { threshold, near, floor, medianOwn, subject }: ConfusedSubjectsOptions,
): ConfusedSubjects {
  const from = Math.max(threshold - near, floor);
  const pairs = new Map<number, { a: number; b: number; similarity: number; reaching: number }>();
  for (const [i, similarity] of comparisons.similarity.entries()) {
    if (!(similarity >= from)) break;
    const [a, b] = [comparisons.a[i]!, comparisons.b[i]!].sort((x, y) => x - y) as [number, number];
    const key = a * 2 ** 26 + b;
    const pair = pairs.get(key) ?? { a, b, similarity, reaching: 0 };
    if (similarity >= threshold) pair.reaching += 1;
    pairs.set(key, pair);
  }
  const all = [...pairs.values()];
  return {
    from,
    found: all.length,
    reaching: all.filter(({ reaching }) => reaching > 0).length,
    pairs: all.slice(0, MOST).map(({ a, b, similarity, reaching }) => ({
      a: subject(a),
      b: subject(b),
      similarity,
      reaching,
      perhapsOne: medianOwn !== null && similarity >= medianOwn,
    })),
  };
}
