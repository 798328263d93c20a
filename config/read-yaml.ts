import { readFileSync, statSync } from 'node:fs';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';
import { AppError } from './app-error.ts';
import type { SettingPath } from './interpolate.ts';

export interface YamlFile {
  readonly value: unknown;
  /** The line where the key (or member of a list) at `path` stands, from 1; null where it is not in the file. */
  lineOf(path: SettingPath): number | null;
}

/** Far more than any real configuration; a wrong file is refused before it is parsed. */
const MAX_BYTES = 1_048_576;
/** Aliases may multiply what they name; this many is enough to share a few settings. */
const MAX_ALIASES = 100;

/**
 * Reads YAML 1.2 (core schema: no dates, no code, no merge keys). The messages never quote the file, which may hold secrets.
 *
 * @throws {AppError} CONFIG_NOT_FOUND or CONFIG_INVALID.
 */
export function readYaml(file: string): YamlFile {
  const text = readText(file);
  const lineCounter = new LineCounter();
  let value: unknown;
  let document: Document.Parsed | undefined;
  try {
    document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: true, stringKeys: true });
    const problems = [...document.errors, ...document.warnings];
    if (problems.length > 0) {
      const lines = problems.slice(0, 20).map((error) => {
        const { line } = lineCounter.linePos(error.pos[0]);
        return `${file} line ${line}: ${meaning(error)}`;
      });
      throw new AppError('CONFIG_INVALID', lines.join('\n'));
    }
    value = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    if (error instanceof AppError) throw error;
    const lost = error instanceof ReferenceError && document ? unresolvedAlias(document) : null;
    if (lost !== null) {
      const { line } = lineCounter.linePos(lost);
      throw new AppError(
        'CONFIG_INVALID',
        `${file} line ${line}: an alias ("*name") names no anchor ("&name") above it`,
      );
    }
    // Aliases without end, or lists nested deeper than the stack.
    throw new AppError('CONFIG_INVALID', `${file} is nested too deeply or uses too many aliases`);
  }
  const parsed = document;
  const lineOf = (path: SettingPath): number | null => {
    const at = offsetOf(parsed, path);
    return at === null ? null : lineCounter.linePos(at).line;
  };
  return { value, lineOf };
}

function readText(file: string): string {
  try {
    const { size } = statSync(file);
    if (size > MAX_BYTES) {
      throw new AppError('CONFIG_INVALID', `${file} must have at most ${MAX_BYTES} bytes, got ${size}`);
    }
    const bytes = readFileSync(file);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof AppError) throw error;
    if (error instanceof TypeError) throw new AppError('CONFIG_INVALID', `${file} must be text in UTF-8`);
    const code = (error as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
    throw new AppError('CONFIG_NOT_FOUND', `the configuration file ${file} ${why}`, { cause: error });
  }
}

function meaning(error: YAMLError): string {
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return 'this key stands here a second time';
    case 'TAB_AS_INDENT':
      return 'indent with spaces, not with tabs';
    case 'BAD_INDENT':
      return 'the indentation fits neither the line above nor a key further up';
    case 'MULTIPLE_DOCS':
      return 'one document only, without "---" in the middle';
    case 'TAG_RESOLVE_FAILED':
      return 'tags ("!name") are not taken';
    case 'BAD_ALIAS':
      return 'an alias is "*name" and nothing more; put text that begins with "*" in quotes';
    case 'NON_STRING_KEY':
      return 'a key must be text';
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return 'a second ": " in the line, or a line that is indented without a key above it; put text with ": " in quotes';
    case 'MISSING_CHAR':
      return 'a closing quote, bracket, brace or comma is missing';
    default:
      // The parser's own words quote what it met, which may be a secret.
      return `this is not YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`;
  }
}

function unresolvedAlias(document: Document.Parsed): number | null {
  let at: number | null = null;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document)) return undefined;
      at = alias.range?.[0] ?? null;
      return visit.BREAK;
    },
  });
  return at;
}

function offsetOf(document: Document.Parsed, path: SettingPath): number | null {
  let node: unknown = document.contents;
  let at: number | null = (document.contents as Node | null)?.range?.[0] ?? null;
  for (const step of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step));
      if (!pair) return null;
      at = (pair.key as Node).range?.[0] ?? at;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) return null;
      at = (node as Node).range?.[0] ?? at;
    } else return null;
  }
  return at;
}
