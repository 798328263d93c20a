import type { Migration } from '../../storage/database-file.ts';

/** Only ever append. */
export const OUTBOX_MIGRATIONS: readonly Migration[] = [
  {
    name: 'letters and endpoints',
    sql: `
      CREATE TABLE letters (
        -- In the order of taking over; never given twice, since "the last one that was sent" is remembered by it.
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        sink TEXT NOT NULL,
        event_id TEXT NOT NULL,
        -- The envelope, JSON.
        event TEXT NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0,
        -- 0: never tried. Wall-clock milliseconds.
        due_at_ms INTEGER NOT NULL DEFAULT 0,
        -- What the last attempt met.
        error TEXT,
        dead_at_ms INTEGER,
        UNIQUE (sink, event_id)
      ) STRICT;
      CREATE INDEX letters_waiting ON letters (sink, due_at_ms, number) WHERE dead_at_ms IS NULL;
      CREATE INDEX letters_dead ON letters (sink, dead_at_ms) WHERE dead_at_ms IS NOT NULL;
      CREATE TABLE endpoints (
        sink TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        disabled_at_ms INTEGER,
        reason TEXT
      ) STRICT;
    `,
  },
];
