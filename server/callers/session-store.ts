import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../pipeline/ports.ts';

export interface Session {
  /** The key it was opened with. */
  readonly keyId: string;
}

export interface SessionStoreOptions {
  clock: Pick<Clock, 'monotonicMs'>;
  /** A session nobody used for so long is over. Default 12 hours: a wall of cameras is looked at all day. */
  idleMs?: number;
  /** A session is over after this long, used or not. Default 7 days. */
  lifetimeMs?: number;
  /** The least recently used one makes room. Default 1000. */
  maxSessions?: number;
}

interface Entry extends Session {
  readonly openedMs: number;
  usedMs: number;
}

const HOUR_MS = 3_600_000;

/** Sessions of browsers, in memory: a restart logs everybody out. Holds hashes of the ids, never the ids. */
export class SessionStore {
  readonly lifetimeMs: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #idleMs: number;
  readonly #maxSessions: number;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor({
    clock,
    idleMs = 12 * HOUR_MS,
    lifetimeMs = 7 * 24 * HOUR_MS,
    maxSessions = 1000,
  }: SessionStoreOptions) {
    this.#clock = clock;
    this.#idleMs = idleMs;
    this.lifetimeMs = lifetimeMs;
    this.#maxSessions = maxSessions;
  }

  /** Returns the id for the cookie: 256 random bits, base64url. */
  open(keyId: string): string {
    const id = randomBytes(32).toString('base64url');
    const nowMs = this.#clock.monotonicMs();
    this.#entries.set(hash(id), { keyId, openedMs: nowMs, usedMs: nowMs });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= this.#maxSessions) break;
      this.#entries.delete(oldest);
    }
    return id;
  }

  /** Null when there is no such session any more. Counts as a use. */
  find(id: string): Session | null {
    const hashed = hash(id);
    const entry = this.#entries.get(hashed);
    if (!entry) return null;
    this.#entries.delete(hashed);
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - entry.openedMs >= this.lifetimeMs || nowMs - entry.usedMs >= this.#idleMs) return null;
    entry.usedMs = nowMs;
    this.#entries.set(hashed, entry);
    return { keyId: entry.keyId };
  }

  /** Ends a session; one that is not there is no error. */
  end(id: string): void {
    this.#entries.delete(hash(id));
  }
}

function hash(id: string): string {
  return createHash('sha256').update(id, 'utf8').digest('base64');
}
