import { countRight, type ScoredPair } from './scored-pair.ts';

export interface CrossValidation {
  /** Share of all pairs that were answered rightly, each with a threshold that was chosen without its fold. */
  readonly accuracy: number;
  readonly right: number;
  readonly pairs: number;
  /** Mean of the folds' thresholds. */
  readonly threshold: number;
  readonly folds: readonly { readonly threshold: number; readonly accuracy: number }[];
}

/**
 * Accuracy as LFW defines it: for each fold the threshold that is best on the other folds. Folds are consecutive blocks
 * of the genuine and of the impostor pairs, in the order given: pairs of one person, who stand together in LFW's list,
 * then mostly share a fold.
 */
export function crossValidate(pairs: readonly ScoredPair[], folds = 10): CrossValidation {
  const blocks: ScoredPair[][] = Array.from({ length: folds }, () => []);
  for (const kind of [true, false]) {
    const ofKind = pairs.filter(({ same }) => same === kind);
    ofKind.forEach((pair, i) => {
      blocks[Math.floor((i * folds) / ofKind.length)]!.push(pair);
    });
  }
  const results = blocks.map((block, held) => {
    const threshold = bestThreshold(blocks.filter((_, i) => i !== held).flat());
    const right = countRight(block, threshold);
    return { threshold, right, accuracy: right / block.length };
  });
  const right = results.reduce((sum, fold) => sum + fold.right, 0);
  return {
    accuracy: right / pairs.length,
    right,
    pairs: pairs.length,
    threshold: results.reduce((sum, fold) => sum + fold.threshold, 0) / folds,
    folds: results.map(({ threshold, accuracy }) => ({ threshold, accuracy })),
  };
}

/** The threshold that answers most pairs rightly; of several that do, the middle one. */
export function bestThreshold(pairs: readonly ScoredPair[]): number {
  const scored = pairs
    .filter((pair): pair is { same: boolean; similarity: number } => pair.similarity !== null)
    .sort((a, b) => a.similarity - b.similarity);
  if (scored.length === 0) throw new Error('there is no pair that was compared: no threshold can be chosen');
  // Below everything all genuine pairs are right; each step up loses a genuine or gains an impostor.
  let right = scored.filter(({ same }) => same).length;
  let most = right;
  let best = [scored[0]!.similarity];
  scored.forEach(({ same, similarity }, i) => {
    right += same ? -1 : 1;
    const next = scored[i + 1]?.similarity;
    if (next === similarity || right < most) return;
    if (right > most) best = [];
    most = right;
    best.push(next === undefined ? similarity + Number.EPSILON : (similarity + next) / 2);
  });
  return best[best.length >> 1] as number;
}
