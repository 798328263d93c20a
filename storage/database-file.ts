import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import { planFileOf } from './finish-restore.ts';
import { makePrivately } from './make-privately.ts';

/** One step of a database's schema. A list of them only ever grows at its end. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface DatabaseFileOptions {
  file: string;
  /** What messages call it, e.g. `gallery database`. */
  what: string;
  /** The code that its failures carry. */
  code: ErrorCode;
  migrations: readonly Migration[];
  /** Overwrite with zeros what is deleted. Default false. */
  secureDelete?: boolean;
}

/** How long a statement waits, blocking this thread, for another process's write to end. */
export const BUSY_TIMEOUT_MS = 2000;
const SQLITE_BUSY = 5;

/**
 * A SQLite database as every file of the data folder is kept: WAL, `synchronous=FULL` (what was acknowledged survives a
 * power cut), foreign keys, readable by its owner only, its schema brought up to date when it is opened. Several
 * processes may have it open.
 */
export class DatabaseFile {
  readonly #database: DatabaseSync;
  readonly #what: string;
  readonly #code: ErrorCode;

  /** @throws {AppError} `options.code` when it cannot be opened, is not such a database, or a newer facegate wrote it. */
  constructor(options: DatabaseFileOptions) {
    const { file, what, code, migrations, secureDelete = false } = options;
    this.#what = `${what} ${file}`;
    this.#code = code;
    this.#database = this.#translate('be opened', () => {
      if (existsSync(planFileOf(dirname(file)))) {
        throw new Error(
          'a restore was interrupted; "facegate restore --finish" goes on with it, and so does facegate serve',
        );
      }
      createPrivately(file);
      return new DatabaseSync(file);
    });
    try {
      this.attempt('be opened', () => {
        this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
        this.#enterWal();
        this.#database.exec(`
          PRAGMA synchronous = FULL;
          PRAGMA foreign_keys = ON;
          PRAGMA secure_delete = ${secureDelete ? 'ON' : 'OFF'};
        `);
        this.#migrate(migrations);
      });
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#database.isOpen;
  }

  prepare(sql: string): StatementSync {
    return this.attempt('prepare a statement', () => this.#database.prepare(sql));
  }

  /**
   * Runs `work`; what the database throws becomes an AppError that says `could not <doing>`.
   *
   * @throws {AppError} the code given at construction, also when the database is closed.
   */
  attempt<T>(doing: string, work: () => T): T {
    if (!this.isOpen) throw new AppError(this.#code, `the ${this.#what} could not ${doing}: it is closed`);
    return this.#translate(doing, work);
  }

  /** `work` as one transaction, rolled back when it throws. A `snapshot` only reads, and sees one state throughout. */
  transaction<T>(doing: string, kind: 'write' | 'snapshot', work: () => T): T {
    return this.attempt(doing, () => {
      // A write takes its lock at the start: two deferred ones that both read first could not wait for each other.
      this.#database.exec(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN DEFERRED');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        // Some failures (disk full, I/O) have rolled back already.
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  /**
   * Moves everything from the WAL into the database and empties the WAL.
   *
   * @param waitMs how long to wait, blocking this thread, for other processes. Default 2 s.
   * @returns false when another process was reading or writing, and the WAL still holds something.
   */
  checkpoint({ waitMs = BUSY_TIMEOUT_MS }: { waitMs?: number } = {}): boolean {
    return this.attempt('be checkpointed', () => {
      this.#database.exec(`PRAGMA busy_timeout = ${waitMs}`);
      try {
        return this.#database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy === 0;
      } finally {
        this.#database.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
      }
    });
  }

  /**
   * Writes the whole database anew (VACUUM): nothing that was deleted or changed is left between what is there.
   *
   * @returns false when another process was reading or writing.
   */
  rewrite(): boolean {
    return this.attempt('be rewritten', () => {
      try {
        this.#database.exec('VACUUM');
        return true;
      } catch (error) {
        if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false;
        throw error;
      }
    });
  }

  /** Idempotent. Checkpoints first; what a busy database keeps in its WAL is there at the next opening. */
  close(): void {
    if (!this.isOpen) return;
    try {
      this.checkpoint();
    } finally {
      this.#database.close();
    }
  }

  #translate<T>(doing: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof AppError) throw error;
      const said = error instanceof Error ? error.message : String(error);
      throw new AppError(this.#code, `the ${this.#what} could not ${doing}: ${said}`, { cause: error });
    }
  }

  #enterWal(): void {
    const mode = this.#database.prepare('PRAGMA journal_mode').get()?.journal_mode;
    if (mode === 'wal') return;
    const entered = this.#database.prepare('PRAGMA journal_mode = WAL').get()?.journal_mode;
    if (entered !== 'wal') throw new Error(`its file system allows no write-ahead log (journal mode ${entered})`);
  }

  #migrate(migrations: readonly Migration[]): void {
    this.transaction('be brought up to date', 'write', () => {
      this.#database.exec(`CREATE TABLE IF NOT EXISTS migrations (
        number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at_ms INTEGER NOT NULL
      ) STRICT`);
      const applied = this.#database.prepare('SELECT number, name FROM migrations ORDER BY number').all();
      for (const [position, row] of applied.entries()) {
        const ours = migrations[position];
        if (!ours) throw new Error('a newer facegate wrote it');
        if (row.number !== position + 1 || row.name !== ours.name) throw new Error('it is another kind of database');
      }
      const note = this.#database.prepare(
        "INSERT INTO migrations VALUES (?, ?, CAST(unixepoch('subsec') * 1000 AS INTEGER))",
      );
      for (const [position, { name, sql }] of migrations.entries()) {
        if (position < applied.length) continue;
        this.#database.exec(sql);
        note.run(position + 1, name);
      }
    });
  }
}

/** SQLite gives its `-wal` and `-shm` the database's own mode, so the database must exist with the right one first. */
function createPrivately(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  makePrivately(file);
  for (const path of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(path)) chmodSync(path, 0o600);
}
