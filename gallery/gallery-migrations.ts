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
  {
    name: 'people, pictures and seals',
    sql: `
      ALTER TABLE subjects ADD COLUMN group_names TEXT NOT NULL DEFAULT '[]';
      ALTER TABLE subjects ADD COLUMN valid_from_ms INTEGER;
      ALTER TABLE subjects ADD COLUMN valid_until_ms INTEGER;
      ALTER TABLE subjects ADD COLUMN changed_at_ms INTEGER;
      ALTER TABLE subjects ADD COLUMN last_seen_ms INTEGER;
      -- Notes and consent; null where there are neither.
      ALTER TABLE subjects ADD COLUMN sealed BLOB;

      ALTER TABLE templates ADD COLUMN model_version TEXT NOT NULL DEFAULT '';
      ALTER TABLE templates ADD COLUMN kind TEXT NOT NULL DEFAULT 'positive' CHECK (kind IN ('positive', 'negative'));
      ALTER TABLE templates ADD COLUMN image_id TEXT;

      -- One picture may have templates of several models.
      CREATE TABLE images (
        id TEXT PRIMARY KEY,
        subject_id TEXT NOT NULL REFERENCES subjects (id) ON DELETE CASCADE,
        sealed BLOB NOT NULL
      ) STRICT;
      CREATE INDEX images_by_subject ON images (subject_id);
      CREATE INDEX templates_by_image ON templates (image_id);
      CREATE TRIGGER image_unused AFTER DELETE ON templates WHEN old.image_id IS NOT NULL
        BEGIN
          DELETE FROM images WHERE id = old.image_id
            AND NOT EXISTS (SELECT 1 FROM templates WHERE image_id = old.image_id);
        END;

      -- Under which key everything is sealed; no row while everything is in clear.
      CREATE TABLE sealing (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        key_id TEXT NOT NULL,
        -- 1 until the pages on which something stood in clear are known to be overwritten.
        clear_pages INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    // What the pictures of events are sealed under (server/snapshots): keys of their own, so that a change of the gallery's key
    // does not have to seal every picture anew.
    name: 'keys of pictures',
    sql: `
      CREATE TABLE picture_keys (
        id TEXT PRIMARY KEY,
        -- The gallery's key when it was made. Under another one a new one is made.
        made_under TEXT NOT NULL,
        sealed BLOB NOT NULL
      ) STRICT;
    `,
  },
];
