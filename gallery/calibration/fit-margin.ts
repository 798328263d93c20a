import { drawSubjects, middle95 } from './bootstrap-over-subjects.ts';
import type { LeftOut } from './leave-one-out.ts';
import { randomNumbers } from './random-numbers.ts';
import { onGrid } from './similarity-histogram.ts';
import type { Interval } from './wilson-interval.ts';

export interface FittedValue {
  readonly value: number;
  /** 95 %, by drawing subjects. */
  readonly interval: Interval;
}

export interface FitMarginOptions {
  readonly subjects: number;
  /** Only searches that reach it count. */
  readonly threshold: number;
  /** Share of them that the margin may turn away. */
  readonly cost: number;
  /** Subjects that an interval needs. */
  readonly least: number;
  readonly seed: number;
}

const ROUNDS = 500;
const GRID = 1e-4;

interface Lead {
  readonly subject: number;
  readonly lead: number;
}

/**
 * The margin that turns away at most `cost` of the searches that find the right subject first and above the threshold; and no
 * more than it takes to leave every stranger of this gallery without a name: beyond that it would only cost, most of all with
 * pictures that are worse than the enrolled ones. Where another subject comes first no margin helps: such searches do not
 * count, else a person enrolled under two names would make the margin nothing.
 */
export function fitMargin(
  left: LeftOut,
  { subjects, threshold, cost, least, seed }: FitMarginOptions,
): { margin: FittedValue | null; cannotSay: string | null } {
  const leads: Lead[] = [];
  const strangers: Lead[] = [];
  for (const [i, own] of left.own.entries()) {
    const subject = left.subject[i]!;
    const nearest = left.nearestSimilarity[i]!;
    if (own >= threshold && own > nearest) leads.push({ subject, lead: own - nearest });
    if (nearest >= threshold) strangers.push({ subject, lead: nearest - (left.secondSimilarity[i] || 0) });
  }
  if (strangers.length === 0) {
    return { margin: null, cannotSay: 'The margin: no stranger reaches the threshold here, so it has nothing to do.' };
  }
  const needed = Math.ceil(1 / cost - 1e-6);
  const of = new Set(leads.map(({ subject }) => subject)).size;
  if (leads.length < needed || of < least) {
    const cannotSay =
      `The margin: it may turn away one in ${needed.toLocaleString('en')} searches for an enrolled person, so it takes ` +
      `${needed.toLocaleString('en')} of them, by ${least} subjects with two templates and more. There are ` +
      `${leads.length.toLocaleString('en')}, by ${of}.`;
    return { margin: null, cannotSay };
  }
  leads.sort((a, b) => a.lead - b.lead);
  const at = (weightOf: (subject: number) => number): number => {
    const all = leads.reduce((sum, { subject }) => sum + weightOf(subject), 0);
    // Just above the furthest ahead that a stranger gets.
    const enough = strangers.reduce(
      (most, { subject, lead }) => (weightOf(subject) > 0 ? Math.max(most, lead) : most),
      0,
    );
    let turnedAway = 0;
    for (const { subject, lead } of leads) {
      turnedAway += weightOf(subject);
      if (turnedAway > cost * all) return Math.min(lead, enough + GRID);
    }
    return Number.NaN;
  };
  const random = randomNumbers(seed);
  const drawn = Array.from({ length: ROUNDS }, () => {
    const weights = drawSubjects(subjects, random);
    return at((subject) => weights[subject]!);
  }).filter((margin) => !Number.isNaN(margin));
  const [low, high] = middle95(drawn);
  // Down to the grid: who is ahead by just this much is not turned away.
  const value = onGrid(Math.floor(at(() => 1) * 10_000 + 1e-6) / 10_000);
  return { margin: { value, interval: [onGrid(low), onGrid(high)] }, cannotSay: null };
}
