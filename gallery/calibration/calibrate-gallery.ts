import { AppError } from '../../config/app-error.ts';
import type { RecognitionThresholds } from '../../pipeline/judge-candidates.ts';
import { bootstrapTarAtFar } from './bootstrap-over-subjects.ts';
import { type ConfusedSubjects, confusedSubjects } from './confused-subjects.ts';
import { type EnrolledTemplate, packTemplates } from './enrolled-templates.ts';
import { type FittedValue, fitMargin } from './fit-margin.ts';
import { leaveOneOut } from './leave-one-out.ts';
import { type MislabelledTemplates, mislabelledTemplates } from './mislabelled-templates.ts';
import { type OperatingFigures, operatingFigures } from './operating-figures.ts';
import { randomNumbers } from './random-numbers.ts';
import { onGrid, SimilarityHistogram } from './similarity-histogram.ts';
import { TopComparisons } from './top-comparisons.ts';

/** The wanted false accept rate must lie between these. */
export const FAR_RANGE = { least: 1e-7, most: 1e-2 } as const;
/** Seed of everything that is drawn. */
const SEED = 1;
/** Multiplications of two numbers: about half a minute on one core. */
export const MOST_PRODUCTS = 4e10;
/** Comparisons above a threshold that it is fitted by; of subjects with one template each, half as many pairs. */
const LEAST_ABOVE = 20;
/** Subjects that an interval by drawing subjects needs, and searches that a share needs. */
const LEAST = 20;
/** Comparisons that are kept, as multiple of those above the threshold: in any draw it lies far inside. */
const KEPT = 4;
const MOST_KEPT = 4_000_000;
/** Above it two templates are one picture, or next to it. */
const COPY = 0.995;
/** Steps of 0.025: two of them make one of the terminal's. */
const BARS_PER_UNIT = 40;

export interface CalibrateOptions {
  readonly templates: Iterable<EnrolledTemplate>;
  readonly nameOf: (subjectId: string) => string;
  /** What the settings say now. */
  readonly now: RecognitionThresholds;
  /** The wanted share of comparisons with strangers that reach the threshold. */
  readonly far: number;
  /** Share of the searches for an enrolled person that the margin may turn away. */
  readonly marginCost: number;
  /** Multiplications of two numbers that comparing may take; where all pairs take more, templates are drawn to search with. Default MOST_PRODUCTS. */
  readonly mostProducts?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Calibration {
  readonly subjects: number;
  readonly templates: number;
  /** Subjects with two templates and more: only these can be searched as themselves. */
  readonly subjectsWithSeveral: number;
  readonly wantedFar: number;
  readonly marginCost: number;
  /** Templates that were searched with, and which were drawn if not all. */
  readonly searches: number;
  readonly sampled: { readonly of: number; readonly seed: number } | null;
  /** Of a template with another subject, and with its own subject's other templates. */
  readonly comparisons: number;
  readonly genuineSearches: number;
  /** Null where the gallery cannot tell; `cannotSay` has the reason. */
  readonly threshold: FittedValue | null;
  readonly margin: FittedValue | null;
  readonly now: OperatingFigures;
  /** With what was fitted, and what the settings say of what was not; null without a fitted threshold. */
  readonly fitted: OperatingFigures | null;
  readonly confused: ConfusedSubjects;
  readonly mislabelled: MislabelledTemplates;
  /** Templates of which the same subject has a copy, or nearly. */
  readonly copies: number;
  readonly cannotSay: readonly string[];
  readonly bars: { readonly genuine: readonly Bar[]; readonly impostor: readonly Bar[]; readonly width: number };
}

/** Cosines from `from` on. */
export interface Bar {
  readonly from: number;
  readonly count: number;
}

/**
 * Fits threshold and margin to a gallery, by searching it with its own templates, each left out in turn. Vectors are copied
 * and the copies overwritten at the end.
 *
 * @throws {AppError} USAGE for a rate out of range; EMBEDDING_MISMATCH for vectors of several widths.
 */
export function calibrateGallery(options: CalibrateOptions): Calibration {
  const { far, marginCost, now, nameOf } = options;
  if (!(far >= FAR_RANGE.least && far <= FAR_RANGE.most)) {
    throw new AppError(
      'USAGE',
      `the false accept rate must lie between ${FAR_RANGE.least} and ${FAR_RANGE.most}, got ${far}`,
    );
  }
  if (!(marginCost > 0 && marginCost < 0.5)) {
    throw new AppError('USAGE', `the margin's cost must be above 0 and below 0.5, got ${marginCost}`);
  }
  const packed = packTemplates(options.templates);
  const subjects = packed.ids.length;
  const templates = packed.templates.length;
  const products = options.mostProducts ?? MOST_PRODUCTS;
  const most = Math.min(products / (packed.width * templates), keepable(subjects, far));
  const probes = drawProbes(templates, Math.floor(most));
  const impostors = new SimilarityHistogram();
  const expected = probes.length * Math.max(0, subjects - 1);
  const kept = Math.min(MOST_KEPT, Math.max(100_000, Math.ceil(KEPT * far * expected)));
  const top = new TopComparisons(kept, expected);
  const left = leaveOneOut(packed, {
    probes,
    onImpostor: (similarity, probe, other) => {
      impostors.add(similarity);
      top.add(similarity, probe, other);
    },
    ...(options.onProgress && { onProgress: options.onProgress }),
  });
  packed.rows.fill(0);

  const genuine = new SimilarityHistogram();
  for (const similarity of left.own) if (!Number.isNaN(similarity)) genuine.add(similarity);
  const topImpostors = top.sorted();
  const cannotSay: string[] = [];

  let threshold: FittedValue | null = null;
  const tooFew = tooFewForThreshold(subjects, impostors.total, far);
  if (tooFew) cannotSay.push(tooFew);
  else {
    const own = [...left.own.keys()].filter((i) => !Number.isNaN(left.own[i]));
    const probesOf = new Float64Array(subjects);
    for (const subject of left.subject) probesOf[subject]! += 1;
    const { limit } = bootstrapTarAtFar(
      {
        subjects,
        genuine: { subject: own.map((i) => left.subject[i]!), similarity: own.map((i) => left.own[i]!) },
        topImpostors,
        impostorsAmong: (drawn) => comparisonsAmong(probesOf, drawn),
      },
      { far, rounds: roundsFor(far * impostors.total + own.length), random: randomNumbers(SEED) },
    );
    const value = impostors.thresholdFor(Math.floor(far * impostors.total + 1e-9));
    if (value >= COPY) cannotSay.push('The threshold: too many subjects have the very same template as another one.');
    else threshold = { value, interval: [onGrid(limit[0]), onGrid(limit[1])] };
  }

  const judgedAt = threshold?.value ?? now.threshold;
  const fit = fitMargin(left, { subjects, threshold: judgedAt, cost: marginCost, least: LEAST, seed: SEED });
  if (fit.cannotSay) cannotSay.push(fit.cannotSay);
  if (genuine.total < LEAST) {
    cannotSay.push(
      `How often enrolled people would be refused: that needs ${LEAST} templates of subjects that have another one, there are ${genuine.total}.`,
    );
  }
  const figuresAt = (limits: RecognitionThresholds) =>
    operatingFigures({ left, impostors, subjects, limits, least: LEAST, seed: SEED });
  const margin = fit.margin;
  const medianOwn = genuine.total >= LEAST ? genuine.thresholdFor(Math.floor(genuine.total / 2)) : null;
  return {
    subjects,
    templates,
    subjectsWithSeveral: packed.ids.filter((_, i) => packed.starts[i + 1]! - packed.starts[i]! > 1).length,
    wantedFar: far,
    marginCost,
    searches: probes.length,
    sampled: probes.length < templates ? { of: templates, seed: SEED } : null,
    comparisons: impostors.total,
    genuineSearches: genuine.total,
    threshold,
    margin,
    now: figuresAt(now),
    fitted: threshold && figuresAt({ threshold: threshold.value, margin: margin?.value ?? now.margin }),
    confused: confusedSubjects(topImpostors, {
      threshold: judgedAt,
      near: now.margin,
      floor: top.floor,
      medianOwn,
      subject: (i) => ({ id: packed.ids[i]!, name: nameOf(packed.ids[i]!) }),
    }),
    mislabelled: mislabelledTemplates(left, {
      threshold: judgedAt,
      template: (probe) => packed.templates[probes[probe]!]!,
      subject: (i) => ({ id: packed.ids[i]!, name: nameOf(packed.ids[i]!) }),
    }),
    copies: genuine.countFrom(COPY),
    cannotSay,
    bars: { genuine: genuine.bars(BARS_PER_UNIT), impostor: impostors.bars(BARS_PER_UNIT), width: 1 / BARS_PER_UNIT },
  };
}

/** Probes whose comparisons above the threshold can all be kept, and several times as many. */
function keepable(subjects: number, far: number): number {
  return MOST_KEPT / (KEPT * far * subjects);
}

/** `most` of the templates' places, ascending; all of them where that many are allowed. */
function drawProbes(templates: number, most: number): Int32Array {
  const places = Int32Array.from({ length: templates }, (_, i) => i);
  // Of no template at all `most` is not a number.
  if (!(most < templates)) return places;
  const random = randomNumbers(SEED);
  for (let i = 0; i < most; i += 1) {
    const j = i + Math.floor(random() * (templates - i));
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  return places.slice(0, most).sort();
}

/** A subject is not compared with itself, nor with its own double. */
function comparisonsAmong(probesOf: Float64Array, drawn: ArrayLike<number>): number {
  let subjects = 0;
  for (let i = 0; i < drawn.length; i += 1) subjects += drawn[i]!;
  let sum = 0;
  for (const [i, probes] of probesOf.entries()) sum += probes * drawn[i]! * (subjects - drawn[i]!);
  return sum;
}

/** Enough for an interval, few enough for some seconds. */
function roundsFor(rows: number): number {
  return Math.round(Math.min(1000, Math.max(100, 2e8 / Math.max(1, rows))));
}

function tooFewForThreshold(subjects: number, comparisons: number, far: number): string | null {
  if (subjects < LEAST) {
    return `The threshold: strangers are told apart by subjects, and there are ${subjects}; at least ${LEAST} are needed.`;
  }
  const needed = Math.ceil(LEAST_ABOVE / far - 1e-6);
  if (comparisons >= needed) return null;
  const lowest = LEAST_ABOVE / comparisons;
  const instead = lowest <= FAR_RANGE.most ? ` The lowest rate that it can speak of is ${lowest.toPrecision(2)}.` : '';
  return (
    `The threshold: one false accept in ${Math.round(1 / far).toLocaleString('en')} comparisons can be seen in ` +
    `${needed.toLocaleString('en')} of them at the least, and this gallery gives ${comparisons.toLocaleString('en')}.${instead}`
  );
}
