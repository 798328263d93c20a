import type { DatabaseFile } from '../storage/database-file.ts';
import { CONTEXT, type GalleryKey, seal, unseal } from './gallery-seal.ts';

export interface Resealed {
  readonly templates: number;
  readonly images: number;
  readonly subjects: number;
  /** Rows that `from` does not open, left as they are: `template <id>`, `image <id>`, `subject <id>`. */
  readonly damaged: readonly string[];
}

interface Row {
  readonly id: string;
  readonly subjectId: string;
  readonly model: string;
  readonly modelVersion: string;
  readonly kind: string;
  readonly sealed: Uint8Array;
}

const TABLES = [
  {
    name: 'template',
    table: 'templates',
    column: 'embedding',
    others: 'subject_id AS subjectId, model, model_version AS modelVersion, kind',
    context: CONTEXT.embedding,
  },
  { name: 'image', table: 'images', column: 'sealed', others: 'subject_id AS subjectId', context: CONTEXT.image },
  { name: 'subject', table: 'subjects', column: 'sealed', others: 'id AS subjectId', context: CONTEXT.subject },
  {
    name: 'pictureKey',
    table: 'picture_keys',
    column: 'sealed',
    others: 'id AS subjectId',
    context: CONTEXT.pictureKey,
  },
] as const;

/** Rows that are in memory at once. */
const PAGE = 200;

/**
 * Seals every sealed field anew, within a transaction of the caller's. Nothing that anybody sees becomes different, so the
 * list of changes says nothing of it.
 *
 * @param from null: what is there lies in clear.
 */
export function resealRows(
  database: DatabaseFile,
  { from, to }: { from: GalleryKey | null; to: GalleryKey },
): Resealed {
  const counts = { template: 0, image: 0, subject: 0, pictureKey: 0 };
  const damaged: string[] = [];
  withoutTriggers(database, ['template_changed', 'subject_changed'], () => {
    for (const { name, table, column, others, context } of TABLES) {
      const page = database.prepare(
        `SELECT id, ${others}, ${column} AS sealed FROM ${table}
         WHERE id > ? AND ${column} IS NOT NULL ORDER BY id LIMIT ${PAGE}`,
      );
      const update = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`);
      for (let after = ''; ; ) {
        const rows = page.all(after) as unknown as Row[];
        for (const row of rows) {
          const clear = from ? unseal(from, row.sealed, context(row)) : row.sealed;
          if (!clear) {
            // Nobody could take that one away; what was sealed under it is lost already.
            if (name === 'pictureKey') database.prepare('DELETE FROM picture_keys WHERE id = ?').run(row.id);
            else damaged.push(`${name} ${row.id}`);
            continue;
          }
          update.run(seal(to, clear, context(row)), row.id);
          counts[name] += 1;
        }
        const last = rows.at(-1);
        if (!last) break;
        after = last.id;
      }
    }
  });
  return { templates: counts.template, images: counts.image, subjects: counts.subject, damaged };
}

function withoutTriggers(database: DatabaseFile, names: readonly string[], work: () => void): void {
  const find = database.prepare("SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?");
  const made = names.map((name) => String(find.get(name)?.sql));
  for (const name of names) database.prepare(`DROP TRIGGER ${name}`).run();
  work();
  for (const sql of made) database.prepare(sql).run();
}
