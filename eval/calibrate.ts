import { bootstrapTarAtFar } from '../gallery/calibration/bootstrap-over-subjects.ts';
import { randomNumbers } from '../gallery/calibration/random-numbers.ts';
import type { Interval } from '../gallery/calibration/wilson-interval.ts';
import type { EmbedderEntry } from '../models/catalog.ts';
import { allPairs, cosine } from './all-pairs.ts';
import { embedPictures } from './embed-pictures.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { readPairs } from './read-pairs.ts';
import { halfOf } from './split-people.ts';
import { fitSlope } from './statistics/fit-slope.ts';
import { margins } from './statistics/margins.ts';
import { normalQuality } from './statistics/normal-quality.ts';
import { tarAtFar } from './statistics/tar-at-far.ts';

/** The threshold takes one pair of strangers in 2,000 for one person. */
const FAR = 5e-4;
/** The margin turns away one in 200 of those who are known, in a gallery of 200 others. */
const MARGIN = { cost: 0.005, strangers: 200, rounds: 10 };
/** A norm, or RTS's score, is this at most: mapped to 0..1 and back it comes as it is. */
const MOST_SIGNAL = 1000;

export interface CalibrationReport {
  readonly embedder: string;
  readonly detector: string;
  readonly far: number;
  readonly people: number;
  readonly pictures: number;
  readonly genuinePairs: number;
  readonly impostorPairs: number;
  readonly threshold: number;
  readonly thresholdInterval: Interval;
  readonly margin: number;
  readonly similaritySlope: number;
  readonly quality: EmbedderEntry['calibration']['quality'];
}

/** The embedder's entry with a map that leaves its quality signal as it is. */
export function withPlainSignal(entry: EmbedderEntry): EmbedderEntry {
  const points: [number, number][] = [
    [0, 0],
    [MOST_SIGNAL, 1],
  ];
  return { ...entry, calibration: { ...entry.calibration, quality: { ...entry.calibration.quality, points } } };
}

/**
 * What the catalog says of an embedder, from the calibration half of the people alone.
 *
 * @param networks opened `withPlainSignal`.
 */
export async function evaluateCalibration(folder: string, networks: OpenedNetworks): Promise<CalibrationReport> {
  const view = readPairs(folder);
  const own = view.pictures.filter(({ person }) => halfOf(view.people[person]!) === 'calibration');
  const pictures = await embedPictures({ pictures: own }, networks, networks.confidence);
  const compared = pictures.filter(({ vector }) => vector !== null);
  const all = allPairs(compared, view.people.length);
  const { signal } = networks.embedder.calibration.quality;
  const { limit } = tarAtFar(all.genuine, all.impostor, FAR);
  const drawn = bootstrapTarAtFar(all.byPeople, { far: FAR, rounds: 1000, random: randomNumbers(1) });
  const ahead = margins(
    compared.map(({ person }) => person),
    (a, b) => cosine(compared[a]!.vector!, compared[b]!.vector!),
    { ...MARGIN, threshold: limit, random: randomNumbers(2) },
  );
  return {
    embedder: networks.embedder.name,
    detector: networks.detector,
    far: FAR,
    people: new Set(own.map(({ person }) => person)).size,
    pictures: pictures.length,
    genuinePairs: all.genuine.length,
    impostorPairs: all.impostor.length,
    threshold: limit,
    thresholdInterval: drawn.limit,
    margin: Math.max(0, ahead[Math.floor(MARGIN.cost * ahead.length)]!),
    similaritySlope: fitSlope(all.genuine, all.impostor, limit),
    quality: {
      signal,
      points: normalQuality(
        compared.map(({ parts }) => parts[signal]! * MOST_SIGNAL),
        signal === 'norm' ? 'more' : 'less',
      ),
    },
  };
}
