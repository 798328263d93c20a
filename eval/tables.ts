import type { Interval } from '../gallery/calibration/wilson-interval.ts';
import type { CalibrationReport } from './calibrate.ts';
import type { DetectReport } from './detect.ts';
import type { LfwReport } from './lfw.ts';
import type { OpenSetReport } from './open-set.ts';
import type { PresetReport } from './presets.ts';
import type { QualityReport } from './quality.ts';
import type { OpenSet } from './statistics/open-set.ts';

const percent = (share: number, digits = 2) => `${(share * 100).toFixed(digits)} %`;
const share = (value: number | null) => (value === null ? '–' : percent(value, 1));
const interval = ([low, high]: Interval) => `95 %: ${percent(low)} to ${percent(high)}`;
const verdict = (reached: number, wanted: number) =>
  `at least ${percent(wanted, 1)}: ${reached >= wanted ? 'reached' : 'MISSED'}`;

/** What was asked for of the usual networks; the others reach what they reach. */
export const WANTED = { accuracy: 0.99, tarAtFar1e3: 0.98, qualityAuroc: 0.95 } as const;

export function lfwTable(report: LfwReport): string {
  const asked = report.networks === 'usual';
  const { atCatalogThreshold: own } = report;
  return lines([
    ['networks', `${report.detector} at ${report.confidence}, ${report.embedder}${report.flip ? ' and mirrored' : ''}`],
    ['pictures', `${report.pictures} of ${report.people} people`],
    ['no face found', String(report.failedDetections)],
    ['face not embedded', String(report.notEmbedded)],
    ['face below the gate', `${report.belowGate} (not refused below, except where it says so)`],
    [
      `accuracy, ${report.pairs} pairs, 10 folds`,
      percent(report.accuracy),
      interval(report.accuracyInterval),
      ...(asked ? [verdict(report.accuracy, WANTED.accuracy)] : []),
    ],
    ['threshold, mean of the folds', report.threshold.toFixed(3)],
    ['best threshold in hindsight', `${report.best.threshold.toFixed(3)}: ${percent(report.best.accuracy)}`],
    [
      'TAR at FAR 1e-3',
      percent(report.tarAtFar1e3),
      interval(report.tarAtFar1e3Interval),
      ...(asked ? [verdict(report.tarAtFar1e3, WANTED.tarAtFar1e3)] : []),
    ],
    ['  over all pairs', `${report.genuinePairs} genuine, ${report.impostorPairs} impostor`],
    ['  limit', report.thresholdAtFar1e3.toFixed(3)],
    ['  refusing faces below the gate', percent(report.tarAtFar1e3WithGate)],
    ['TAR at FAR 1e-4', percent(report.tarAtFar1e4)],
    [`at the catalog's ${own.threshold}, on people it was not chosen on`, `${own.people} people`],
    [`  accuracy, ${own.pairs} pairs`, percent(own.accuracy), interval(own.accuracyInterval)],
    [
      '  over all their pairs',
      `TAR ${percent(own.tar)}, FAR ${percent(own.far, 4)}`,
      `${own.genuinePairs} genuine, ${own.impostorPairs} impostor`,
    ],
    [
      '  refusing faces below the gate',
      `accuracy ${percent(own.withGate.accuracy)}`,
      `TAR ${percent(own.withGate.tar)}, FAR ${percent(own.withGate.far, 4)}`,
    ],
    ...own.identification.map(({ subjects, namedRightly, namedWrongly, strangersNamed }) => [
      `  gallery of ${subjects}, margin ${own.margin}`,
      `named rightly ${percent(namedRightly)}, wrongly ${percent(namedWrongly)}`,
      `strangers named ${percent(strangersNamed)}`,
    ]),
  ]);
}

export function detectTable(report: DetectReport): string {
  const rows = report.films.flatMap(({ film, faceFree, frames, highestConfidence, at }) =>
    at.map(({ confidence, faces, framesWithFaces, framesByFaces, medianFaces }, i) => [
      i === 0 ? film : '',
      i === 0 ? `${frames} frames, surest ${highestConfidence?.toFixed(3) ?? '< 0.5'}` : '',
      `at ${confidence}`,
      `${faces} faces in ${framesWithFaces} frames`,
      faceFree ? '' : `median ${medianFaces} a frame; ${framesByFaces.map((count, n) => `${n}: ${count}`).join(', ')}`,
    ]),
  );
  return `${lines(rows)}\n${report.detector}: ${report.falseFaces} faces at 0.85 where there are none: ${report.falseFaces === 0 ? 'reached' : 'MISSED'}`;
}

export function qualityTable(report: QualityReport): string {
  const rows = report.groups.map((group) => [
    group.group,
    `${group.shown} shown`,
    `${group.found} found`,
    `${group.measured} measured`,
    `median ${group.medianQuality?.toFixed(2) ?? '–'}`,
    `below the gate ${group.belowGate === null ? '–' : percent(group.belowGate, 1)}`,
    `not compared ${percent(group.notCompared, 1)}`,
    group.auroc === null ? '' : `AUROC ${group.auroc.toFixed(4)}`,
    `recognised: fit ${share(group.recognised.fit)}, unfit ${share(group.recognised.unfit)}`,
    Object.entries(group.reasons)
      .map(([reason, count]) => `${reason} ${count}`)
      .join(', '),
  ]);
  const both = report.aurocNonFacesAndStrongBlur;
  return `${lines(rows)}\n${report.embedder}, signal ${report.signal}, gate ${report.gate}; clean against non-faces and σ 6: AUROC ${both.toFixed(4)}, at least ${WANTED.qualityAuroc}: ${both >= WANTED.qualityAuroc ? 'reached' : 'MISSED'}`;
}

export function calibrationTable(report: CalibrationReport): string {
  const { quality } = report;
  return lines([
    ['networks', `${report.detector}, ${report.embedder}`],
    ['calibration half', `${report.people} people, ${report.pictures} pictures`],
    ['pairs', `${report.genuinePairs} genuine, ${report.impostorPairs} impostor`],
    [
      `threshold, FAR ${report.far}`,
      report.threshold.toFixed(4),
      `95 %: ${report.thresholdInterval.map((value) => value.toFixed(4)).join(' to ')}`,
    ],
    ['margin', report.margin.toFixed(4)],
    ['similaritySlope', report.similaritySlope.toFixed(1)],
    [
      `quality, ${quality.signal}`,
      quality.points.map(([signal, value]) => `${signal.toFixed(2)}: ${value}`).join(', '),
    ],
  ]);
}

export function openSetTable(report: OpenSetReport): string {
  const { calibration, report: reported, subjects } = report;
  const shares = ({ threshold, identified, namedWrongly, falsePositive }: OpenSet) => [
    ['  threshold', threshold.share.toFixed(4), `95 %: ${threshold.interval.map((t) => t.toFixed(4)).join(' to ')}`],
    ['  enrolled people: right name', percent(identified.share), interval(identified.interval)],
    ['  enrolled people: wrong name', percent(namedWrongly.share), interval(namedWrongly.interval)],
    ['  strangers: some name', percent(falsePositive.share), interval(falsePositive.interval)],
  ];
  return lines([
    ['networks', `${report.detector}, ${report.embedder}`],
    ['pictures', `${report.pictures}, ${report.notCompared} of them without a face that is compared`],
    ['threshold chosen on', `${calibration.people} people, ${calibration.pictures} pictures`],
    ['reported on', `${reported.people} others, ${reported.pictures} pictures`],
    [
      `${report.galleries} galleries of ${subjects}, one picture each`,
      `searches in each: ${report.withMargin.mateSearches.toFixed(0)} of enrolled people, ${report.withMargin.strangerSearches.toFixed(0)} of strangers`,
    ],
    [`at ${percent(report.fpir, 0)} of strangers named, with a margin of ${report.margin}`],
    ...shares(report.withMargin),
    ['the same by a threshold alone'],
    ...shares(report.withoutMargin),
  ]);
}

export function presetTable(reports: readonly PresetReport[]): string {
  return lines(
    reports.flatMap(({ detector, surestNonFace, presets }) => [
      [detector, `surest where nobody is: ${surestNonFace?.toFixed(3) ?? 'below 0.1'}`],
      ...presets.map(({ preset, confidence, catalog, faces, alsoReference, referenceFaces, falseFaces }) => [
        `  ${preset}`,
        `as many faces at ${confidence?.toFixed(3) ?? '–'}`,
        `the catalog's ${catalog}: ${faces} faces, ${alsoReference} of the reference's ${referenceFaces}`,
        `${falseFaces} where nobody is`,
      ]),
    ]),
  );
}

function lines(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] as number))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
