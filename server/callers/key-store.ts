import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { AppError } from '../../config/app-error.ts';
import type { KeyScope } from '../../config/key-scopes.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { nameKey } from '../../pipeline/name-key.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { DatabaseFile } from '../../storage/database-file.ts';
import { KEY_MIGRATIONS } from './key-migrations.ts';
import { keyName } from './key-name.ts';

export interface KeyRateLimit {
  /** Requests in a minute, of all kinds together. */
  readonly perMinute: number;
}

/** A key without the key: who it is and what it may. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** `config`: stands in the settings and lives as long as it does there. */
  readonly origin: 'config' | 'stored';
  /** Null: the server's default. */
  readonly rateLimit: KeyRateLimit | null;
}

export interface KeyRecord extends KeyInfo {
  /** Null for keys of the settings. */
  readonly createdAtMs: number | null;
  /** To the minute; null: never, and for a key of the settings not since this process started. */
  readonly lastUsedAtMs: number | null;
}

export interface NewKey {
  /** 1 to 100 printable characters, unique whatever their case: the audit log calls the caller by it. */
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly rateLimit?: KeyRateLimit | null | undefined;
}

export interface KeyStore {
  /** While true, only this machine may call, without any key. */
  readonly isEmpty: boolean;
  /** The key's owner; null when nobody has that key. */
  find(key: string): KeyInfo | null;
  /** Null once the key was revoked. */
  get(id: string): KeyInfo | null;
  /** Notes that the key is in use; written at most once a minute. */
  used(id: string): void;
  list(): KeyRecord[];
  /**
   * Makes a key and returns it; it is stored hashed, so this is the only time that it can be seen.
   * @throws {AppError} REQUEST_INVALID for the name, or when the first key of all is not an admin's: nobody could make another;
   * KEY_EXISTS
   */
  create(o: NewKey): { id: string; key: string };
  /** For a server that is asked to listen beyond this machine and has no key yet. */
  createAdminKey(): { id: string; key: string };
  /**
   * Ends a stored key. The last one that is an admin's stays, unless `evenLast`: without any key, whoever is on this machine
   * may do everything, which nobody should come to by a slip.
   *
   * @returns what the key was.
   * @throws {AppError} KEY_NOT_FOUND, KEY_CONFIGURED, KEY_LAST_ADMIN
   */
  revoke(id: string, o?: { evenLast?: boolean }): KeyInfo;
  /**
   * Calls back after keys were made or revoked: at once when this process did it, within a second when another one did (the
   * command line). Returns how to stop that.
   */
  onChange(listener: () => void): () => void;
  /** Idempotent. */
  close(): void;
}

interface StoredKey extends KeyInfo {
  readonly createdAtMs: number | null;
  readonly lastUsedAtMs: number | null;
  /** SHA-256, hex. */
  readonly hash: string;
}

const LOOK_EVERY_MS = 1000;
const NOTE_USE_EVERY_MS = 60_000;

// A key has 256 random bits (or is chosen by whoever writes the settings and never leaves this process), so that one
// round of SHA-256 is as good as a slow hash, and each request can afford it. A look-up by hash tells a guesser nothing:
// which hash a guess has, they cannot steer.
const hashOf = (key: string): string => createHash('sha256').update(key, 'utf8').digest('hex');

/**
 * The keys of one tenant: those of the settings, and those in a database that only its owner may read (mode 0600). What
 * another process changes in it holds from the next call on.
 *
 * @param o.file the SQLite file; made when it is missing.
 * @param o.configured `settings.keys`; kept hashed in memory, never written.
 * @throws {AppError} CONFIG_INVALID when the file cannot be opened.
 */
export function openKeyStore(o: { file: string; configured: Settings['keys']; clock: Clock; log: Logger }): KeyStore {
  const configured = o.configured.map(
    ({ name, key, scopes, rateLimit }, index): StoredKey => ({
      id: `config-${index}`,
      name,
      scopes,
      origin: 'config',
      rateLimit: rateLimit ?? null,
      createdAtMs: null,
      lastUsedAtMs: null,
      hash: hashOf(key),
    }),
  );
  const database = new DatabaseFile({
    file: o.file,
    what: 'key database',
    code: 'CONFIG_INVALID',
    migrations: KEY_MIGRATIONS,
    secureDelete: true,
  });
  const dataVersion = database.prepare('PRAGMA data_version');
  const selectAll = database.prepare(
    'SELECT id, name, scopes, hash, rate_per_minute, created_at_ms, last_used_at_ms FROM keys ORDER BY created_at_ms, id',
  );
  const insert = database.prepare(
    'INSERT INTO keys (id, name, scopes, hash, rate_per_minute, created_at_ms) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const remove = database.prepare('DELETE FROM keys WHERE id = ?');
  const noteUse = database.prepare('UPDATE keys SET last_used_at_ms = ? WHERE id = ?');

  /** When each key was last seen in use here; also what keeps the writes a minute apart. */
  const usedAtMs = new Map<string, number>();
  const listeners = new Set<() => void>();

  let known: { version: number; byId: Map<string, StoredKey>; byHash: Map<string, StoredKey> } | null = null;
  const versionNow = () => database.attempt('be read', () => Number(dataVersion.get()?.data_version));
  const keys = () => {
    const version = versionNow();
    if (known?.version === version) return known;
    const all = [...configured, ...database.attempt('be read', () => selectAll.all()).map(storedKey)];
    known = {
      // Of before the reading: a write in between makes the next call read again.
      version,
      byId: new Map(all.map((key) => [key.id, key])),
      // Of two with one hash the first: the settings come before the database.
      byHash: new Map(all.toReversed().map((key) => [key.hash, key])),
    };
    return known;
  };
  const changed = () => {
    known = null;
    for (const listener of listeners) listener();
  };

  let toldVersion = versionNow();
  let watch: NodeJS.Timeout | undefined;
  const look = () => {
    try {
      const version = versionNow();
      if (version === toldVersion) return;
      toldVersion = version;
      changed();
    } catch (error) {
      o.log.warn({ err: error }, 'the key database could not be looked at; it is tried again in a second');
    }
  };

  const store: KeyStore = {
    get isEmpty() {
      return keys().byId.size === 0;
    },
    find: (key) => infoOf(keys().byHash.get(hashOf(key))),
    get: (id) => infoOf(keys().byId.get(id)),
    used(id) {
      const nowMs = Math.trunc(o.clock.wallMs());
      const lastMs = usedAtMs.get(id);
      // Either way: a wall clock that was set back must not silence it.
      if (lastMs !== undefined && Math.abs(nowMs - lastMs) < NOTE_USE_EVERY_MS) return;
      usedAtMs.set(id, nowMs);
      try {
        database.attempt('note a use', () => noteUse.run(nowMs, id));
      } catch (error) {
        // Whoever has a key is let in, whether or not that could be noted.
        o.log.warn({ err: error }, 'when a key was last used could not be written');
      }
    },
    list: () =>
      [...keys().byId.values()].map((key) => ({
        ...(infoOf(key) as KeyInfo),
        createdAtMs: key.createdAtMs,
        lastUsedAtMs: usedAtMs.get(key.id) ?? key.lastUsedAtMs,
      })),
    create({ name: given, scopes, rateLimit }) {
      const name = keyName(given);
      const id = randomUUID();
      const key = `fg_${randomBytes(32).toString('base64url')}`;
      database.transaction('take a key', 'write', () => {
        known = null;
        if (store.isEmpty && !scopes.includes('admin')) {
          throw new AppError(
            'REQUEST_INVALID',
            'scopes must name admin: without a key that may do everything nobody could make another',
          );
        }
        for (const other of keys().byId.values()) {
          if (nameKey(other.name) === nameKey(name)) {
            throw new AppError('KEY_EXISTS', `there is a key named "${other.name}" already`);
          }
        }
        const createdAtMs = Math.trunc(o.clock.wallMs());
        insert.run(
          id,
          name,
          JSON.stringify(scopes),
          Buffer.from(hashOf(key), 'hex'),
          rateLimit?.perMinute ?? null,
          createdAtMs,
        );
      });
      changed();
      return { id, key };
    },
    createAdminKey: () => store.create({ name: 'admin', scopes: ['admin'] }),
    revoke(id, { evenLast = false } = {}) {
      const revoked = database.transaction('revoke a key', 'write', () => {
        known = null;
        const { byId } = keys();
        const key = byId.get(id);
        if (!key) throw new AppError('KEY_NOT_FOUND', `there is no key with the id "${id.slice(0, 64)}"`);
        if (key.origin === 'config') {
          throw new AppError('KEY_CONFIGURED', `the key "${key.name}" stands in the settings; take it out there`);
        }
        const admins = [...byId.values()].filter(({ scopes }) => scopes.includes('admin'));
        if (!evenLast && admins.length === 1 && admins[0] === key) {
          throw new AppError(
            'KEY_LAST_ADMIN',
            `"${key.name}" is the last key that may do everything; make another one first`,
          );
        }
        remove.run(id);
        return key;
      });
      usedAtMs.delete(id);
      changed();
      return infoOf(revoked) as KeyInfo;
    },
    onChange(listener) {
      listeners.add(listener);
      watch ??= setInterval(look, LOOK_EVERY_MS).unref();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(watch);
        watch = undefined;
      };
    },
    close() {
      clearInterval(watch);
      listeners.clear();
      database.close();
    },
  };
  return store;
}

function storedKey(row: Record<string, unknown>): StoredKey {
  const perMinute = row.rate_per_minute === null ? null : Number(row.rate_per_minute);
  return {
    id: String(row.id),
    name: String(row.name),
    scopes: JSON.parse(String(row.scopes)) as KeyScope[],
    origin: 'stored',
    rateLimit: perMinute === null ? null : { perMinute },
    createdAtMs: Number(row.created_at_ms),
    lastUsedAtMs: row.last_used_at_ms === null ? null : Number(row.last_used_at_ms),
    hash: Buffer.from(row.hash as Uint8Array).toString('hex'),
  };
}

function infoOf(key: StoredKey | undefined): KeyInfo | null {
  if (!key) return null;
  const { id, name, scopes, origin, rateLimit } = key;
  return { id, name, scopes, origin, rateLimit };
}
