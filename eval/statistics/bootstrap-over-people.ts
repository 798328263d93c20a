import type { Interval } from './wilson-interval.ts';

export interface PeopleScores {
  /** Pictures of each person, by the person's index. */
  readonly pictures: readonly number[];
  readonly genuine: readonly { readonly person: number; readonly similarity: number }[];
  /** The most similar impostor pairs, descending: several times as many as `far` of all pairs. */
  readonly topImpostors: readonly { readonly a: number; readonly b: number; readonly similarity: number }[];
}

/** 95 % intervals. */
export interface DrawnPoint {
  readonly tar: Interval;
  /** Of the similarity above which a pair is accepted. */
  readonly limit: Interval;
}

/**
 * 95 % intervals of the TAR at a FAR and of its limit, by drawing people with replacement: pairs that share a person are not independent,
 * so an interval over pairs would be too narrow. The limit is found anew in every round. A pair of strangers counts as
 * often as both were drawn; a person is never a stranger to their own double.
 *
 * @param random numbers in 0..1.
 */
export function bootstrapTarAtFar(
  scores: PeopleScores,
  { far, rounds, random }: { far: number; rounds: number; random: () => number },
): DrawnPoint {
  const people = scores.pictures.length;
  const tars: number[] = [];
  const limits: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const drawn = new Uint16Array(people);
    for (let i = 0; i < people; i += 1) drawn[Math.floor(random() * people)]! += 1;
    const limit = limitOf(scores, drawn, far);
    limits.push(limit);
    let all = 0;
    let accepted = 0;
    for (const { person, similarity } of scores.genuine) {
      all += drawn[person]!;
      if (similarity > limit) accepted += drawn[person]!;
    }
    if (all > 0) tars.push(accepted / all);
  }
  return { tar: middle95(tars), limit: middle95(limits) };
}

function middle95(values: number[]): Interval {
  values.sort((a, b) => a - b);
  const at = (share: number) => values[Math.min(values.length - 1, Math.floor(share * values.length))] as number;
  return [at(0.025), at(0.975)];
}

function limitOf({ pictures, topImpostors }: PeopleScores, drawn: Uint16Array, far: number): number {
  let sum = 0;
  let own = 0;
  for (const [person, count] of pictures.entries()) {
    sum += count * drawn[person]!;
    own += (count * drawn[person]!) ** 2;
  }
  const mayPass = (far * (sum ** 2 - own)) / 2;
  let passed = 0;
  for (const { a, b, similarity } of topImpostors) {
    passed += drawn[a]! * drawn[b]!;
    if (passed > mayPass) return similarity;
  }
  throw new Error(`${topImpostors.length} impostor pairs are too few to find the limit at a FAR of ${far}`);
}
