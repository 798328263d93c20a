import { createHash } from 'node:crypto';

/** One row of `entries`, as it lies in the database. */
export interface AuditRow {
  readonly number: number;
  readonly at_ms: number;
  readonly action: string;
  readonly by: string;
  readonly subject: string | null;
  /** JSON, keys in alphabetical order. */
  readonly details: string;
  readonly hash: string;
}

/** A place in the chain: the number of an entry and its hash. */
export interface ChainLink {
  readonly number: number;
  /** Lower-case hex, 64 digits. */
  readonly hash: string;
}

/** What the first entry follows. */
export const CHAIN_START: ChainLink = { number: 0, hash: '0'.repeat(64) };

/**
 * The hash of an entry: SHA-256 over the hash of the entry before it, a line feed, and the JSON array
 * `[number, at_ms, action, by, subject, details]`, in UTF-8; `details` is its text as it is stored.
 */
export function chainHash(previous: string, row: Omit<AuditRow, 'hash'>): string {
  const canonical = JSON.stringify([row.number, row.at_ms, row.action, row.by, row.subject, row.details]);
  return createHash('sha256').update(`${previous}\n${canonical}`, 'utf8').digest('hex');
}

/** The very same facts give the very same text, whatever order they were given in. */
export function canonicalDetails(details: Readonly<Record<string, unknown>>): string {
  const sorted = Object.entries(details).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(sorted));
}
