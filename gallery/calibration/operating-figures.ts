import type { RecognitionThresholds } from '../../pipeline/judge-candidates.ts';
import { drawSubjects, middle95 } from './bootstrap-over-subjects.ts';
import type { LeftOut } from './leave-one-out.ts';
import { randomNumbers } from './random-numbers.ts';
import type { SimilarityHistogram } from './similarity-histogram.ts';
import { type Interval, wilsonInterval } from './wilson-interval.ts';

export interface CountedShare {
  readonly share: number;
  readonly count: number;
  readonly of: number;
  /** 95 %: the wider of Wilson's, which knows that nothing seen is not nothing, and of one by drawing subjects. */
  readonly interval: Interval;
}

/** What a threshold and a margin do in this gallery. */
export interface OperatingFigures {
  readonly threshold: number;
  readonly margin: number;
  /** Of the comparisons of a template with another subject those that reach the threshold. */
  readonly falseAccept: { readonly share: number; readonly count: number; readonly of: number };
  /** Of strangers' searches those that would get a name. */
  readonly falsePositive: {
    readonly subjects: number;
    /** By the threshold alone, 1 − (1 − FAR)^subjects: as if each comparison erred for itself. */
    readonly ifIndependent: number;
    /** Each template searched without its own subject: by the threshold alone, and with the margin too. */
    readonly byThreshold: CountedShare | null;
    readonly withMargin: CountedShare | null;
  };
  /** Of the searches for an enrolled person, by a template that is left out. Null where there are too few. */
  readonly falseReject: CountedShare | null;
  /** Of the same, those that do not get the right name: below the threshold, within the margin, or another subject first. */
  readonly notNamed: CountedShare | null;
}

export interface OperatingFiguresOptions {
  readonly left: LeftOut;
  readonly impostors: SimilarityHistogram;
  readonly subjects: number;
  readonly limits: RecognitionThresholds;
  /** Searches that a share needs. */
  readonly least: number;
  readonly seed: number;
}

const ROUNDS = 500;

export function operatingFigures(options: OperatingFiguresOptions): OperatingFigures {
  const { left, impostors, subjects, least, limits } = options;
  const { threshold, margin } = limits;
  const count = impostors.countFrom(threshold);
  const far = impostors.total === 0 ? 0 : count / impostors.total;
  const share = (counts: (probe: number) => boolean, hits: (probe: number) => boolean): CountedShare | null => {
    const probes = [...left.own.keys()].filter(counts);
    return probes.length < least ? null : countedShare(probes, hits, options);
  };
  const isGenuine = (i: number) => !Number.isNaN(left.own[i]);
  const hasStranger = (i: number) => left.nearest[i] !== -1;
  const accepted = (i: number) => left.nearestSimilarity[i]! >= threshold;
  const ahead = (best: number, second: number) => best - (Number.isNaN(second) ? 0 : second) >= margin;
  return {
    threshold,
    margin,
    falseAccept: { share: far, count, of: impostors.total },
    falsePositive: {
      subjects,
      ifIndependent: -Math.expm1(subjects * Math.log1p(-far)),
      byThreshold: share(hasStranger, accepted),
      withMargin: share(
        hasStranger,
        (i) => accepted(i) && ahead(left.nearestSimilarity[i]!, left.secondSimilarity[i]!),
      ),
    },
    falseReject: share(isGenuine, (i) => !(left.own[i]! >= threshold)),
    notNamed: share(isGenuine, (i) => !(left.own[i]! >= threshold && ahead(left.own[i]!, left.nearestSimilarity[i]!))),
  };
}

function countedShare(
  probes: readonly number[],
  hits: (probe: number) => boolean,
  { left, subjects, seed }: OperatingFiguresOptions,
): CountedShare {
  const of = new Float64Array(subjects);
  const hit = new Float64Array(subjects);
  for (const probe of probes) {
    const subject = left.subject[probe]!;
    of[subject]! += 1;
    if (hits(probe)) hit[subject]! += 1;
  }
  const sum = (values: Float64Array, weights: ArrayLike<number> | null) =>
    values.reduce((total, value, i) => total + value * (weights ? weights[i]! : 1), 0);
  const random = randomNumbers(seed);
  const drawn: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const weights = drawSubjects(subjects, random);
    const all = sum(of, weights);
    if (all > 0) drawn.push(sum(hit, weights) / all);
  }
  const count = sum(hit, null);
  const [low, high] = wilsonInterval(count, probes.length);
  const bySubjects = middle95(drawn);
  return {
    share: count / probes.length,
    count,
    of: probes.length,
    interval: [Math.min(low, bySubjects[0]), Math.max(high, bySubjects[1])],
  };
}
