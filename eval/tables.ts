import type { DetectReport } from './detect.ts';
import type { LfwReport } from './lfw.ts';
import type { QualityReport } from './quality.ts';
import type { Interval } from './statistics/wilson-interval.ts';

const percent = (share: number, digits = 2) => `${(share * 100).toFixed(digits)} %`;
const interval = ([low, high]: Interval) => `95 %: ${percent(low)} to ${percent(high)}`;
const verdict = (reached: number, wanted: number) =>
  `at least ${percent(wanted, 1)}: ${reached >= wanted ? 'reached' : 'MISSED'}`;

/** What was asked for of the usual networks; the others reach what they reach. */
export const WANTED = { accuracy: 0.99, tarAtFar1e3: 0.98, qualityAuroc: 0.95 } as const;

export function lfwTable(report: LfwReport): string {
  const asked = report.networks === 'usual';
  const { atCatalogThreshold: own } = report;
  return lines([
    ['networks', `${report.detector} at ${report.confidence}, ${report.embedder}`],
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
    ['  refusing faces below the gate', percent(report.withGate.tarAtFar1e3)],
    ...report.otherPeople.map(({ limit, tar, far }, i) => [
      `  limit ${limit.toFixed(3)} of half ${i + 1}, on the other`,
      `TAR ${percent(tar)}, FAR ${percent(far, 3)}`,
    ]),
    ['TAR at FAR 1e-4', percent(report.tarAtFar1e4)],
    [`at the catalog's ${own.threshold}`, `accuracy ${percent(own.accuracy)}`, interval(own.accuracyInterval)],
    ['  over all pairs', `TAR ${percent(own.tar)}, FAR ${percent(own.far, 4)}`],
    ['  refusing faces below the gate', `accuracy ${percent(report.withGate.accuracyAtCatalogThreshold)}`],
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
  ]);
  const both = report.aurocNonFacesAndStrongBlur;
  return `${lines(rows)}\n${report.embedder}, signal ${report.signal}, gate ${report.gate}; clean against non-faces and σ 6: AUROC ${both.toFixed(4)}, at least ${WANTED.qualityAuroc}: ${both >= WANTED.qualityAuroc ? 'reached' : 'MISSED'}`;
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
