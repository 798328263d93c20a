import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { plotSvg } from './live/plot.ts';
import type { Figures, Measurement } from './report.ts';

/** What `--json` writes, and docs/figures holds one part each of. */
export interface FiguresFile {
  readonly format: 1;
  readonly figures: readonly Figures[];
}

/** More digits than anybody reads, and few enough that a file stays small. */
const DIGITS = 6;

export function writeFigures(file: string, figures: readonly Figures[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ format: 1, figures } satisfies FiguresFile, rounded, 1)}\n`);
}

/** @throws {Error} for what `--json` has not written */
export function readFigures(file: string): readonly Figures[] {
  const { format, figures } = JSON.parse(readFileSync(file, 'utf8')) as Partial<FiguresFile>;
  if (format !== 1 || !Array.isArray(figures))
    throw new Error(`${file} must be what npm run bench -- PART --json FILE writes: {"format":1,"figures":[…]}`);
  return figures;
}

/** One SVG for each plot. @returns the files. */
export function writePlots(folder: string, { plots = [] }: Measurement): string[] {
  mkdirSync(folder, { recursive: true });
  return plots.map((plot) => {
    const file = join(folder, `${plot.name}.svg`);
    writeFileSync(file, plotSvg(plot));
    return file;
  });
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(DIGITS)) : value;
}
