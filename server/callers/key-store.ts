import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { KeyScope } from '../../config/key-scopes.ts';
import type { Settings } from '../../config/settings-schema.ts';
import type { Clock } from '../../pipeline/ports.ts';
import { DatabaseFile, type Migration } from '../../storage/database-file.ts';

/** A key without the key: who it is and what it may. */
export interface KeyInfo {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** `config`: stands in the settings and lives as long as it does there. */
  readonly origin: 'config' | 'stored';
}

export interface KeyStore {
  /** While true, only this machine may call, without any key. */
  readonly isEmpty: boolean;
  /** The key's owner; null when nobody has that key. Takes the same time for each wrong key. */
  find(key: string): KeyInfo | null;
  /** False once the key was revoked. */
  has(id: string): boolean;
  list(): KeyInfo[];
  /** Makes a key and returns it; it is stored hashed, so this is the only time that it can be seen. */
  create(o: { name: string; scopes: readonly KeyScope[] }): { id: string; key: string };
  /** For a server that is asked to listen beyond this machine and has no key yet. */
  createAdminKey(): { id: string; key: string };
  /** Whether there was such a stored key. */
  revoke(id: string): boolean;
  /** Idempotent. */
  close(): void;
}

interface HashedKey extends KeyInfo {
  readonly hash: Buffer;
}

/** Only ever append. */
const KEY_MIGRATIONS: readonly Migration[] = [
  {
    name: 'keys',
    sql: `
      CREATE TABLE keys (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        scopes TEXT NOT NULL,
        hash BLOB NOT NULL UNIQUE,
        created_at_ms INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    name: 'scopes by their present names',
    sql: `
      UPDATE keys SET scopes = replace(replace(scopes, '"analyse"', '"recognize"'), '"enrol"', '"enroll"');
    `,
  },
];

// A key has 256 random bits (or is chosen by whoever writes the settings and never leaves this process), so that one
// round of SHA-256 is as good as a slow hash, and each request can afford it.
const hashOf = (key: string): Buffer => createHash('sha256').update(key, 'utf8').digest();

/**
 * The keys of one tenant: those of the settings, and those in a database that only its owner may read (mode 0600).
 *
 * @param o.file the SQLite file; made when it is missing.
 * @param o.configured `settings.keys`; kept hashed in memory, never written.
 * @throws {AppError} CONFIG_INVALID when the file cannot be opened.
 */
export function openKeyStore(o: { file: string; configured: Settings['keys']; clock: Clock }): KeyStore {
  const configured = o.configured.map(
    ({ name, key, scopes }, index): HashedKey => ({
      id: `config-${index}`,
      name,
      scopes,
      origin: 'config',
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
  const selectAll = database.prepare('SELECT id, name, scopes, hash FROM keys ORDER BY created_at_ms, id');
  const insert = database.prepare('INSERT INTO keys (id, name, scopes, hash, created_at_ms) VALUES (?, ?, ?, ?, ?)');
  const remove = database.prepare('DELETE FROM keys WHERE id = ?');

  // Read anew each time: another process (the command line) may add or revoke keys.
  const all = (): HashedKey[] => [
    ...configured,
    ...selectAll.all().map(
      (row): HashedKey => ({
        id: String(row.id),
        name: String(row.name),
        scopes: JSON.parse(String(row.scopes)) as KeyScope[],
        origin: 'stored',
        hash: Buffer.from(row.hash as Uint8Array),
      }),
    ),
  ];
  const info = ({ id, name, scopes, origin }: HashedKey): KeyInfo => ({ id, name, scopes, origin });

  const store: KeyStore = {
    get isEmpty() {
      return all().length === 0;
    },
    find(key) {
      const hash = hashOf(key);
      let found: HashedKey | null = null;
      for (const candidate of all()) if (timingSafeEqual(candidate.hash, hash)) found ??= candidate;
      return found && info(found);
    },
    has: (id) => all().some((key) => key.id === id),
    list: () => all().map(info),
    create({ name, scopes }) {
      const id = randomUUID();
      const key = `fg_${randomBytes(32).toString('base64url')}`;
      insert.run(id, name, JSON.stringify(scopes), hashOf(key), Math.round(o.clock.wallMs()));
      return { id, key };
    },
    createAdminKey: () => store.create({ name: 'admin', scopes: ['admin'] }),
    revoke: (id) => remove.run(id).changes > 0,
    close: () => database.close(),
  };
  return store;
}
