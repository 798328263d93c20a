/** Two pictures that were compared. */
export interface ScoredPair {
  /** They show one person. */
  readonly same: boolean;
  /** Cosine; null where a face was not found or not embedded: such a pair counts as answered wrongly. */
  readonly similarity: number | null;
}

/** How many pairs a threshold answers rightly: genuine ones from it on, impostors below it, failed ones never. */
export function countRight(pairs: readonly ScoredPair[], threshold: number): number {
  let right = 0;
  for (const { same, similarity } of pairs) if (similarity !== null && similarity >= threshold === same) right += 1;
  return right;
}
