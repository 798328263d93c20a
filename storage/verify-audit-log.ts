import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';
import { type AuditRow, CHAIN_START, type ChainLink, chainHash } from './audit-chain.ts';
import { headFileOf, readHead } from './audit-head.ts';

export interface AuditVerdict {
  /** How many entries follow from one another, from the first. */
  readonly entries: number;
  /** The last of those. To be noted elsewhere, and given as `expected` another day. */
  readonly last: ChainLink;
  /** What is not as facegate writes it, a sentence that names the entry; null where nothing is. */
  readonly problem: string | null;
}

/**
 * Follows the chain of an audit log from its first entry to its last. Changes nothing; a running server may go on writing.
 *
 * @param expected an entry that somebody noted: it must be in the log.
 * @throws {AppError} AUDIT_UNAVAILABLE when there is no log, or it cannot be read.
 */
export function verifyAuditLog(file: string, expected?: ChainLink): AuditVerdict {
  if (!existsSync(file)) throw new AppError('AUDIT_UNAVAILABLE', `there is no audit log ${file}`);
  let database: DatabaseSync | undefined;
  try {
    // The head first: what is written while we read makes the log longer than it says, never shorter.
    const head = readHead(headFileOf(file));
    database = new DatabaseSync(file, { readOnly: true });
    const rows = database
      .prepare('SELECT number, at_ms, action, by, subject, details, hash FROM entries ORDER BY number')
      .iterate();
    return follow(rows as Iterable<unknown> as Iterable<AuditRow>, head, expected ?? null);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('AUDIT_UNAVAILABLE', `the audit log ${file} could not be read: ${said}`, { cause: error });
  } finally {
    database?.close();
  }
}

function follow(rows: Iterable<AuditRow>, head: ChainLink | 'damaged' | null, expected: ChainLink | null) {
  let last = CHAIN_START;
  const named = new Map<number, string>([[0, CHAIN_START.hash]]);
  const wanted = new Set([expected?.number, head === 'damaged' ? undefined : head?.number]);
  const verdict = (problem: string | null): AuditVerdict => ({ entries: last.number, last, problem });
  for (const row of rows) {
    const number = last.number + 1;
    if (row.number !== number) {
      return verdict(
        row.number > number
          ? `entry ${number} is missing; the next one there is ${row.number}`
          : `there is an entry with the number ${row.number}, which no entry has`,
      );
    }
    if (chainHash(last.hash, row) !== row.hash) {
      return verdict(
        `entry ${number} does not follow from the one before it: it was changed, moved, or put there by something else`,
      );
    }
    last = { number, hash: row.hash };
    if (wanted.has(number)) named.set(number, row.hash);
  }
  if (head === null) {
    return verdict('the file audit.head is missing: whether entries are missing after the last one cannot be told');
  }
  if (head === 'damaged') {
    return verdict('the file audit.head is damaged: whether entries are missing after the last one cannot be told');
  }
  return verdict(missingOf(head, 'audit.head names', last, named) ?? missingOf(expected, 'was noted', last, named));
}

function missingOf(
  link: ChainLink | null,
  says: string,
  last: ChainLink,
  named: ReadonlyMap<number, string>,
): string | null {
  if (link === null || named.get(link.number) === link.hash) return null;
  if (link.number <= last.number) return `entry ${link.number} is not the one that ${says}`;
  const first = last.number + 1;
  const which =
    first === link.number ? `entry ${first} is missing` : `the entries ${first} to ${link.number} are missing`;
  return `${which} at the end: ${link.number} is the entry that ${says}`;
}
