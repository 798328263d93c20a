import type { CompareCalibration } from '../server-parts.ts';

/** CompreFace's own curve: `(tanh((c0 − d) · c1) + 1) / 2`, d the Euclidean distance of two unit embeddings, 0..2. */
export interface SimilarityCurve {
  readonly c0: number;
  readonly c1: number;
}

/** The largest answer that a client with the customary threshold of 0.5 takes for a stranger, at CompreFace's five digits. */
const STRANGER_AT_MOST = 0.49999;
const RECOGNISED_AT_LEAST = 0.5;
/** Keeps the curve from lying flat where the threshold is set to 1 (then d is 0 there). */
const LEAST_DISTANCE = 0.1;

/**
 * The curve for a recogniser: 0.5 lies at its threshold, and there it is as steep as the recogniser's own map of cosines.
 *
 * With cos = 1 − d²/2 the threshold t lies at c0 = √(2 − 2t), where a cosine falls by c0 for each unit of d. Our map
 * `1 / (1 + exp(−slope · (cos − t)))` is `(tanh(slope / 2 · (cos − t)) + 1) / 2`, hence c1 = slope / 2 · c0.
 *
 * @param threshold cosine, −1..1: the one in use, which the settings may have changed.
 * @param slope of the recogniser's calibration, for cosines; positive.
 */
export function similarityCurve({
  threshold,
  slope,
}: Pick<CompareCalibration, 'threshold' | 'slope'>): SimilarityCurve {
  const c0 = distanceOf(threshold);
  return { c0, c1: (slope / 2) * Math.max(c0, LEAST_DISTANCE) };
}

/** The curve's value at a cosine, 0..1; not a number gives 0. */
export function similarityAt({ c0, c1 }: SimilarityCurve, cosine: number): number {
  if (Number.isNaN(cosine)) return 0;
  return (Math.tanh((c0 - distanceOf(cosine)) * c1) + 1) / 2;
}

/**
 * What CompreFace's clients are told, five digits. They take 0.5 for recognised, whatever else facegate has against it (the
 * margin, a validity that is over, a face that is not fit): so 0.5 is reached where facegate says so too, and nowhere else.
 */
export function toldSimilarity(curve: SimilarityCurve, cosine: number, recognised: boolean): number {
  const similarity = Math.round(similarityAt(curve, cosine) * 1e5) / 1e5;
  return recognised ? Math.max(similarity, RECOGNISED_AT_LEAST) : Math.min(similarity, STRANGER_AT_MOST);
}

function distanceOf(cosine: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * Math.min(1, cosine)));
}
