import { randomNumbers } from '../test/support/random-numbers.ts';
import { readPicture } from '../test/support/read-picture.ts';
import { allPairs, cosine, type EmbeddedPicture } from './all-pairs.ts';
import { analyseAll } from './analyse-all.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { portrayedFace } from './portrayed-face.ts';
import { type LfwView, readPairs } from './read-pairs.ts';
import { bootstrapTarAtFar } from './statistics/bootstrap-over-people.ts';
import { bestThreshold, crossValidate } from './statistics/cross-validate.ts';
import { countRight, type ScoredPair } from './statistics/scored-pair.ts';
import { rocCurve, shareFrom, tarAtFar } from './statistics/tar-at-far.ts';
import { type Interval, wilsonInterval } from './statistics/wilson-interval.ts';

const FAR = 1e-3;
const BOOTSTRAP_ROUNDS = 1000;

export interface LfwReport {
  /** The detector had to be at least this sure. */
  readonly confidence: number;
  readonly networks: string;
  readonly detector: string;
  readonly embedder: string;
  readonly pictures: number;
  readonly people: number;
  /** Of the list. */
  readonly pairs: number;
  /** Pictures in which no face was found. */
  readonly failedDetections: number;
  /** Pictures with a face that was not embedded: profile, cut off, too small. Wrong as well. */
  readonly notEmbedded: number;
  /** Pictures whose face is embedded and below the gate; the figures below are without the gate. */
  readonly belowGate: number;
  /** Cross-validated over ten folds. */
  readonly accuracy: number;
  readonly accuracyInterval: Interval;
  /** Mean of the folds' thresholds. */
  readonly threshold: number;
  readonly folds: readonly { readonly threshold: number; readonly accuracy: number }[];
  /** At the threshold that is best for these very pairs: an upper limit, no promise. */
  readonly best: { readonly threshold: number; readonly accuracy: number };
  readonly genuinePairs: number;
  readonly impostorPairs: number;
  readonly tarAtFar1e3: number;
  readonly tarAtFar1e3Interval: Interval;
  /** Cosine above which a pair is accepted there. */
  readonly thresholdAtFar1e3: number;
  readonly tarAtFar1e4: number;
  /** What the product does where nobody sets a threshold. */
  readonly atCatalogThreshold: {
    readonly threshold: number;
    readonly accuracy: number;
    readonly accuracyInterval: Interval;
    readonly tar: number;
    readonly far: number;
  };
  /** As `tarAtFar1e3`, where a pair with a face below the gate is refused. */
  readonly withGate: { readonly accuracyAtCatalogThreshold: number; readonly tarAtFar1e3: number };
  /** The limit of FAR 1e-3 found on one half of the people, used on the other. */
  readonly otherPeople: readonly { readonly limit: number; readonly tar: number; readonly far: number }[];
  readonly roc: readonly (readonly [far: number, tar: number])[];
}

interface AnalysedPicture extends EmbeddedPicture {
  readonly found: boolean;
  readonly fit: boolean;
}

/** Recognition end to end: every picture detected, aligned and embedded by the product's own processes. */
export async function evaluateLfw(
  folder: string,
  networks: OpenedNetworks,
  confidence = networks.confidence,
): Promise<LfwReport> {
  const view = readPairs(folder);
  const pictures = await analyseAll(
    view.pictures,
    { atOnce: networks.atOnce, label: `lfw, ${networks.set}` },
    async ({ file, person }): Promise<AnalysedPicture> => {
      const image = await readPicture(file);
      const { faces } = await networks.analyser.analyse(image, { confidence });
      const face = portrayedFace(faces, image);
      return { person, vector: face?.embedding?.vector ?? null, found: face !== null, fit: face?.unfit === null };
    },
  );
  return { confidence, ...report(view, pictures, networks) };
}

function report(
  view: LfwView,
  pictures: readonly AnalysedPicture[],
  networks: OpenedNetworks,
): Omit<LfwReport, 'confidence'> {
  const people = view.people.length;
  const listed = scored(view, pictures);
  const validated = crossValidate(listed);
  const best = bestThreshold(listed);
  const all = allPairs(pictures, people);
  const point = tarAtFar(all.genuine, all.impostor, FAR);
  const { threshold } = networks.embedder.calibration;
  const right = countRight(listed, threshold);
  const gated = pictures.map((picture) => (picture.fit ? picture : { ...picture, vector: null }));
  const allGated = allPairs(gated, people);
  return {
    networks: networks.set,
    detector: networks.detector,
    embedder: networks.embedder.name,
    pictures: pictures.length,
    people,
    pairs: listed.length,
    failedDetections: pictures.filter(({ found }) => !found).length,
    notEmbedded: pictures.filter(({ found, vector }) => found && !vector).length,
    belowGate: pictures.filter(({ vector, fit }) => vector && !fit).length,
    accuracy: validated.accuracy,
    accuracyInterval: wilsonInterval(validated.right, validated.pairs),
    threshold: validated.threshold,
    folds: validated.folds,
    best: { threshold: best, accuracy: countRight(listed, best) / listed.length },
    genuinePairs: all.genuine.length,
    impostorPairs: all.impostor.length,
    tarAtFar1e3: point.tar,
    tarAtFar1e3Interval: bootstrapTarAtFar(all.byPeople, {
      far: FAR,
      rounds: BOOTSTRAP_ROUNDS,
      random: randomNumbers(1),
    }),
    thresholdAtFar1e3: point.limit,
    tarAtFar1e4: tarAtFar(all.genuine, all.impostor, 1e-4).tar,
    atCatalogThreshold: {
      threshold,
      accuracy: right / listed.length,
      accuracyInterval: wilsonInterval(right, listed.length),
      tar: shareFrom(all.genuine, threshold),
      far: shareFrom(all.impostor, threshold),
    },
    withGate: {
      accuracyAtCatalogThreshold: countRight(scored(view, gated), threshold) / listed.length,
      tarAtFar1e3: tarAtFar(allGated.genuine, allGated.impostor, FAR).tar,
    },
    otherPeople: crossHalves(pictures, people),
    roc: rocCurve(all.genuine, all.impostor),
  };
}

function scored(view: LfwView, pictures: readonly EmbeddedPicture[]): ScoredPair[] {
  return view.pairs.map(({ same, a, b }) => {
    const [first, second] = [pictures[a]?.vector, pictures[b]?.vector];
    return { same, similarity: first && second ? cosine(first, second) : null };
  });
}

/** People alternate between the halves, in the order of the list. */
function crossHalves(pictures: readonly EmbeddedPicture[], people: number): LfwReport['otherPeople'] {
  const halves = [0, 1].map((half) =>
    allPairs(
      pictures.filter(({ person }) => person % 2 === half),
      people,
    ),
  );
  return halves.map((half, i) => {
    const other = halves[1 - i]!;
    const { limit } = tarAtFar(half.genuine, half.impostor, FAR);
    const above = (values: Float64Array) => values.reduce((n, value) => n + (value > limit ? 1 : 0), 0) / values.length;
    return { limit, tar: above(other.genuine), far: above(other.impostor) };
  });
}
