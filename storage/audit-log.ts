import type { StatementSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';
import type { AuditAction, AuditDetails, AuditEntry, AuditRecord, AuditTrail } from '../pipeline/audit.ts';
import type { Clock } from '../pipeline/ports.ts';
import { type AuditRow, CHAIN_START, type ChainLink, canonicalDetails, chainHash } from './audit-chain.ts';
import { headFileOf, readHead, writeHead } from './audit-head.ts';
import { DatabaseFile, type Migration } from './database-file.ts';

export interface AuditReadOptions {
  /** Entries after this number. Default 0: all. */
  after?: number;
  /** At most so many, 1 to 10,000. */
  limit: number;
  actions?: readonly AuditAction[];
  /** Entries written down at this moment or later. */
  sinceMs?: number;
}

const MOST_AT_ONCE = 10_000;

/** Only ever append. */
const AUDIT_MIGRATIONS: readonly Migration[] = [
  {
    // The triggers keep mistakes away, the chain shows what was done on purpose (docs/security.md).
    name: 'entries',
    sql: `
      CREATE TABLE entries (
        number INTEGER PRIMARY KEY,
        at_ms INTEGER NOT NULL,
        action TEXT NOT NULL,
        by TEXT NOT NULL,
        subject TEXT,
        details TEXT NOT NULL,
        hash TEXT NOT NULL
      ) STRICT;
      CREATE INDEX entries_by_action ON entries (action);

      CREATE TRIGGER entries_follow BEFORE INSERT ON entries
        WHEN new.number <> (SELECT coalesce(max(number), 0) + 1 FROM entries)
        BEGIN SELECT RAISE(ABORT, 'an audit log is only ever appended to'); END;
      CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'an audit log is only ever appended to'); END;
      CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
        BEGIN SELECT RAISE(ABORT, 'an audit log is only ever appended to'); END;
    `,
  },
];

/**
 * Opens the audit log `audit.db`, made with its folder when it is not there. Several processes may have it open.
 *
 * @throws {AppError} AUDIT_UNAVAILABLE
 */
export function openAuditLog(options: { file: string; clock: Pick<Clock, 'wallMs'> }): AuditLog {
  return new AuditLog(options);
}

/**
 * What was done, numbered without gaps, each entry bound to the one before it by its hash. A file beside the database names
 * the newest entry, so that entries cut off at the end are missed. Where that file does not fit what is in the database it
 * is left as it is: it is the proof that something is missing.
 */
export class AuditLog implements AuditTrail {
  readonly #file: DatabaseFile;
  readonly #headFile: string;
  readonly #clock: Pick<Clock, 'wallMs'>;
  readonly #newest: StatementSync;
  readonly #hashOf: StatementSync;
  readonly #insert: StatementSync;
  readonly #read: StatementSync;

  constructor({ file, clock }: { file: string; clock: Pick<Clock, 'wallMs'> }) {
    this.#clock = clock;
    this.#headFile = headFileOf(file);
    this.#file = new DatabaseFile({
      file,
      what: 'audit log',
      code: 'AUDIT_UNAVAILABLE',
      migrations: AUDIT_MIGRATIONS,
    });
    const prepare = (sql: string) => this.#file.prepare(sql);
    this.#newest = prepare('SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1');
    this.#hashOf = prepare('SELECT hash FROM entries WHERE number = ?');
    this.#insert = prepare('INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?)');
    this.#read = prepare(
      `SELECT * FROM entries WHERE number > :after AND at_ms >= :since
         AND (:actions IS NULL OR action IN (SELECT value FROM json_each(:actions)))
       ORDER BY number LIMIT :limit`,
    );
    // An empty log has its file from the beginning, so that one without is never taken for a new one.
    this.#file.transaction('note its head', 'write', () => {
      if (this.#last().number === 0 && readHead(this.#headFile) === null) writeHead(this.#headFile, CHAIN_START);
    });
  }

  /** The newest entry; number 0 before the first. */
  get last(): ChainLink {
    return this.#file.attempt('be read', () => this.#last());
  }

  /** Whether the newest entry that was noted beside the log is in it. The whole chain is for `verifyAuditLog`. */
  get isWhole(): boolean {
    return this.#file.transaction('be read', 'snapshot', () => this.#headFits());
  }

  record({ action, by, subject, details }: AuditEntry): void {
    const whole = this.#file.transaction('be written', 'write', () => {
      const previous = this.#last();
      const row = {
        number: previous.number + 1,
        at_ms: Math.trunc(this.#clock.wallMs()),
        action,
        by,
        subject,
        details: canonicalDetails(details),
      };
      this.#insert.run(...Object.values(row), chainHash(previous.hash, row));
      return this.#headFits();
    });
    // After the entry is durable, and under the lock again: of two processes the later one must not be overwritten by the
    // earlier one. Where we end in between, the file names an older entry, which is there.
    if (whole) this.#file.transaction('note its head', 'write', () => writeHead(this.#headFile, this.#last()));
  }

  /**
   * Ascending.
   * @throws {AppError} REQUEST_INVALID; AUDIT_UNAVAILABLE
   */
  read({ after = 0, limit, actions, sinceMs }: AuditReadOptions): AuditRecord[] {
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_AT_ONCE) {
      throw new AppError('REQUEST_INVALID', `limit must be between 1 and ${MOST_AT_ONCE}, got ${limit}`);
    }
    return this.#file.attempt('be read', () =>
      this.#read
        .all({
          after,
          limit,
          since: sinceMs ?? Number.MIN_SAFE_INTEGER,
          actions: actions ? JSON.stringify(actions) : null,
        })
        .map((row) => fromRow(row as unknown as AuditRow)),
    );
  }

  /** Idempotent. What comes after it fails with AUDIT_UNAVAILABLE. */
  close(): void {
    this.#file.close();
  }

  #last(): ChainLink {
    return (this.#newest.get() as ChainLink | undefined) ?? CHAIN_START;
  }

  /** Whether the entry that the file names is in the log. */
  #headFits(): boolean {
    const head = readHead(this.#headFile);
    if (head === null || head === 'damaged') return false;
    return head.number === 0 ? head.hash === CHAIN_START.hash : this.#hashOf.get(head.number)?.hash === head.hash;
  }
}

function fromRow({ at_ms, details, action, ...row }: AuditRow): AuditRecord {
  return {
    ...row,
    action: action as AuditAction,
    atMs: at_ms,
    details: JSON.parse(details) as AuditDetails,
  };
}
