import type { Bar, Calibration } from '../../../gallery/calibration/calibrate-gallery.ts';
import type { FittedValue } from '../../../gallery/calibration/fit-margin.ts';
import type { CountedShare, OperatingFigures } from '../../../gallery/calibration/operating-figures.ts';

const number = (value: number) => value.toLocaleString('en');
const cosine = (value: number) => value.toFixed(4);
const percent = (share: number) => (share === 0 ? '0 %' : `${(share * 100).toPrecision(share < 0.1 ? 2 : 3)} %`);
const rate = (share: number) => (share === 0 ? '0' : share.toExponential(1));
const interval = ([low, high]: readonly [number, number], show: (value: number) => string) =>
  `95 %: ${show(low)} to ${show(high)}`;

/** Cells of one table: what is counted, with the settings as they are, with what was fitted, and how sure the last one is. */
export function figureRows(report: Calibration): string[][] {
  const { now, fitted, threshold, margin } = report;
  const row = (name: string, of: (figures: OperatingFigures) => string, sure = '') => [
    name,
    of(now),
    fitted ? of(fitted) : '–',
    sure,
  ];
  const shareRow = (name: string, of: (figures: OperatingFigures) => CountedShare | null) => {
    const sure = of(fitted ?? now);
    return row(
      name,
      (figures) => {
        const share = of(figures);
        return share === null ? '–' : percent(share.share);
      },
      sure ? `${number(sure.count)} of ${number(sure.of)}, ${interval(sure.interval, percent)}` : '',
    );
  };
  const fit = (value: FittedValue | null) => (value ? interval(value.interval, cosine) : 'not fitted, see below');
  const { subjects } = now.falsePositive;
  const { falseAccept: accepted } = fitted ?? now;
  return [
    ['', 'NOW', 'FITTED', ''],
    row('threshold', (figures) => cosine(figures.threshold), fit(threshold)),
    row('margin', (figures) => cosine(figures.margin), fit(margin)),
    row(
      'a stranger is taken for one given subject',
      ({ falseAccept }) => (falseAccept.of === 0 ? '–' : rate(falseAccept.share)),
      `${number(accepted.count)} of ${number(accepted.of)} comparisons`,
    ),
    row(`a stranger is taken for one of ${number(subjects)}, computed`, ({ falseAccept, falsePositive }) =>
      falseAccept.of === 0 ? '–' : percent(falsePositive.ifIndependent),
    ),
    shareRow('  the same, counted here', ({ falsePositive }) => falsePositive.byThreshold),
    shareRow('  the same, with the margin', ({ falsePositive }) => falsePositive.withMargin),
    shareRow('an enrolled person is below the threshold', ({ falseReject }) => falseReject),
    shareRow('an enrolled person does not get the right name', ({ notNamed }) => notNamed),
  ];
}

/** What the figures rest on. */
export function basisWords({ subjects, templates, subjectsWithSeveral, searches, sampled, comparisons }: Calibration) {
  const all = `${number(templates)} templates of ${number(subjects)} subjects, ${number(subjectsWithSeveral)} of them with two or more`;
  const made = sampled
    ? `${number(searches)} of them, drawn with seed ${sampled.seed}, were compared with all others (--all: as many as fit into memory)`
    : 'each was compared with all others';
  return [`${all}; ${made}: ${number(comparisons)} comparisons of a template with another subject`];
}

/** What a rate for one comparison means where a search makes many. */
export function meaningWords({ wantedFar, subjects, copies }: Calibration): string[] {
  if (subjects < 2) return [];
  const inSearch = -Math.expm1(subjects * Math.log1p(-wantedFar));
  const wanted = -Math.expm1(Math.log1p(-0.01) / Math.max(1, subjects));
  return [
    `A false accept rate of ${wantedFar} is that of one comparison. A search compares with all ${number(subjects)} subjects: ` +
      `about ${percent(inSearch)} of strangers then reach the threshold with somebody, 1 − (1 − ${wantedFar})^${subjects}. ` +
      `For 1 % of them, ask for --far ${wanted.toExponential(0)}.`,
    'Enrolled pictures are mostly better than what a camera sees: expect more refusals than stand here.',
    ...(copies > 0
      ? [
          `${number(copies)} templates have a copy under the same subject, or nearly: they make the refusals look fewer.`,
        ]
      : []),
  ];
}

/** Subjects that are easily confused, and templates that look mislabelled. */
export function suspectWords({ subjects, confused, mislabelled, sampled }: Calibration, most: number): string[] {
  const lines: string[] = [];
  if (confused.found > 0) {
    lines.push(
      `easily confused, from a similarity of ${cosine(confused.from)} on: ${number(confused.found)} pairs of subjects, ` +
        `${number(confused.reaching)} of them reach the threshold`,
    );
    for (const { a, b, similarity, reaching, perhapsOne } of confused.pairs.slice(0, most)) {
      const words = [
        ...(reaching > 0
          ? [`${number(reaching)} ${reaching === 1 ? 'comparison reaches' : 'comparisons reach'} it`]
          : []),
        ...(perhapsOne ? ['perhaps one person under two names'] : []),
      ];
      lines.push(`  ${cosine(similarity)}  ${a.name} and ${b.name}${words.length > 0 ? `: ${words.join('; ')}` : ''}`);
    }
    if (confused.found > most)
      lines.push(`  and ${number(confused.found - Math.min(most, confused.pairs.length))} more`);
  }
  if (mislabelled.found > 0) {
    lines.push(`nearer to another subject than to their own: ${number(mislabelled.found)} templates`);
    for (const { id, source, subject, own, nearest, similarity, reachesThreshold } of mislabelled.templates.slice(
      0,
      most,
    )) {
      const verdict = reachesThreshold ? 'perhaps enrolled under the wrong name' : 'like nobody: rather a poor picture';
      lines.push(
        `  ${subject.name}, ${source || id}: ${cosine(own)} to its own, ${cosine(similarity)} to ${nearest.name}; ${verdict}`,
      );
    }
    if (mislabelled.found > most) {
      lines.push(`  and ${number(mislabelled.found - Math.min(most, mislabelled.templates.length))} more`);
    }
  }
  if (lines.length > 0) lines.push('They count in the figures above: put right what is wrong, and calibrate again.');
  else if (!sampled && subjects > 1)
    lines.push('No two subjects are near the threshold, no template looks mislabelled.');
  return lines;
}

const STEP = 0.05;
const WIDEST = 30;
const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** Similarities to other subjects and to one's own, side by side, steps of 0.05, lengths by the logarithm of the count. */
export function histogramRows({ bars, now, threshold }: Calibration): string[][] {
  const steps = new Map<number, { other: number; own: number }>();
  const add = (list: readonly Bar[], key: 'other' | 'own') => {
    for (const { from, count } of list) {
      // The middle of the bar: its lower end may lie a rounding below the step.
      const step = Math.floor((from + bars.width / 2) / STEP);
      const at = steps.get(step) ?? { other: 0, own: 0 };
      at[key] += count;
      steps.set(step, at);
    }
  };
  add(bars.impostor, 'other');
  add(bars.genuine, 'own');
  if (steps.size === 0) return [];
  const most = Math.max(...[...steps.values()].flatMap(({ other, own }) => [other, own]));
  const rows = [['SIMILARITY', 'TO OTHER SUBJECTS', 'TO ONE’S OWN']];
  for (let step = Math.min(...steps.keys()); step <= Math.max(...steps.keys()); step += 1) {
    const { other, own } = steps.get(step) ?? { other: 0, own: 0 };
    const marks = [
      ...(step === Math.floor(now.threshold / STEP + 1e-9) ? ['◂ threshold now'] : []),
      ...(threshold && step === Math.floor(threshold.value / STEP + 1e-9) ? ['◂ fitted'] : []),
    ];
    rows.push([
      `${(step * STEP).toFixed(2).padStart(5)}`,
      withCount(other, most),
      [withCount(own, most), ...marks].join('  '),
    ]);
  }
  return rows;
}

function withCount(count: number, most: number): string {
  if (count === 0) return '';
  const eighths = Math.max(1, Math.round((8 * WIDEST * Math.log1p(count)) / Math.log1p(most)));
  return `${'█'.repeat(Math.floor(eighths / 8))}${BLOCKS[eighths % 8]} ${number(count)}`;
}
