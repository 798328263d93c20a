import { delayRatio, delayRow, median, type Ratio, type Row } from '../report.ts';
import type { RoundValues } from './round-values.ts';

/** The tenant that is loaded and killed. */
export const VICTIM = 'attendance';
export const OTHERS = ['access', 'batch'] as const;
export const GATEWAY = 'the gateway';
/** Who calls the others: on the same processors, with next to nothing to do. */
export const CALLER = 'who calls them';

/** What goes on while the others are called. */
export const PHASES = ['quiet', 'null server', 'burst', 'continuous', 'inference killed', 'tenant killed'] as const;
export type Phase = (typeof PHASES)[number];

/** Processors of the loaded tenant and the load generator, and of all others: lists as `taskset -c` takes them. */
export interface ProcessorSplit {
  readonly loaded: string;
  readonly others: string;
}

/** Main threads of facegate that are watched. */
const WATCHED = [GATEWAY, ...OTHERS, VICTIM] as const;

const WORDS: Record<Phase, string> = {
  quiet: 'nothing else goes on',
  'null server': 'the generator asks a null server',
  burst: `100 requests to ${VICTIM}`,
  continuous: `requests to ${VICTIM} without end`,
  'inference killed': `an inference process of ${VICTIM} killed each second`,
  'tenant killed': `${VICTIM} killed`,
};

/** The last processor for who is loaded, the first ones for the others. @throws {Error} where there is one only */
export function processorSplit(processors: readonly number[]): ProcessorSplit {
  const half = Math.ceil(processors.length / 2);
  if (processors.length < 2)
    throw new Error('this bench needs two processors: one for who is loaded, one for the others');
  return { loaded: processors.slice(half).join(','), others: processors.slice(0, half).join(',') };
}

export function neighbourRows(values: RoundValues): Row[] {
  return [
    ...PHASES.flatMap((phase) =>
      OTHERS.flatMap((id) =>
        [50, 95].map(
          (p): Row => ({
            name: `/compare of ${id}, ${WORDS[phase]}, p${p}`,
            values: values.of(`${phase}: ${id}, p${p}`),
            unit: 'ms',
            ...(phase === 'null server' && { as: 'limit' }),
            ...(p === 50 && { note: `${values.sum(`${phase}: ${id}: answers`)} answers in all rounds` }),
          }),
        ),
      ),
    ),
    ...(['null server', 'burst', 'continuous'] as const).map(
      (phase): Row => ({
        name: `the generator, ${WORDS[phase]}`,
        values: values.of(`${phase}: calls a second`),
        unit: '/s',
        note: `${values.sum(`${phase}: load: answers`)} answers, ${values.sum(`${phase}: load: wrong`)} wrong, ${values.sum(`${phase}: load: failed`)} none at all${values.whyFailed(`${phase}: load`)}`,
      }),
    ),
    {
      name: `${VICTIM} killed: ready again after`,
      values: values.of('tenant killed: back'),
      unit: 's',
      note: `on one set of processors; ${values.sum('inference killed: kills')} kills of its inference processes besides`,
    },
    {
      name: 'answers of the others that were wrong or missing',
      values: [badNeighbours(values)],
      unit: 'answers',
      note: `of ${sumOver(values, 'answers') + sumOver(values, 'failed')} calls in all phases and rounds`,
    },
    ...[...WATCHED, CALLER].map((who): Row => {
      const { p99Ms, latest } = longestDelay(values, who);
      const note = `of a round’s phases the longest; mostly: ${WORDS[latest]}`;
      return { ...delayRow(p99Ms, `three tenants, ${who}: `, note), ...(who === CALLER && { as: 'limit' }) };
    }),
  ];
}

export function neighbourRatios(values: RoundValues): Ratio[] {
  const calls = sumOver(values, 'answers') + sumOver(values, 'failed');
  return [
    ...PHASES.filter((phase) => phase !== 'null server').flatMap((phase) =>
      OTHERS.map(
        (id): Ratio => ({
          name: `${id}, p95: ${WORDS[phase]} / ${WORDS['null server']}`,
          values: values.over(`${phase}: ${id}, p95`, `null server: ${id}, p95`),
          wanted: phase === 'quiet' ? null : { atMost: 1.2 },
        }),
      ),
    ),
    {
      name: 'right answers of the others / calls',
      values: [(calls - badNeighbours(values)) / calls],
      wanted: { atLeast: 1 },
    },
    ...WATCHED.map((who) => delayRatio(longestDelay(values, who).p99Ms, `three tenants, ${who}: `)),
  ];
}

/** Round by round, and the phase in which it is longest in the median. */
function longestDelay(values: RoundValues, who: string): { p99Ms: number[]; latest: Phase } {
  // A tenant that is killed begins anew in the midst of that phase.
  const phases = PHASES.filter((phase) => who !== VICTIM || phase !== 'tenant killed');
  const byPhase = phases.map((phase) => ({ phase, p99Ms: values.of(`${phase}: ${who}, delay`) }));
  const p99Ms = byPhase[0]!.p99Ms.map((_, round) => Math.max(...byPhase.map((each) => each.p99Ms[round]!)));
  const latest = byPhase.reduce((worst, each) => (median(each.p99Ms) > median(worst.p99Ms) ? each : worst));
  return { p99Ms, latest: latest.phase };
}

/** Calls of the others that were answered wrong or not at all. */
export function badNeighbours(values: RoundValues): number {
  return sumOver(values, 'wrong') + sumOver(values, 'failed');
}

function sumOver(values: RoundValues, what: 'answers' | 'wrong' | 'failed'): number {
  return PHASES.flatMap((phase) => OTHERS.map((id) => values.sum(`${phase}: ${id}: ${what}`))).reduce(
    (sum, count) => sum + count,
    0,
  );
}
