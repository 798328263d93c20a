import { createHash } from 'node:crypto';
import { chmodSync, copyFileSync, createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { backup, DatabaseSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';

/** Pages copied at once, 32 MiB of them: who writes meanwhile makes SQLite begin anew, which must not go on for ever. */
const PAGES_AT_ONCE = 8192;

/** Unknown people are forgotten within a time that was promised: what is copied would outlive it. */
const NEVER_COPIED = new Set(['unknowns.db']);

/** The databases of a data folder that are worth a copy, by file name. */
export function databasesIn(dataDir: string): string[] {
  return readdirSync(dataDir, { withFileTypes: true })
    .flatMap((entry) => (entry.isFile() && /^[a-z0-9-]+\.db$/i.test(entry.name) ? [entry.name] : []))
    .filter((name) => !NEVER_COPIED.has(name))
    .sort();
}

/**
 * Copies a database while others read and write it: the copy is its state of one moment, in one file, checked.
 *
 * @throws {AppError} ARCHIVE_FAILED
 */
export async function copyDatabase(
  from: string,
  to: string,
  onProgress: (done: number, total: number) => void = () => undefined,
): Promise<void> {
  const bytes = statSync(from).size;
  let source: DatabaseSync | undefined;
  try {
    source = new DatabaseSync(from, { readOnly: true, timeout: 10_000 });
    await backup(source, to, {
      rate: PAGES_AT_ONCE,
      progress: ({ totalPages, remainingPages }) =>
        onProgress(Math.round((bytes * (totalPages - remainingPages)) / Math.max(1, totalPages)), bytes),
    });
    chmodSync(to, 0o600);
    const copy = new DatabaseSync(to);
    try {
      // One file, without a write-ahead log beside it.
      copy.exec('PRAGMA journal_mode = DELETE');
    } finally {
      copy.close();
    }
    onProgress(bytes, bytes);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('ARCHIVE_FAILED', `the database ${from} could not be copied: ${said}`, { cause: error });
  } finally {
    source?.close();
  }
  checkDatabase(to, from);
}

/** @throws {AppError} ARCHIVE_INVALID when the database is damaged. */
export function checkDatabase(file: string, name: string): void {
  let database: DatabaseSync | undefined;
  let found: string;
  try {
    database = new DatabaseSync(file, { readOnly: true });
    found = String(Object.values(database.prepare('PRAGMA integrity_check(1)').get() ?? {})[0]);
    if (found === 'ok' && database.prepare('PRAGMA foreign_key_check').get())
      found = 'a row refers to one that is not there';
  } catch (error) {
    found = error instanceof Error ? error.message : String(error);
  } finally {
    database?.close();
  }
  if (found !== 'ok') throw new AppError('ARCHIVE_INVALID', `the database ${name} is damaged: ${found}`);
}

/** A file that only its owner may read, too. */
export function copyPrivately(from: string, to: string): boolean {
  if (!existsSync(from)) return false;
  copyFileSync(from, to);
  chmodSync(to, 0o600);
  return true;
}

/** Lower-case hex SHA-256 of a file. */
export async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(file)) hash.update(bytes as Buffer);
  return hash.digest('hex');
}
