import type { StatementSync } from 'node:sqlite';
import { DatabaseFile } from '../storage/database-file.ts';
import { GALLERY_MIGRATIONS } from './gallery-migrations.ts';

export interface SubjectRow {
  readonly id: string;
  readonly name: string;
  readonly createdAtMs: number;
}

export interface TemplateRow {
  readonly id: string;
  readonly subjectId: string;
  readonly model: string;
  /** float32, little-endian. */
  readonly embedding: Uint8Array;
}

export interface NewTemplateRow extends TemplateRow {
  readonly quality: number | null;
  readonly source: string;
  readonly createdAtMs: number;
}

/** What became different; a row is null where it is no longer there. */
export interface Changes {
  /** Pass it to `changesSince` the next time. */
  readonly upTo: number;
  readonly subjects: ReadonlyMap<string, SubjectRow | null>;
  readonly templates: ReadonlyMap<string, TemplateRow | null>;
}

const SUBJECT = 'SELECT id, name, created_at_ms AS createdAtMs FROM subjects';
const TEMPLATE = 'SELECT id, subject_id AS subjectId, model, embedding FROM templates';

/** The gallery's tables. Every method is one transaction, and throws an AppError of code GALLERY_UNAVAILABLE. */
export class GalleryDatabase {
  readonly #file: DatabaseFile;
  readonly #dataVersion: StatementSync;
  readonly #lastChange: StatementSync;
  readonly #oldestChange: StatementSync;
  readonly #changes: StatementSync;
  readonly #subject: StatementSync;
  readonly #template: StatementSync;
  readonly #addSubject: StatementSync;
  readonly #addTemplate: StatementSync;
  readonly #removeSubject: StatementSync;
  readonly #countOthers: StatementSync;

  constructor(file: string) {
    this.#file = new DatabaseFile({
      file,
      what: 'gallery database',
      code: 'GALLERY_UNAVAILABLE',
      migrations: GALLERY_MIGRATIONS,
      // Faces can be rebuilt from embeddings: a deletion must be one.
      secureDelete: true,
    });
    const prepare = (sql: string) => this.#file.prepare(sql);
    this.#dataVersion = prepare('PRAGMA data_version');
    this.#lastChange = prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'");
    this.#oldestChange = prepare('SELECT min(number) AS number FROM changes');
    this.#changes = prepare('SELECT DISTINCT kind, id FROM changes WHERE number > ?');
    this.#subject = prepare(`${SUBJECT} WHERE id = ?`);
    this.#template = prepare(`${TEMPLATE} WHERE id = ?`);
    this.#addSubject = prepare('INSERT INTO subjects (id, name, name_key, created_at_ms) VALUES (?, ?, ?, ?)');
    this.#addTemplate = prepare(
      `INSERT INTO templates (id, subject_id, model, embedding, quality, source, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#removeSubject = prepare('DELETE FROM subjects WHERE id = ?');
    this.#countOthers = prepare('SELECT count(*) AS templates FROM templates WHERE model <> ?');
  }

  get isOpen(): boolean {
    return this.#file.isOpen;
  }

  /** Differs from the last call's answer when another process or connection wrote. Costs a few microseconds. */
  dataVersion(): number {
    return this.#file.attempt('be read', () => Number(this.#dataVersion.get()?.data_version));
  }

  /** @returns false when there is a subject with that key. */
  addSubject(row: SubjectRow, nameKey: string): boolean {
    return this.#file.attempt('take a subject', () =>
      unlessConstraint('UNIQUE', () => this.#addSubject.run(row.id, row.name, nameKey, row.createdAtMs)),
    );
  }

  /** @returns false when there is no such subject. */
  addTemplate(row: NewTemplateRow): boolean {
    return this.#file.attempt('take a template', () =>
      unlessConstraint('FOREIGN KEY', () =>
        this.#addTemplate.run(
          row.id,
          row.subjectId,
          row.model,
          row.embedding,
          row.quality,
          row.source,
          row.createdAtMs,
        ),
      ),
    );
  }

  /** With its templates. @returns false when there was no such subject. */
  removeSubject(id: string): boolean {
    return this.#file.attempt('remove a subject', () => Number(this.#removeSubject.run(id).changes) > 0);
  }

  /** Templates of models other than `model`. */
  countOthers(model: string): number {
    return this.#file.attempt('be read', () => Number(this.#countOthers.get(model)?.templates));
  }

  /** What changed after change number `seen`; null when that is no longer known and all must be read again. */
  changesSince(seen: number): Changes | null {
    return this.#file.transaction('be read', 'snapshot', () => {
      const upTo = this.#lastNumber();
      if (upTo === seen) return { upTo, subjects: new Map(), templates: new Map() };
      const oldest = Number(this.#oldestChange.get()?.number ?? upTo + 1);
      // Behind us: the database was replaced by an older one.
      if (upTo < seen || oldest > seen + 1) return null;
      const subjects = new Map<string, SubjectRow | null>();
      const templates = new Map<string, TemplateRow | null>();
      for (const row of this.#changes.all(seen)) {
        const id = String(row.id);
        if (row.kind === 'subject') subjects.set(id, (this.#subject.get(id) as SubjectRow | undefined) ?? null);
        else templates.set(id, (this.#template.get(id) as TemplateRow | undefined) ?? null);
      }
      return { upTo, subjects, templates };
    });
  }

  /** Everything of one moment. @returns the number for `changesSince`. */
  readAll(model: string, take: { subject(row: SubjectRow): void; template(row: TemplateRow): void }): number {
    return this.#file.transaction('be read', 'snapshot', () => {
      for (const row of this.#file.prepare(SUBJECT).iterate()) take.subject(row as unknown as SubjectRow);
      const templates = this.#file.prepare(`${TEMPLATE} WHERE model = ? ORDER BY rowid`);
      for (const row of templates.iterate(model)) take.template(row as unknown as TemplateRow);
      return this.#lastNumber();
    });
  }

  /** @returns false when another process was in the way, and deleted data may still stand in the WAL. */
  checkpoint(): boolean {
    return this.#file.checkpoint();
  }

  close(): void {
    this.#file.close();
  }

  #lastNumber(): number {
    return Number(this.#lastChange.get()?.seq ?? 0);
  }
}

/** @returns false when `write` failed by a constraint of that kind, which SQLite names in its message. */
function unlessConstraint(kind: 'UNIQUE' | 'FOREIGN KEY', write: () => unknown): boolean {
  try {
    write();
    return true;
  } catch (error) {
    if (error instanceof Error && error.message.startsWith(`${kind} constraint failed`)) return false;
    throw error;
  }
}
