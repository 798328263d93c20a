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

/**
 * The margin that turns away at most `cost` of the searches that find the right subject first and above the threshold. Where another
 * subject comes first no margin helps: such searches do not count, else a person enrolled under two names would make the margin nothing.
 */
export function fitMargin(
  left: LeftOut,
  { subjects, threshold, cost, least, seed }: FitMarginOptions,
): { margin: FittedValue | null; cannotSay: string | null } {
  const leads: { subject: number; lead: number }[] = [];
  for (const [i, own] of left.own.entries()) {
    const lead = own - left.nearestSimilarity[i]!;
    if (own >= threshold && lead > 0) leads.push({ subject: left.subject[i]!, lead });
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
    let turnedAway = 0;
    for (const { subject, lead } of leads) {
      turnedAway += weightOf(subject);
      if (turnedAway > cost * all) return lead;
    }
    return Number.NaN;
  };
  const random = randomNumbers(seed);
  const drawn = Array.from({ length: ROUNDS }, () => {
    const weights = drawSubjects(subjects, random);
    return at((subject) => weights[subject]!);
  }).filter((lead) => !Number.isNaN(lead));
  const [low, high] = middle95(drawn);
  // Down to the grid: who is ahead by just this much is not turned away.
  const value = onGrid(Math.floor(at(() => 1) * 10_000 + 1e-6) / 10_000);
  return { margin: { value, interval: [onGrid(low), onGrid(high)] }, cannotSay: null };
}
