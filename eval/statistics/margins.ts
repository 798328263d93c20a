export interface MarginOptions {
  /** People in each gallery beside the one who is searched. */
  readonly strangers: number;
  /** Galleries that are drawn for each pair of pictures. */
  readonly rounds: number;
  /** Only searches that reach it count. */
  readonly threshold: number;
  /** Numbers in 0..1. */
  readonly random: () => number;
}

/**
 * By how much the right person is ahead of the second in galleries of one picture each: one value for each search that
 * reaches the threshold; negative where somebody else comes first.
 *
 * @param people who is on each picture; `similarity(a, b)` compares two of them by their index.
 * @returns ascending.
 */
export function margins(
  people: readonly number[],
  similarity: (a: number, b: number) => number,
  { strangers, rounds, threshold, random }: MarginOptions,
): number[] {
  const values: number[] = [];
  const first = firstPictures(people);
  for (const [probe, person] of people.entries()) {
    const others = first.filter((picture) => people[picture] !== person);
    for (let template = 0; template < probe; template += 1) {
      if (people[template] !== person) continue;
      const own = similarity(probe, template);
      if (!(own >= threshold)) continue;
      for (let round = 0; round < rounds; round += 1) {
        let second = 0;
        for (let i = 0; i < strangers; i += 1) {
          second = Math.max(second, similarity(probe, others[Math.floor(random() * others.length)]!));
        }
        values.push(own - second);
      }
    }
  }
  return values.sort((a, b) => a - b);
}

/** One picture of each person. */
function firstPictures(people: readonly number[]): number[] {
  return [...new Map([...people.entries()].reverse().map(([picture, person]) => [person, picture])).values()];
}
