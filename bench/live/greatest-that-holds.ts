/**
 * The greatest whole number from 1 to `most` for which something holds, where it holds for all below it too; 0 where it
 * holds for none. Asks as seldom as it can: from `guess` in steps that double, then halves what is left between.
 */
export async function greatestThatHolds(o: {
  guess: number;
  most: number;
  holds: (n: number) => Promise<boolean>;
}): Promise<number> {
  let holds = 0;
  let fails = o.most + 1;
  let step = 1;
  let at = Math.min(o.most, Math.max(1, Math.round(o.guess)));
  while (fails - holds > 1) {
    const did = await o.holds(at);
    if (did) holds = at;
    else fails = at;
    const bracketed = holds > 0 && fails <= o.most;
    if (bracketed) at = (holds + fails) >> 1;
    else at = did ? Math.min(o.most, holds + step) : Math.max(1, fails - step);
    step *= 2;
  }
  return holds;
}
