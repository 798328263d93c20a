import { randomNumbers } from '../gallery/calibration/random-numbers.ts';
import { cosine } from './all-pairs.ts';
import { type AnalysedPicture, embedPictures } from './embed-pictures.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { readPairs } from './read-pairs.ts';
import { type Half, halfOf } from './split-people.ts';
import { type OpenSet, openSet, type Pictures } from './statistics/open-set.ts';

/** Galleries of so many subjects with one picture each; a stranger may get a name in one search of a hundred. */
const OPEN_SET = { subjects: 200, galleries: 500, galleriesARound: 10, rounds: 500, fpir: 1e-2 } as const;

export interface OpenSetReport {
  readonly networks: string;
  readonly detector: string;
  readonly embedder: string;
  readonly pictures: number;
  /** Of the half that the threshold is chosen on, and of the one that is reported on. */
  readonly calibration: { readonly people: number; readonly pictures: number };
  readonly report: { readonly people: number; readonly pictures: number };
  /** Pictures without a face that is compared: never named, never enrolled. */
  readonly notCompared: number;
  readonly subjects: number;
  readonly fpir: number;
  readonly galleries: number;
  readonly rounds: number;
  /** The catalog's. */
  readonly margin: number;
  readonly withMargin: OpenSet;
  /** By a threshold alone. */
  readonly withoutMargin: OpenSet;
}

/** LFW as an open set: identities of the one half enrolled and searched, with a threshold from identities of the other. */
export async function evaluateOpenSet(folder: string, networks: OpenedNetworks): Promise<OpenSetReport> {
  const view = readPairs(folder);
  const pictures = await embedPictures(view, networks, networks.confidence);
  const of = (half: Half) => pictures.filter(({ person }) => halfOf(view.people[person]!) === half);
  const halves = { calibration: of('calibration'), report: of('report') };
  const { margin } = networks.embedder.calibration;
  const tables = { calibration: asPictures(halves.calibration), report: asPictures(halves.report) };
  const at = (required: number) =>
    openSet(tables.calibration, tables.report, { ...OPEN_SET, margin: required, random: randomNumbers(4) });
  const size = (half: readonly AnalysedPicture[]) => ({
    people: new Set(half.map(({ person }) => person)).size,
    pictures: half.length,
  });
  return {
    networks: networks.set,
    detector: networks.detector,
    embedder: networks.embedder.name,
    pictures: pictures.length,
    calibration: size(halves.calibration),
    report: size(halves.report),
    notCompared: pictures.filter((picture) => !isCompared(picture)).length,
    subjects: OPEN_SET.subjects,
    fpir: OPEN_SET.fpir,
    galleries: OPEN_SET.galleries,
    rounds: OPEN_SET.rounds,
    margin,
    withMargin: at(margin),
    withoutMargin: at(Number.NEGATIVE_INFINITY),
  };
}

/** As the product has it: what is below the gate is neither enrolled nor recognised. */
function isCompared({ vector, fit }: AnalysedPicture): boolean {
  return vector !== null && fit;
}

/** Each two pictures are compared once, however many galleries they meet in. */
function asPictures(half: readonly AnalysedPicture[]): Pictures {
  const compared = half.map(isCompared);
  const table = new Float64Array(half.length ** 2).fill(Number.NEGATIVE_INFINITY);
  for (let a = 0; a < half.length; a += 1) {
    for (let b = 0; b < a; b += 1) {
      if (!compared[a] || !compared[b]) continue;
      const similarity = cosine(half[a]!.vector!, half[b]!.vector!);
      table[a * half.length + b] = similarity;
      table[b * half.length + a] = similarity;
    }
  }
  return {
    people: half.map(({ person }) => person),
    enrollable: compared,
    similarity: (a, b) => table[a * half.length + b]!,
  };
}
