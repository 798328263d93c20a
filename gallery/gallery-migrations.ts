import type { Migration } from '../storage/database-file.ts';

/** Change entries kept: a process that missed more than these reads the whole gallery again. */
const KEPT = 10_000;

/** Only ever append. */
export const GALLERY_MIGRATIONS: readonly Migration[] = [
  {
    name: 'subjects and templates',
    sql: `
      CREATE TABLE subjects (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        name_key TEXT NOT NULL UNIQUE,
        created_at_ms INTEGER NOT NULL
      ) STRICT;

      CREATE TABLE templates (
        id TEXT PRIMARY KEY,
        subject_id TEXT NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
        model TEXT NOT NULL,
        embedding BLOB NOT NULL,
        quality REAL,
        source TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX templates_by_subject ON templates (subject_id);
      CREATE INDEX templates_by_model ON templates (model);
    `,
  },
  {
    // What another process did is read from here, so that the search index follows without being rebuilt.
    name: 'changes',
    sql: `
      CREATE TABLE changes (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('subject', 'template')),
        id TEXT NOT NULL
      ) STRICT;

      CREATE TRIGGER subject_added AFTER INSERT ON subjects
        BEGIN INSERT INTO changes (kind, id) VALUES ('subject', new.id); END;
      CREATE TRIGGER subject_changed AFTER UPDATE ON subjects
        BEGIN INSERT INTO changes (kind, id) VALUES ('subject', new.id); END;
      CREATE TRIGGER subject_removed AFTER DELETE ON subjects
        BEGIN INSERT INTO changes (kind, id) VALUES ('subject', old.id); END;
      CREATE TRIGGER template_added AFTER INSERT ON templates
        BEGIN INSERT INTO changes (kind, id) VALUES ('template', new.id); END;
      CREATE TRIGGER template_changed AFTER UPDATE ON templates
        BEGIN INSERT INTO changes (kind, id) VALUES ('template', new.id); END;
      CREATE TRIGGER template_removed AFTER DELETE ON templates
        BEGIN INSERT INTO changes (kind, id) VALUES ('template', old.id); END;
      CREATE TRIGGER changes_pruned AFTER INSERT ON changes WHEN new.number % 1000 = 0
        BEGIN DELETE FROM changes WHERE number <= new.number - ${KEPT}; END;
    `,
  },
];
