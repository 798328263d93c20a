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
  {
    // How far each sink has got: the number of the last event that it needs no more.
    name: 'cursors of sinks',
    sql: `
      CREATE TABLE cursors (
        sink TEXT PRIMARY KEY,
        sequence INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
    `,
  },
  {
    // Each of them ends with the number, as every index of such a table does.
    name: 'indexes for filters',
    sql: `
      CREATE INDEX events_by_type ON events (type);
      CREATE INDEX events_by_door ON events (door) WHERE door IS NOT NULL;
      CREATE INDEX events_by_camera ON events (camera) WHERE camera IS NOT NULL;
      CREATE INDEX events_by_subject_id ON events (subject_id) WHERE subject_id IS NOT NULL;
      CREATE INDEX events_by_subject_name ON events (subject_name) WHERE subject_name IS NOT NULL;
    `,
  },
  {
    name: 'pictures of the moment',
    sql: 'ALTER TABLE events ADD COLUMN pictured INTEGER NOT NULL DEFAULT 0;',
  },
];
