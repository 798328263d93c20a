import { bestTwo } from './best-two.ts';
import { shuffled } from './shuffled.ts';

export interface IdentificationOptions {
  /** Subjects enrolled with one picture each. */
  readonly subjects: number;
  /** Galleries that are drawn. */
  readonly rounds: number;
  readonly threshold: number;
  readonly margin: number;
  /** Numbers in 0..1. */
  readonly random: () => number;
}

export interface Identification {
  readonly subjects: number;
  /** Share of the further pictures of those enrolled that get the right name, or another one. */
  readonly namedRightly: number;
  readonly namedWrongly: number;
  /** Share of the pictures of people who are not enrolled that get a name. */
  readonly strangersNamed: number;
}

/**
 * One picture against a gallery, as the product decides it: the best subject reaches the threshold and is ahead of the
 * second by the margin.
 *
 * @param people who is on each picture. @param similarity of two pictures, by their index; −Infinity without a face.
 */
export function identification(
  people: readonly number[],
  similarity: (a: number, b: number) => number,
  { subjects, rounds, threshold, margin, random }: IdentificationOptions,
): Identification {
  const everybody = [...new Set(people)];
  if (everybody.length <= subjects) throw new Error(`${everybody.length} people cannot fill a gallery of ${subjects}`);
  const counts = { right: 0, wrong: 0, known: 0, named: 0, strangers: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const enrolled = new Set(shuffled(everybody, random).slice(0, subjects));
    const gallery = new Map<number, number>();
    for (const picture of shuffled([...people.keys()], random)) {
      if (enrolled.has(people[picture]!)) gallery.set(people[picture]!, picture);
    }
    for (const [probe, person] of people.entries()) {
      if (gallery.get(person) === probe) continue;
      const best = bestTwo(probe, gallery, similarity);
      const name = best.similarity >= threshold && best.margin >= margin ? best.person : null;
      if (enrolled.has(person)) {
        counts.known += 1;
        if (name === person) counts.right += 1;
        else if (name !== null) counts.wrong += 1;
      } else {
        counts.strangers += 1;
        if (name !== null) counts.named += 1;
      }
    }
  }
  return {
    subjects,
    namedRightly: counts.right / counts.known,
    namedWrongly: counts.wrong / counts.known,
    strangersNamed: counts.named / counts.strangers,
  };
}
