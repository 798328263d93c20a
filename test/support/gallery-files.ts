import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { GALLERY_MIGRATIONS } from '../../gallery/gallery-migrations.ts';
import { DatabaseFile } from '../../storage/database-file.ts';

/** Of all files beside the database (itself, its WAL, its index, what was left behind), those in which these bytes stand. */
export function filesWith(database: string, bytes: Uint8Array): string[] {
  const folder = dirname(database);
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(Buffer.from(bytes)));
}

/** Reads or writes the database past the gallery. */
export function pastTheGallery<T>(file: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** A gallery as facegate wrote it before anything was sealed: embeddings in clear. */
export function writeClearGallery(
  file: string,
  model: string,
  people: readonly { id: string; name: string; templates: readonly { id: string; vector: Float32Array }[] }[],
): void {
  if (existsSync(file)) throw new Error(`${file} is there already`);
  const database = new DatabaseFile({
    file,
    what: 'old gallery',
    code: 'GALLERY_UNAVAILABLE',
    migrations: GALLERY_MIGRATIONS.slice(0, 2),
    secureDelete: true,
  });
  for (const { id, name, templates } of people) {
    database.prepare('INSERT INTO subjects VALUES (?, ?, ?, 5)').run(id, name, name.toLowerCase());
    for (const template of templates) {
      const bytes = new Uint8Array(template.vector.buffer);
      database.prepare("INSERT INTO templates VALUES (?, ?, ?, ?, 0.5, 'old', 6)").run(template.id, id, model, bytes);
    }
  }
  database.close();
}
