import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import type { PictureOutcome } from '../../gallery/folder/enrol-pictures.ts';

type Format = 'json' | 'csv';

const COLUMNS = ['file', 'name', 'outcome', 'code', 'message', 'quality', 'new'] as const;

/** @throws {AppError} USAGE when the file is neither `.json` nor `.csv`. */
export function reportFormat(file: string): Format {
  const ending = extname(file).toLowerCase();
  if (ending === '.json' || ending === '.csv') return ending.slice(1) as Format;
  throw new AppError('USAGE', `--report must be a file that ends in .json or .csv, got "${file}"`);
}

/**
 * Writes what became of each picture. Only its owner may read it: it names people.
 *
 * @throws {AppError} USAGE when it cannot be written.
 */
export function writeReport(file: string, outcomes: readonly PictureOutcome[]): void {
  const rows = outcomes.map(({ label, name, outcome, code, message, quality, isNew }) => ({
    file: label,
    name,
    outcome,
    code,
    message,
    quality: quality === null ? null : Number(quality.toFixed(4)),
    new: isNew,
  }));
  const text =
    reportFormat(file) === 'json'
      ? `${JSON.stringify({ pictures: rows }, null, 2)}\n`
      : [COLUMNS, ...rows.map((row) => COLUMNS.map((column) => row[column]))].map(csvLine).join('');
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (cause) {
    throw new AppError('USAGE', `--report ${file} could not be written: ${(cause as Error).message}`, { cause });
  }
}

/** RFC 4180. */
function csvLine(cells: readonly (string | number | boolean | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

function csvCell(value: string | number | boolean | null): string {
  if (typeof value !== 'string') return value === null ? '' : String(value);
  // A file may be called =cmd|…: what a spreadsheet would take for a formula is text.
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
