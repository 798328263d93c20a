import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { isMap, isScalar, parseDocument } from 'yaml';
import { AppError } from './app-error.ts';
import { readYaml } from './read-yaml.ts';

/** Numbers to write, by section and key: `{ recognition: { threshold: 0.36 } }`. */
export type SettingNumbers = Readonly<Record<string, Readonly<Record<string, number>>>>;

export interface ChangedLine {
  readonly kind: 'removed' | 'added';
  /** In the file before, or after; from 1. */
  readonly line: number;
  /** Null where the line holds other settings too, which may be secrets. */
  readonly text: string | null;
}

/**
 * Writes numbers into a configuration file. Everything else in it stays as it is: comments, order, spacing, `${NAME}`. The
 * file is replaced in one step, so whoever reads it meanwhile reads the old or the new one.
 *
 * @returns the lines that changed; none where the file says so already.
 * @throws {AppError} CONFIG_NOT_FOUND; CONFIG_INVALID when it is no YAML, or a section is no mapping, or it cannot be written.
 */
export function changeSettingsFile(file: string, numbers: SettingNumbers): ChangedLine[] {
  readYaml(file);
  // A link stays one.
  const real = realpathSync(file);
  const before = readFileSync(real, 'utf8');
  const after = withNumbers(before, numbers, file);
  if (after !== before) replace(real, before, after);
  return changedLines(
    before,
    after,
    new Set(Object.entries(numbers).flatMap(([section, keys]) => [section, ...Object.keys(keys)])),
  );
}

function withNumbers(text: string, numbers: SettingNumbers, file: string): string {
  const wanted = parseDocument(text);
  let edited = text;
  for (const [section, entries] of Object.entries(numbers)) {
    let former: string | null = null;
    for (const [key, value] of Object.entries(entries)) {
      const present = wanted.get(section, true);
      if (present !== undefined && !isMap(present) && !(isScalar(present) && present.value === null)) {
        throw new AppError('CONFIG_INVALID', `${file}: ${section} must be a section of its own to be changed here`);
      }
      if (!isMap(present)) wanted.set(section, wanted.createNode({}));
      wanted.setIn([section, key], value);
      edited = withNumber(edited, [section, key, former], value) ?? wanted.toString({ lineWidth: 0 });
      former = key;
    }
  }
  // A few lines put in by hand; where they do not mean what they should, the library writes the whole document anew.
  const check = parseDocument(edited);
  const same = check.errors.length === 0 && isDeepStrictEqual(check.toJS(), wanted.toJS());
  return same ? edited : wanted.toString({ lineWidth: 0 });
}

/** The text with one number changed, or put in below its `former`; null where that takes more than a line. */
function withNumber(
  text: string,
  [section, key, former]: readonly [string, string, string | null],
  value: number,
): string | null {
  const document = parseDocument(text);
  const newline = text.includes('\r\n') ? '\r\n' : '\n';
  const map = document.get(section, true);
  if (map === undefined) {
    if (document.contents !== null && (!isMap(document.contents) || document.contents.flow)) return null;
    const gap = text === '' || text.endsWith('\n') ? '' : newline;
    return `${text}${gap}${text === '' ? '' : newline}${section}:${newline}  ${key}: ${value}${newline}`;
  }
  if (!isMap(map) || map.flow === true) return spliced(text, scalarAt(map, key), value);
  const at = scalarAt(map, key);
  if (at) return spliced(text, at, value);
  const first = (map.items[0]?.key as { range?: readonly number[] } | undefined)?.range?.[0];
  if (first === undefined) return null;
  const indent = text.slice(text.lastIndexOf('\n', first - 1) + 1, first);
  if (indent.trim() !== '') return null;
  const above = former === null ? null : scalarAt(map, former);
  const end = above && text.indexOf('\n', above[1]);
  if (end !== null && end > 0)
    return `${text.slice(0, end + 1)}${indent}${key}: ${value}${newline}${text.slice(end + 1)}`;
  return `${text.slice(0, first)}${key}: ${value}${newline}${indent}${text.slice(first)}`;
}

function scalarAt(map: unknown, key: string): readonly [number, number] | null {
  if (!isMap(map)) return null;
  const found = map.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.value;
  return isScalar(found) && found.range && found.value !== null ? [found.range[0], found.range[1]] : null;
}

function spliced(text: string, at: readonly [number, number] | null, value: number): string | null {
  return at && `${text.slice(0, at[0])}${value}${text.slice(at[1])}`;
}

function replace(file: string, before: string, after: string): void {
  const fresh = join(dirname(file), `.${process.pid}-${Date.now()}.facegate-new`);
  try {
    const { mode, uid, gid } = statSync(file);
    const descriptor = openSync(fresh, 'wx', 0o600);
    try {
      writeSync(descriptor, after);
      fchmodSync(descriptor, mode);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    if (process.getuid?.() === 0) chownSync(fresh, uid, gid);
    if (readFileSync(file, 'utf8') !== before) throw new Error('somebody else changed it meanwhile');
    renameSync(fresh, file);
  } catch (cause) {
    rmSync(fresh, { force: true });
    const why = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : String(cause);
    throw new AppError('CONFIG_INVALID', `${file} could not be written: ${why}`, { cause });
  }
}

/** What is between the lines that both begin with, and those that both end with. */
function changedLines(before: string, after: string, names: ReadonlySet<string>): ChangedLine[] {
  const [old, fresh] = [before.split(/\r?\n/), after.split(/\r?\n/)];
  let head = 0;
  while (head < Math.min(old.length, fresh.length) && old[head] === fresh[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(old.length, fresh.length) - head && old.at(-1 - tail) === fresh.at(-1 - tail)) tail += 1;
  const lines = (all: string[], kind: ChangedLine['kind']) =>
    all
      .slice(head, all.length - tail)
      .map((text, i): ChangedLine => ({ kind, line: head + i + 1, text: isAbout(text, names) ? text : null }));
  return [...lines(old, 'removed'), ...lines(fresh, 'added')];
}

function isAbout(line: string, names: ReadonlySet<string>): boolean {
  const name = /^\s*([A-Za-z]+):/.exec(line)?.[1];
  return line.trim() === '' || (name !== undefined && names.has(name));
}
