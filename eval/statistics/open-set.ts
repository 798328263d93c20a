import { drawSubjects, middle95 } from '../../gallery/calibration/bootstrap-over-subjects.ts';
import type { Interval } from '../../gallery/calibration/wilson-interval.ts';
import { type BestTwo, bestTwo } from './best-two.ts';
import { shuffled } from './shuffled.ts';

/** Pictures of people, and how alike they are. */
export interface Pictures {
  /** Who is on each. */
  readonly people: readonly number[];
  /** A template can be made of it. */
  readonly enrollable: readonly boolean[];
  /** Of two pictures, by their place; −Infinity where one has no face that is compared. */
  readonly similarity: (a: number, b: number) => number;
}

export interface OpenSetOptions {
  /** Subjects enrolled with one picture each. */
  readonly subjects: number;
  /** Galleries that are drawn for a figure, and for each round of its interval. */
  readonly galleries: number;
  readonly galleriesARound: number;
  readonly rounds: number;
  /** False positive identification rate that the threshold is chosen by. */
  readonly fpir: number;
  readonly margin: number;
  /** Numbers in 0..1. */
  readonly random: () => number;
}

export interface Counted {
  readonly share: number;
  /** 95 %, by drawing people of both groups. */
  readonly interval: Interval;
}

/** Searches in galleries of the one group, with the threshold that was chosen on galleries of the other one. */
export interface OpenSet {
  readonly threshold: Counted;
  /** Of the further pictures of enrolled people those that find the right name. */
  readonly identified: Counted;
  readonly namedWrongly: Counted;
  /** Of the pictures of others those that get a name: what the threshold was to keep to `fpir`. */
  readonly falsePositive: Counted;
  /** On average in a gallery. */
  readonly mateSearches: number;
  readonly strangerSearches: number;
}

interface Search extends BestTwo {
  readonly of: number;
  readonly enrolled: boolean;
  readonly weight: number;
}

/**
 * Detection and identification rate at a false positive identification rate (ISO/IEC 19795-1): a name counts where the best subject
 * reaches the threshold and is ahead of the second by the margin, as the product decides it.
 *
 * @throws {Error} when either group has too few people for a gallery and strangers beside it.
 */
export function openSet(calibration: Pictures, report: Pictures, options: OpenSetOptions): OpenSet {
  const { galleries, galleriesARound, rounds } = options;
  const whole = evaluate(calibration, report, { ...options, galleries });
  const drawn = Array.from({ length: rounds }, () =>
    evaluate(calibration, report, { ...options, galleries: galleriesARound }, true),
  );
  const counted = (of: (found: Found) => number): Counted => ({
    share: of(whole),
    interval: middle95(drawn.map(of)),
  });
  return {
    threshold: counted(({ threshold }) => threshold),
    identified: counted(({ right, mates }) => right / mates),
    namedWrongly: counted(({ wrong, mates }) => wrong / mates),
    falsePositive: counted(({ named, strangers }) => named / strangers),
    mateSearches: whole.mates / galleries,
    strangerSearches: whole.strangers / galleries,
  };
}

interface Found {
  readonly threshold: number;
  readonly right: number;
  readonly wrong: number;
  readonly mates: number;
  readonly named: number;
  readonly strangers: number;
}

function evaluate(calibration: Pictures, report: Pictures, options: OpenSetOptions, draw = false): Found {
  const threshold = thresholdAt(searches(calibration, options, draw), options);
  const counts = { right: 0, wrong: 0, mates: 0, named: 0, strangers: 0 };
  for (const { of, enrolled, weight, person, similarity, margin } of searches(report, options, draw)) {
    const named = similarity >= threshold && margin >= options.margin;
    if (enrolled) {
      counts.mates += weight;
      if (named && person === of) counts.right += weight;
      else if (named) counts.wrong += weight;
    } else {
      counts.strangers += weight;
      if (named) counts.named += weight;
    }
  }
  return { threshold, ...counts };
}

/** The lowest similarity of a stranger above which no more than the wanted share of strangers gets a name. */
function thresholdAt(found: readonly Search[], { fpir, margin }: OpenSetOptions): number {
  const strangers = found.filter(({ enrolled }) => !enrolled);
  const mayPass = fpir * strangers.reduce((sum, { weight }) => sum + weight, 0);
  const ahead = strangers
    .filter((search) => search.margin >= margin && search.similarity > Number.NEGATIVE_INFINITY)
    .sort((a, b) => b.similarity - a.similarity);
  let passed = 0;
  for (const { similarity, weight } of ahead) {
    passed += weight;
    // Just above the one that would be too many.
    if (passed > mayPass) return similarity + 1e-9;
  }
  return ahead.at(-1)?.similarity ?? -1;
}

/** @param draw draw the people with replacement: who was not drawn takes no part, who was drawn twice counts twice. */
function searches(
  { people, enrollable, similarity }: Pictures,
  { subjects, galleries, random }: OpenSetOptions,
  draw: boolean,
): Search[] {
  const everybody = [...new Set(people)];
  const weights = draw ? drawSubjects(everybody.length, random) : null;
  const weightOf = new Map(everybody.map((person, i) => [person, weights ? weights[i]! : 1]));
  const pictures = [...people.keys()].filter((picture) => weightOf.get(people[picture]!) !== 0);
  const found: Search[] = [];
  for (let round = 0; round < galleries; round += 1) {
    const templates = new Map(
      shuffled(pictures, random)
        .filter((picture) => enrollable[picture])
        .map((picture) => [people[picture]!, picture]),
    );
    // Sorted first: the order of the shuffled pictures puts people with many of them rather in front.
    const enrolled = shuffled(
      [...templates.keys()].sort((a, b) => a - b),
      random,
    ).slice(0, subjects);
    if (enrolled.length < subjects || enrolled.length === weightOf.size) {
      throw new Error(`${weightOf.size} people cannot fill a gallery of ${subjects} and leave strangers`);
    }
    const gallery = new Map(enrolled.map((person) => [person, templates.get(person)!]));
    for (const picture of pictures) {
      const of = people[picture]!;
      if (gallery.get(of) === picture) continue;
      found.push({
        ...bestTwo(picture, gallery, similarity),
        of,
        enrolled: gallery.has(of),
        weight: weightOf.get(of)!,
      });
    }
  }
  return found;
}
