import type { SubjectScores } from '../gallery/calibration/bootstrap-over-subjects.ts';

/** A picture's answer: who is on it, and the unit vector of the face; null where none was found or embedded. */
export interface EmbeddedPicture {
  readonly person: number;
  readonly vector: Float32Array | null;
}

export interface AllPairs {
  /** Ascending; −Infinity where a face is missing. */
  readonly genuine: Float64Array;
  readonly impostor: Float64Array;
  readonly byPeople: SubjectScores;
}

/** Impostor pairs that are kept with the people they belong to: the limit of a FAR of 1e-3 lies far inside, in any resample. */
const TOP_SHARE = 0.01;

/** Compares every picture with every other one. @param people how many there are; every `person` is less. */
export function allPairs(pictures: readonly EmbeddedPicture[], people: number): AllPairs {
  const most = (pictures.length * (pictures.length - 1)) / 2;
  const genuine: { person: number; similarity: number }[] = [];
  const impostor = new Float64Array(most);
  let strangers = 0;
  forEachPair(pictures, (a, b, similarity) => {
    if (a.person === b.person) genuine.push({ person: a.person, similarity });
    else impostor[strangers++] = similarity;
  });
  const impostors = impostor.subarray(0, strangers).sort();
  const least = impostors[Math.floor(strangers * (1 - TOP_SHARE))] ?? Number.NEGATIVE_INFINITY;
  const topImpostors: { a: number; b: number; similarity: number }[] = [];
  forEachPair(pictures, (a, b, similarity) => {
    if (a.person !== b.person && similarity >= least) topImpostors.push({ a: a.person, b: b.person, similarity });
  });
  topImpostors.sort((x, y) => y.similarity - x.similarity);
  const counts = new Array<number>(people).fill(0);
  for (const { person } of pictures) counts[person]! += 1;
  return {
    genuine: Float64Array.from(genuine, ({ similarity }) => similarity).sort(),
    impostor: impostors,
    byPeople: {
      subjects: people,
      genuine: {
        subject: genuine.map(({ person }) => person),
        similarity: genuine.map(({ similarity }) => similarity),
      },
      topImpostors: {
        a: topImpostors.map(({ a }) => a),
        b: topImpostors.map(({ b }) => b),
        similarity: topImpostors.map(({ similarity }) => similarity),
      },
      impostorsAmong: (drawn) => pairsOfStrangers(counts, drawn),
    },
  };
}

/** Pairs of pictures of two people, each counted as often as both people were drawn. */
export function pairsOfStrangers(pictures: readonly number[], drawn: ArrayLike<number>): number {
  let all = 0;
  let own = 0;
  for (const [person, count] of pictures.entries()) {
    all += count * drawn[person]!;
    own += (count * drawn[person]!) ** 2;
  }
  return (all ** 2 - own) / 2;
}

function forEachPair(
  pictures: readonly EmbeddedPicture[],
  visit: (a: EmbeddedPicture, b: EmbeddedPicture, similarity: number) => void,
): void {
  for (const [i, a] of pictures.entries()) {
    for (let j = i + 1; j < pictures.length; j += 1) {
      const b = pictures[j] as EmbeddedPicture;
      visit(a, b, a.vector && b.vector ? cosine(a.vector, b.vector) : Number.NEGATIVE_INFINITY);
    }
  }
}

/** Of unit vectors. */
export function cosine(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += a[i]! * b[i]!;
  return sum;
}
