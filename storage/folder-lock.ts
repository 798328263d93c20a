import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';
import { makePrivately } from './make-privately.ts';

/** Holds the data folder for one process. */
export interface FolderLock {
  /** Idempotent. */
  release(): void;
}

const SQLITE_BUSY = 5;

/**
 * Takes the data folder for this process alone: one server serves from it, and nothing is restored into it meanwhile.
 * Commands that read or enrol do not take it; the databases themselves let several processes work on them.
 *
 * The lock is a write transaction on `server.lock` that stays open, so it is the operating system that lets go of it when
 * the process ends, however it ends: there is no stale lock, and no process number to be taken for another one's. Who holds
 * it stands inside, for people.
 *
 * @throws {AppError} DATA_FOLDER_IN_USE when another process holds it, and says which; CONFIG_INVALID when the folder cannot
 * be written to.
 */
export function lockFolder(dataDir: string): FolderLock {
  const file = join(dataDir, 'server.lock');
  let database: DatabaseSync | undefined;
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
    makePrivately(file);
    database = new DatabaseSync(file);
    take(database);
  } catch (error) {
    const holder = isBusy(error) && database ? holderOf(database) : null;
    database?.close();
    if (holder !== null) {
      throw new AppError(
        'DATA_FOLDER_IN_USE',
        `the data folder ${dataDir} is in use: facegate runs on it already (${holder})`,
        { cause: error },
      );
    }
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('CONFIG_INVALID', `the data folder ${dataDir} could not be locked: ${said}`, { cause: error });
  }
  const held = database;
  return {
    release() {
      if (held.isOpen) held.close();
    },
  };
}

/** Twice: first to say who we are, then to stay. Whoever came in between holds it, and the second one fails. */
function take(database: DatabaseSync): void {
  database.exec(`
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS holder (pid INTEGER NOT NULL, host TEXT NOT NULL, since TEXT NOT NULL) STRICT;
    DELETE FROM holder`);
  database.prepare('INSERT INTO holder VALUES (?, ?, ?)').run(process.pid, hostname(), new Date().toISOString());
  database.exec('COMMIT; BEGIN IMMEDIATE');
}

function isBusy(error: unknown): boolean {
  return (error as { errcode?: number }).errcode === SQLITE_BUSY;
}

function holderOf(database: DatabaseSync): string {
  try {
    const row = database.prepare('SELECT pid, host, since FROM holder').get();
    if (row) return `process ${row.pid} on ${row.host}, since ${row.since}`;
  } catch {
    // Somebody is just taking it.
  }
  return 'another process';
}
