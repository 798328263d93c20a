export interface BestTwo {
  readonly person: number;
  readonly similarity: number;
  /** By how much the second one is behind; a sole person's margin is to zero similarity, as in the product. */
  readonly margin: number;
}

/** Whom a picture resembles most in a gallery of one picture each. @param gallery the picture of each person. */
export function bestTwo(
  probe: number,
  gallery: ReadonlyMap<number, number>,
  similarity: (a: number, b: number) => number,
): BestTwo {
  let [best, second, person] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, -1];
  for (const [enrolled, template] of gallery) {
    const value = similarity(probe, template);
    if (value > best) [best, second, person] = [value, best, enrolled];
    else if (value > second) second = value;
  }
  return { person, similarity: best, margin: best - (gallery.size > 1 ? second : 0) };
}
