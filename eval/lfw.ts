import { bootstrapTarAtFar } from '../gallery/calibration/bootstrap-over-subjects.ts';
import { randomNumbers } from '../gallery/calibration/random-numbers.ts';
import { type Interval, wilsonInterval } from '../gallery/calibration/wilson-interval.ts';
import type { EmbedderEntry } from '../models/catalog.ts';
import { allPairs, cosine, type EmbeddedPicture } from './all-pairs.ts';
import { type AnalysedPicture, embedPictures } from './embed-pictures.ts';
import type { OpenedNetworks } from './open-networks.ts';
import { type LfwView, readPairs } from './read-pairs.ts';
import { halfOf } from './split-people.ts';
import { bestThreshold, crossValidate } from './statistics/cross-validate.ts';
import { type Identification, identification } from './statistics/identification.ts';
import { countRight, type ScoredPair } from './statistics/scored-pair.ts';
import { rocCurve, shareFrom, tarAtFar } from './statistics/tar-at-far.ts';

const FAR = 1e-3;
const BOOTSTRAP_ROUNDS = 1000;
/** Subjects enrolled. */
const GALLERIES = [20, 200] as const;

export interface LfwReport {
  /** The detector had to be at least this sure. */
  readonly confidence: number;
  readonly networks: string;
  /** Mirror images were embedded as well. */
  readonly flip: boolean;
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
  /** As `tarAtFar1e3`, where a pair with a face below the gate is refused. */
  readonly tarAtFar1e3WithGate: number;
  /** What the product does where nobody sets a threshold, on people whom the catalog's figures were not chosen on. */
  readonly atCatalogThreshold: {
    readonly threshold: number;
    readonly people: number;
    /** Of the list, both of the report half. */
    readonly pairs: number;
    readonly accuracy: number;
    readonly accuracyInterval: Interval;
    /** Over every two of the report half's pictures. */
    readonly genuinePairs: number;
    readonly impostorPairs: number;
    readonly tar: number;
    readonly far: number;
    /** Where a pair with a face below the gate is refused. */
    readonly withGate: { readonly accuracy: number; readonly tar: number; readonly far: number };
    /** Whom a gallery of so many takes a picture for, with the catalog's margin. */
    readonly margin: number;
    readonly identification: readonly Identification[];
  };
  readonly roc: readonly (readonly [far: number, tar: number])[];
}

/** Recognition end to end: every picture detected, aligned and embedded by the product's own processes. */
export async function evaluateLfw(
  folder: string,
  networks: OpenedNetworks,
  confidence = networks.confidence,
): Promise<LfwReport> {
  const view = readPairs(folder);
  const pictures = await embedPictures(view, networks, confidence);
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
  const gated = pictures.map((picture) => (picture.fit ? picture : { ...picture, vector: null }));
  const allGated = allPairs(gated, people);
  return {
    networks: networks.set,
    flip: networks.flip,
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
    }).tar,
    thresholdAtFar1e3: point.limit,
    tarAtFar1e4: tarAtFar(all.genuine, all.impostor, 1e-4).tar,
    tarAtFar1e3WithGate: tarAtFar(allGated.genuine, allGated.impostor, FAR).tar,
    atCatalogThreshold: onOtherPeople(view, pictures, gated, networks.embedder.calibration),
    roc: rocCurve(all.genuine, all.impostor),
  };
}

function scored(view: LfwView, pictures: readonly EmbeddedPicture[]): ScoredPair[] {
  return view.pairs.map(({ same, a, b }) => {
    const [first, second] = [pictures[a]?.vector, pictures[b]?.vector];
    return { same, similarity: first && second ? cosine(first, second) : null };
  });
}

/** The catalog's threshold on the half of the people that it was not chosen on. */
function onOtherPeople(
  view: LfwView,
  pictures: readonly EmbeddedPicture[],
  gated: readonly EmbeddedPicture[],
  { threshold, margin }: Pick<EmbedderEntry['calibration'], 'threshold' | 'margin'>,
): LfwReport['atCatalogThreshold'] {
  const reported = view.people.map((name) => halfOf(name) === 'report');
  const isReported = ({ person }: { readonly person: number }) => reported[person]!;
  const half = { ...view, pairs: view.pairs.filter(({ a, b }) => [a, b].every((i) => isReported(view.pictures[i]!))) };
  const at = (shown: readonly EmbeddedPicture[]) => {
    const listed = scored(half, shown);
    const all = allPairs(shown.filter(isReported), view.people.length);
    const right = countRight(listed, threshold);
    return {
      right,
      accuracy: right / listed.length,
      genuinePairs: all.genuine.length,
      impostorPairs: all.impostor.length,
      tar: shareFrom(all.genuine, threshold),
      far: shareFrom(all.impostor, threshold),
    };
  };
  const others = pictures.filter(isReported);
  const likeness = (a: number, b: number) => {
    const [first, second] = [others[a]!.vector, others[b]!.vector];
    return first && second ? cosine(first, second) : Number.NEGATIVE_INFINITY;
  };
  const { right, ...plain } = at(pictures);
  const { accuracy, tar, far } = at(gated);
  return {
    threshold,
    people: reported.filter(Boolean).length,
    pairs: half.pairs.length,
    ...plain,
    accuracyInterval: wilsonInterval(right, half.pairs.length),
    withGate: { accuracy, tar, far },
    margin,
    identification: GALLERIES.map((subjects) =>
      identification(
        others.map(({ person }) => person),
        likeness,
        { subjects, rounds: 100, threshold, margin, random: randomNumbers(3) },
      ),
    ),
  };
}
