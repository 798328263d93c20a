import type { Migration } from '../../storage/database-file.ts';

/** Only ever append. */
export const KEY_MIGRATIONS: readonly Migration[] = [
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
  {
    name: 'limits and last use',
    sql: `
      ALTER TABLE keys ADD COLUMN rate_per_minute INTEGER CHECK (rate_per_minute > 0);
      ALTER TABLE keys ADD COLUMN last_used_at_ms INTEGER;
    `,
  },
];
