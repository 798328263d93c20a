import type { Interval } from './wilson-interval.ts';

/** Scores of a gallery, as columns: one row of `genuine` and of `topImpostors` for each comparison. */
export interface SubjectScores {
  readonly subjects: number;
  readonly genuine: { readonly subject: ArrayLike<number>; readonly similarity: ArrayLike<number> };
  /** The most similar comparisons of two subjects, descending: several times as many as `far` of all. */
  readonly topImpostors: {
    readonly a: ArrayLike<number>;
    readonly b: ArrayLike<number>;
    readonly similarity: ArrayLike<number>;
  };
  /** Comparisons of different subjects, each counted as often as both of its subjects were drawn. */
  impostorsAmong(drawn: ArrayLike<number>): number;
}

/** 95 % intervals. */
export interface DrawnPoint {
  readonly tar: Interval;
  /** Of the similarity above which a comparison is accepted. */
  readonly limit: Interval;
}

/**
 * 95 % intervals of the TAR at a FAR and of its limit, by drawing subjects with replacement: comparisons that share a subject are not
 * independent, so an interval over comparisons would be too narrow. The limit is found anew in every round. A comparison of
 * strangers counts as often as both were drawn; a subject is never a stranger to its own double.
 *
 * @param random numbers in 0..1.
 */
export function bootstrapTarAtFar(
  scores: SubjectScores,
  { far, rounds, random }: { far: number; rounds: number; random: () => number },
): DrawnPoint {
  const { subjects, genuine } = scores;
  const tars: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const drawn = drawSubjects(subjects, random);
    const limit = limitOf(scores, drawn, far);
    if (limit === null) continue;
    limits.push(limit);
    let all = 0;
    let accepted = 0;
    for (let i = 0; i < genuine.similarity.length; i += 1) {
      const weight = drawn[genuine.subject[i]!]!;
      all += weight;
      if (genuine.similarity[i]! > limit) accepted += weight;
    }
    if (all > 0) tars.push(accepted / all);
  }
  return { tar: middle95(tars), limit: middle95(limits) };
}

/** How often each subject was drawn: as many draws as there are subjects, with replacement. */
export function drawSubjects(subjects: number, random: () => number): Uint16Array {
  const drawn = new Uint16Array(subjects);
  for (let i = 0; i < subjects; i += 1) drawn[Math.floor(random() * subjects)]! += 1;
  return drawn;
}

/** Where the middle 95 % of `values` lie; sorts them. NaN for both where there are none. */
export function middle95(values: number[]): Interval {
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))] ?? Number.NaN;
  return [at(0.025), at(0.975)];
}

/** Null where nobody but one and the same subject was drawn. */
function limitOf({ topImpostors, impostorsAmong }: SubjectScores, drawn: Uint16Array, far: number): number | null {
  const all = impostorsAmong(drawn);
  if (all === 0) return null;
  const mayPass = far * all;
  const { a, b, similarity } = topImpostors;
  let passed = 0;
  for (let i = 0; i < similarity.length; i += 1) {
    passed += drawn[a[i]!]! * drawn[b[i]!]!;
    if (passed > mayPass) return similarity[i]!;
  }
  throw new Error(`${similarity.length} impostor comparisons are too few to find the limit at a FAR of ${far}`);
}
