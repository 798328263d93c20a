import { cpus, totalmem } from 'node:os';

export interface Row {
  readonly name: string;
  /** One value a round. */
  readonly values: readonly number[];
  readonly unit: string;
  readonly note?: string;
}

export interface Ratio {
  readonly name: string;
  /** Value by value of the same round, so that a machine whose speed drifts does not move it. */
  readonly values: readonly number[];
  /** What it should reach; null where nothing was promised. */
  readonly wanted: { readonly atLeast: number } | { readonly atMost: number } | null;
}

export interface Measurement {
  readonly part: string;
  readonly rows: readonly Row[];
  readonly ratios: readonly Ratio[];
  readonly remarks: readonly string[];
}

export function machine(): string {
  const all = cpus();
  return `on this machine: ${all.length} × ${all[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}, ${process.platform} ${process.arch}`;
}

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

/** A table a person can read: median, spread, and for each ratio whether it is what it should be. */
export function render({ part, rows, ratios, remarks }: Measurement): string {
  const spread = (values: readonly number[]) =>
    values.length === 1 ? '' : `${figure(Math.min(...values))}–${figure(Math.max(...values))}`;
  const table: string[][] = [
    [part, 'median', 'spread', 'unit', ''],
    ...rows.map((row) => [row.name, figure(median(row.values)), spread(row.values), row.unit, row.note ?? '']),
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
  return [...lines, ...remarks.map((remark) => `- ${remark}`)].join('\n');
}

function verdict({ values, wanted }: Ratio): string {
  if (wanted === null) return '';
  const reached = median(values);
  if ('atLeast' in wanted) return `at least ${wanted.atLeast}: ${reached >= wanted.atLeast ? 'reached' : 'MISSED'}`;
  return `at most ${wanted.atMost}: ${reached <= wanted.atMost ? 'reached' : 'MISSED'}`;
}

function figure(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(3);
}
