import type { Migration } from '../storage/database-file.ts';

/** Only ever append. */
export const EVENT_LOG_MIGRATIONS: readonly Migration[] = [
  {
    // AUTOINCREMENT: a number is never given twice, also when the newest events were deleted; one whose transaction was
    // rolled back is given to the next event, so there are no gaps.
    name: 'events',
    sql: `
      CREATE TABLE events (
        sequence INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        tenant TEXT NOT NULL,
        door TEXT,
        camera TEXT,
        subject_id TEXT,
        subject_name TEXT,
        similarity REAL,
        threshold REAL,
        margin REAL,
        quality REAL,
        reason TEXT,
        frame_sequence INTEGER,
        captured_at_ms INTEGER,
        decided_at_ms INTEGER NOT NULL,
        expires_at_ms INTEGER
      ) STRICT;
    `,
  },
];
