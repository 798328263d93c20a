import type { NetworkRow, TimedRow } from './run-timings.ts';

const FIGURES = ['P50 ms', 'P95 ms', 'PER SECOND', 'PEAK MEMORY MiB'] as const;
const RANDOM = ' (random weights, timing only)';

/** Rows for the terminal, the heading first; what could not be measured refers to a note. */
export interface TimingTable {
  readonly rows: readonly (readonly string[])[];
  readonly notes: readonly string[];
}

export function networkTable(rows: readonly NetworkRow[]): TimingTable {
  const notes: string[] = [];
  const cells: string[][] = [];
  for (const [at, row] of rows.entries()) {
    // A provider that is missing is one line for all sizes of a network, and one note for all networks.
    if (sameGap(row, rows[at - 1])) continue;
    cells.push([
      `${row.model}${row.randomWeights ? RANDOM : ''}`,
      sameGap(row, rows[at + 1]) ? 'all' : `${row.width}×${row.height}`,
      row.provider,
      ...figures({ ...row, why: row.why?.replaceAll(row.model, 'a network') ?? null }, notes),
    ]);
  }
  return { rows: [['MODEL', 'INPUT', 'PROVIDER', ...FIGURES], ...cells], notes };
}

function sameGap(row: NetworkRow, other: NetworkRow | undefined): boolean {
  return row.timing === null && row.model === other?.model && row.provider === other.provider && row.why === other.why;
}

export function pictureTable(rows: readonly TimedRow[]): TimingTable {
  const notes: string[] = [];
  const cells = rows.map((row) => [row.provider, String(row.timing?.faces ?? ''), ...figures(row, notes)]);
  return { rows: [['PROVIDER', 'FACES', ...FIGURES], ...cells], notes };
}

function figures({ timing, why }: TimedRow, notes: string[]): string[] {
  if (timing) {
    return [timing.p50Ms, timing.p95Ms, timing.perSecond, timing.peakMemoryMb].map((value) =>
      value >= 100 ? value.toFixed(0) : value.toPrecision(3),
    );
  }
  const note = why ?? 'unknown';
  if (!notes.includes(note)) notes.push(note);
  return [`not measured (${notes.indexOf(note) + 1})`];
}
