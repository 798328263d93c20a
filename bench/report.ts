import type { Plot } from './live/plot.ts';
import { plotText } from './live/plot-text.ts';
import { type Conditions, type Machine, troubles } from './machine.ts';

export interface Row {
  readonly name: string;
  /** One value a round. */
  readonly values: readonly number[];
  readonly unit: string;
  /** What the ratios compare with: what nothing can beat, or what others reach. */
  readonly as?: 'limit' | 'peer';
  readonly note?: string;
}

export interface Ratio {
  readonly name: string;
  /** Value by value of the same round, so that a machine whose speed drifts does not move it. */
  readonly values: readonly number[];
  /** What it should reach; null where nothing was promised. */
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number } | null;
}

export interface NamedPlot extends Plot {
  /** Of its file, without the ending. */
  readonly name: string;
}

export interface Measurement {
  readonly part: string;
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly plots?: readonly NamedPlot[];
  readonly remarks: readonly string[];
}

/** One part as it stands in a file: what was measured, on what, and what else went on. */
export interface Figures {
  readonly machine: Machine;
  readonly conditions: Conditions;
  readonly measurement: Measurement;
}

/** Of the main thread's delay, which every part that runs facegate measures. */
const WANTED_DELAY_MS = 20;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Delay of the main thread, 99th percentile of each round, as a row. @param of what was measured, e.g. `walk: `. */
export function delayRow(p99Ms: readonly number[], of = '', note?: string): Row {
  return { name: `${of}delay of the main thread, p99`, values: p99Ms, unit: 'ms', ...(note ? { note } : {}) };
}

export function delayRatio(p99Ms: readonly number[], of = ''): Ratio {
  return {
    name: `${of}delay of the main thread, p99 / ${WANTED_DELAY_MS} ms`,
    values: p99Ms.map((ms) => ms / WANTED_DELAY_MS),
    wanted: { atMost: 1 },
  };
}

/** A table a person can read: median, spread, and for each ratio whether it is what it should be; then plots and remarks. */
export function render({ part, rows, ratios, plots = [], remarks }: Measurement, conditions?: Conditions): string {
  const table: string[][] = [
    [part, 'median', 'spread', 'unit', ''],
    ...rows.map((row) => [row.name, figure(median(row.values)), spread(row.values), row.unit, noteOf(row)]),
    ...ratios.map((ratio) => [ratio.name, figure(median(ratio.values)), spread(ratio.values), '×', verdict(ratio)]),
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  const lines = table.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column > 2 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
  const warnings = conditions ? troubles(conditions).map((trouble) => `! ${trouble}: these figures do not count`) : [];
  return [
    ...lines,
    ...plots.flatMap((plot) => ['', plotText(plot)]),
    '',
    ...remarks.map((remark) => `- ${remark}`),
    ...warnings,
  ].join('\n');
}

export function spread(values: readonly number[]): string {
  return values.length <= 1 ? '' : `${figure(Math.min(...values))}–${figure(Math.max(...values))}`;
}

export function noteOf({ as, note }: Row): string {
  return [as, note].filter((part) => part !== undefined).join('; ');
}

export function verdict({ values, wanted }: Ratio): string {
  if (wanted === null) return '';
  const reached = median(values);
  if ('atLeast' in wanted) return `at least ${wanted.atLeast}: ${reached >= wanted.atLeast ? 'reached' : 'MISSED'}`;
  return `at most ${wanted.atMost}: ${reached <= wanted.atMost ? 'reached' : 'MISSED'}`;
}

export function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}
