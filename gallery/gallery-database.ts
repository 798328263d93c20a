import type { StatementSync } from 'node:sqlite';
import { AppError } from '../config/app-error.ts';
import type { DatabaseFile } from '../storage/database-file.ts';
import { openGalleryFile } from './gallery-file.ts';
import { type GalleryLimits, NO_GALLERY_LIMITS } from './gallery-limits.ts';
import {
  type Changes,
  type GalleryModel,
  isOfModel,
  openedSubject,
  type StoredSubject,
  SUBJECT_COLUMNS,
  type SubjectRow,
  type TemplateDetails,
  type TemplateRow,
} from './gallery-rows.ts';
import { CONTEXT, type GalleryKey, type GalleryKeySource, seal, unseal } from './gallery-seal.ts';
import { PictureKeys } from './picture-keys.ts';
import { Sealing, type SealingReport } from './sealing.ts';
import type { Consent } from './subject.ts';

/** What a subject's row says beside its id and times. */
export interface SubjectValues {
  readonly name: string;
  readonly nameKey: string;
  readonly groups: readonly string[];
  readonly validFromMs: number | null;
  readonly validUntilMs: number | null;
  readonly changedAtMs: number;
  /** Undefined leaves as it is what is there, even where it is damaged. */
  readonly private: { readonly notes: string; readonly consent: Consent | null } | undefined;
}

export interface NewTemplateRow extends TemplateDetails {
  /** float32, little-endian. */
  readonly embedding: Uint8Array;
  /** The picture of `imageId`; undefined where it is there already. */
  readonly image: Uint8Array | undefined;
}

const SUBJECT = `SELECT ${SUBJECT_COLUMNS} FROM subjects`;
const TEMPLATE_COLUMNS = 'id, subject_id AS subjectId, model, model_version AS modelVersion, kind';
const TEMPLATE_DETAILS = `SELECT ${TEMPLATE_COLUMNS}, quality, source, created_at_ms AS createdAtMs, image_id AS imageId
  FROM templates`;
const PAGE = 500;

export interface TemplatePageQuery {
  readonly kind: 'positive' | 'negative';
  /** Default: all subjects. */
  readonly subjectId?: string | undefined;
  readonly skip: number;
  readonly most: number;
}

/**
 * The gallery's tables. What identifies a face or tells of a person is sealed on its way in and opened on its way out, so
 * that nobody outside sees the difference. Every method is one transaction, and throws an AppError: GALLERY_UNAVAILABLE, or
 * GALLERY_KEY_MISSING and GALLERY_KEY_WRONG once another process changed the key.
 */
export class GalleryDatabase {
  /** What became of the key when this was opened. */
  readonly sealing: SealingReport;
  readonly pictureKeys: PictureKeys;
  readonly #file: DatabaseFile;
  readonly #sealing: Sealing;
  readonly #dataVersion: StatementSync;
  readonly #lastChange: StatementSync;
  readonly #oldestChange: StatementSync;
  readonly #changes: StatementSync;
  readonly #subject: StatementSync;
  readonly #template: StatementSync;
  readonly #details: StatementSync;
  readonly #limits: GalleryLimits;
  readonly #countSubjects: StatementSync;
  readonly #addSubject: StatementSync;
  readonly #changeSubject: StatementSync;
  readonly #changePrivate: StatementSync;
  readonly #addTemplate: StatementSync;
  readonly #addImage: StatementSync;
  readonly #removeSubject: StatementSync;
  readonly #removeTemplate: StatementSync;
  readonly #seen: StatementSync;

  /** @throws {AppError} GALLERY_UNAVAILABLE, GALLERY_KEY_MISSING, GALLERY_KEY_WRONG, CONFIG_INVALID */
  constructor(file: string, key: GalleryKeySource, limits: GalleryLimits = NO_GALLERY_LIMITS) {
    this.#limits = limits;
    this.#file = openGalleryFile(file);
    try {
      this.#sealing = new Sealing(this.#file, key);
      this.sealing = this.#sealing.begin();
      this.pictureKeys = new PictureKeys(this.#file, this.#sealing);
      const prepare = (sql: string) => this.#file.prepare(sql);
      this.#dataVersion = prepare('PRAGMA data_version');
      this.#lastChange = prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'");
      this.#oldestChange = prepare('SELECT min(number) AS number FROM changes');
      this.#changes = prepare('SELECT DISTINCT kind, id FROM changes WHERE number > ?');
      this.#subject = prepare(`${SUBJECT} WHERE id = ?`);
      this.#template = prepare(`SELECT ${TEMPLATE_COLUMNS}, embedding FROM templates WHERE id = ?`);
      this.#details = prepare(`${TEMPLATE_DETAILS} WHERE id = ?`);
      this.#countSubjects = prepare('SELECT count(*) AS subjects FROM subjects');
      this.#addSubject = prepare(
        `INSERT INTO subjects (id, name, name_key, created_at_ms, group_names, valid_from_ms, valid_until_ms,
           changed_at_ms, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#changeSubject = prepare(
        `UPDATE subjects SET name = ?, name_key = ?, group_names = ?, valid_from_ms = ?, valid_until_ms = ?,
           changed_at_ms = ? WHERE id = ?`,
      );
      this.#changePrivate = prepare('UPDATE subjects SET sealed = ? WHERE id = ?');
      this.#addTemplate = prepare(
        `INSERT INTO templates (id, subject_id, model, model_version, kind, embedding, quality, source, created_at_ms,
           image_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#addImage = prepare('INSERT INTO images (id, subject_id, sealed) VALUES (?, ?, ?)');
      this.#removeSubject = prepare('DELETE FROM subjects WHERE id = ?');
      this.#removeTemplate = prepare('DELETE FROM templates WHERE id = ?');
      this.#seen = prepare('UPDATE subjects SET last_seen_ms = ? WHERE id = ? AND coalesce(last_seen_ms, 0) < ?');
    } catch (error) {
      this.#file.close();
      throw error;
    }
  }

  get isOpen(): boolean {
    return this.#file.isOpen;
  }

  /** Differs from the last call's answer when another process or connection wrote. Costs a few microseconds. */
  dataVersion(): number {
    return this.#file.attempt('be read', () => Number(this.#dataVersion.get()?.data_version));
  }

  /**
   * @returns false when there is a subject with that name.
   * @throws {AppError} SUBJECT_LIMIT; DISK_LIMIT
   */
  addSubject(id: string, createdAtMs: number, values: SubjectValues): boolean {
    this.#limits.room?.();
    return this.#file.transaction('take a subject', 'write', () =>
      unlessConstraint('UNIQUE', () => {
        this.#addSubject.run(
          id,
          values.name,
          values.nameKey,
          createdAtMs,
          JSON.stringify(values.groups),
          values.validFromMs,
          values.validUntilMs,
          values.changedAtMs,
          this.#sealedPrivate(id, values.private),
        );
        this.#refuseTooMany();
      }),
    );
  }

  /** After it was added, so that a name that is taken is said first; what is thrown takes it back. */
  #refuseTooMany(): void {
    const { subjects: limit } = this.#limits;
    if (limit === null) return;
    const subjects = Number(this.#countSubjects.get()?.subjects) - 1;
    if (subjects < limit) return;
    throw new AppError('SUBJECT_LIMIT', `the gallery holds ${subjects} subjects and may hold ${limit}`, {
      details: { subjects, limit },
    });
  }

  /**
   * @param change what the row becomes, from what it is at that moment.
   * @returns `taken` when another subject has that name; `missing` when there is no such subject.
   */
  changeSubject(id: string, change: (before: SubjectRow) => SubjectValues): 'changed' | 'taken' | 'missing' {
    return this.#file.transaction('change a subject', 'write', () => {
      const before = this.#readSubject(id, this.#sealing.current());
      if (!before) return 'missing';
      const after = change(before);
      const done = unlessConstraint('UNIQUE', () =>
        this.#changeSubject.run(
          after.name,
          after.nameKey,
          JSON.stringify(after.groups),
          after.validFromMs,
          after.validUntilMs,
          after.changedAtMs,
          id,
        ),
      );
      if (!done) return 'taken';
      if (after.private) this.#changePrivate.run(this.#sealedPrivate(id, after.private), id);
      return 'changed';
    });
  }

  /**
   * @returns false when there is no such subject.
   * @throws {AppError} DISK_LIMIT
   */
  addTemplate(row: NewTemplateRow): boolean {
    this.#limits.room?.();
    return this.#file.transaction('take a template', 'write', () => {
      const key = this.#sealing.current();
      const { id, subjectId, imageId, image } = row;
      return unlessConstraint('FOREIGN KEY', () => {
        this.#addTemplate.run(
          id,
          subjectId,
          row.model,
          row.modelVersion,
          row.kind,
          seal(key, row.embedding, CONTEXT.embedding(row)),
          row.quality,
          row.source,
          row.createdAtMs,
          imageId,
        );
        if (imageId === null) return;
        if (image === undefined) return this.#expectImage(imageId);
        this.#addImage.run(imageId, subjectId, seal(key, image, CONTEXT.image({ id: imageId, subjectId })));
      });
    });
  }

  /** With its templates and pictures. @returns false when there was no such subject. */
  removeSubject(id: string): boolean {
    return this.#file.attempt('remove a subject', () => Number(this.#removeSubject.run(id).changes) > 0);
  }

  /** With its picture, unless another template was made of it. @returns false when there was no such template. */
  removeTemplate(id: string): boolean {
    return this.#file.attempt('remove a template', () => Number(this.#removeTemplate.run(id).changes) > 0);
  }

  /** Notes when subjects were last seen; never an earlier moment than is noted already. */
  seen(moments: ReadonlyMap<string, number>): void {
    this.#file.transaction('note who was seen', 'write', () => {
      for (const [id, atMs] of moments) this.#seen.run(atMs, id, atMs);
    });
  }

  /** The subject whose name has that key. */
  idByNameKey(nameKey: string): string | null {
    return this.#file.attempt('be read', () => {
      const row = this.#file.prepare('SELECT id FROM subjects WHERE name_key = ?').get(nameKey);
      return row ? String(row.id) : null;
    });
  }

  template(id: string): TemplateDetails | null {
    return this.#file.attempt('be read', () => (this.#details.get(id) as TemplateDetails | undefined) ?? null);
  }

  /** A template's own; null where there is no such template, or it does not open. */
  embedding(id: string): Uint8Array | null {
    return this.#file.transaction('be read', 'snapshot', () => {
      const row = this.#template.get(id) as StoredTemplate | undefined;
      return row ? (openedTemplate(row, this.#sealing.current())?.embedding ?? null) : null;
    });
  }

  /** Of one subject, or all; by age. */
  templates(subjectId?: string): TemplateDetails[] {
    return this.#file.attempt('be read', () => {
      const where = subjectId === undefined ? '' : 'WHERE subject_id = ?';
      const statement = this.#file.prepare(`${TEMPLATE_DETAILS} ${where} ORDER BY created_at_ms, rowid`);
      return statement.all(...(subjectId === undefined ? [] : [subjectId])) as unknown as TemplateDetails[];
    });
  }

  /** Of one kind, of one subject or all, by age: some of them, and how many there are. */
  templatePage({ kind, subjectId, skip, most }: TemplatePageQuery): { templates: TemplateDetails[]; total: number } {
    const where = `WHERE kind = ?${subjectId === undefined ? '' : ' AND subject_id = ?'}`;
    const values = subjectId === undefined ? [kind] : [kind, subjectId];
    return this.#file.transaction('be read', 'snapshot', () => {
      const counted = this.#file.prepare(`SELECT count(*) AS total FROM templates ${where}`).get(...values);
      const page = this.#file.prepare(`${TEMPLATE_DETAILS} ${where} ORDER BY created_at_ms, id LIMIT ? OFFSET ?`);
      return {
        templates: page.all(...values, most, skip) as unknown as TemplateDetails[],
        total: Number(counted?.total),
      };
    });
  }

  /** One template for each kept picture that has none of `model`. */
  templatesOnlyOfOthers({ model, modelVersion }: GalleryModel): TemplateDetails[] {
    return this.#file.attempt('be read', () => {
      const statement = this.#file.prepare(
        `${TEMPLATE_DETAILS} AS one WHERE image_id IS NOT NULL
           AND id = (SELECT max(id) FROM templates WHERE image_id = one.image_id)
           AND NOT EXISTS (SELECT 1 FROM templates AS other WHERE other.image_id = one.image_id
             AND other.model = ? AND (other.model_version IN (?, '') OR ? = ''))
         ORDER BY one.rowid`,
      );
      return statement.all(model, modelVersion, modelVersion) as unknown as TemplateDetails[];
    });
  }

  /** Under the key that holds now. */
  seal(bytes: Uint8Array, context: string): Buffer {
    return this.#file.transaction('be read', 'snapshot', () => seal(this.#sealing.current(), bytes, context));
  }

  /** @returns null when it does not open under the key that holds now. */
  unseal(sealed: Uint8Array, context: string): Buffer | null {
    return this.#file.transaction('be read', 'snapshot', () => unseal(this.#sealing.current(), sealed, context));
  }

  /** @returns `missing`: there is none; `damaged`: it does not open. */
  image(imageId: string): Buffer | 'missing' | 'damaged' {
    return this.#file.transaction('be read', 'snapshot', () => {
      const row = this.#file.prepare('SELECT subject_id AS subjectId, sealed FROM images WHERE id = ?').get(imageId);
      if (!row) return 'missing';
      const context = CONTEXT.image({ id: imageId, subjectId: String(row.subjectId) });
      return unseal(this.#sealing.current(), row.sealed as Uint8Array, context) ?? 'damaged';
    });
  }

  /** Those of `model`, opened, in pages; what was added meanwhile comes too, what was removed does not. */
  *embeddings(of: GalleryModel): Generator<{ details: TemplateDetails; embedding: Uint8Array | null }> {
    const statement = this.#file.prepare(
      `SELECT ${TEMPLATE_COLUMNS}, quality, source, created_at_ms AS createdAtMs, image_id AS imageId, embedding
       FROM templates WHERE model = ? AND id > ? ORDER BY id LIMIT ${PAGE}`,
    );
    for (let after = ''; ; ) {
      const page = this.#file.transaction('be read', 'snapshot', () => {
        const key = this.#sealing.current();
        const rows = statement.all(of.model, after) as unknown as (TemplateDetails & { embedding: Uint8Array })[];
        return rows.map(({ embedding, ...details }) => ({
          details,
          embedding: unseal(key, embedding, CONTEXT.embedding(details)),
        }));
      });
      for (const row of page) if (isOfModel(row.details, of)) yield row;
      const last = page.at(-1);
      if (!last) return;
      after = last.details.id;
    }
  }

  /** What changed after change number `seen`; null when that is no longer known and all must be read again. */
  changesSince(seen: number): Changes | null {
    return this.#file.transaction('be read', 'snapshot', () => {
      // First: a key that was changed and cannot be followed must be told, also where nothing else became different.
      const key = this.#sealing.current();
      const upTo = this.#lastNumber();
      if (upTo === seen) return { upTo, subjects: new Map(), templates: new Map() };
      const oldest = Number(this.#oldestChange.get()?.number ?? upTo + 1);
      // Behind us: the database was replaced by an older one.
      if (upTo < seen || oldest > seen + 1) return null;
      const subjects = new Map<string, SubjectRow | null>();
      const templates = new Map<string, TemplateRow | null>();
      for (const row of this.#changes.all(seen)) {
        const id = String(row.id);
        if (row.kind === 'subject') subjects.set(id, this.#readSubject(id, key));
        else templates.set(id, openedTemplate(this.#template.get(id) as unknown as StoredTemplate | undefined, key));
      }
      return { upTo, subjects, templates };
    });
  }

  /**
   * Everything of one moment.
   *
   * @param models whose templates come with their embeddings; those of others without.
   * @returns the number for `changesSince`.
   */
  readAll(
    models: ReadonlySet<string>,
    take: { subject(row: SubjectRow): void; template(row: TemplateRow): void },
  ): number {
    return this.#file.transaction('be read', 'snapshot', () => {
      const key = this.#sealing.current();
      for (const row of this.#file.prepare(SUBJECT).iterate()) take.subject(opened(row, key));
      const places = Array.from(models, () => '?').join(', ');
      const ours = this.#file.prepare(
        `SELECT ${TEMPLATE_COLUMNS}, embedding FROM templates WHERE model IN (${places}) ORDER BY rowid`,
      );
      for (const row of ours.iterate(...models)) {
        const template = openedTemplate(row as unknown as StoredTemplate, key);
        if (template) take.template(template);
      }
      const others = this.#file.prepare(`SELECT ${TEMPLATE_COLUMNS} FROM templates WHERE model NOT IN (${places})`);
      for (const row of others.iterate(...models)) {
        take.template({ ...(row as unknown as TemplateRow), embedding: null });
      }
      return this.#lastNumber();
    });
  }

  /**
   * @param o.waitMs how long to wait, blocking this thread, for another process that reads or writes. Default 2 s.
   * @returns false when another process was in the way, and deleted data may still stand in the WAL.
   */
  checkpoint(o: { waitMs?: number } = {}): boolean {
    return this.#file.checkpoint(o);
  }

  close(): void {
    this.#file.close();
  }

  #lastNumber(): number {
    return Number(this.#lastChange.get()?.seq ?? 0);
  }

  #expectImage(id: string): void {
    if (this.#file.prepare('SELECT 1 FROM images WHERE id = ?').get(id)) return;
    throw new AppError('IMAGE_NOT_KEPT', 'the picture was deleted meanwhile');
  }

  #readSubject(id: string, key: GalleryKey): SubjectRow | null {
    const row = this.#subject.get(id);
    return row ? opened(row, key) : null;
  }

  #sealedPrivate(id: string, what: SubjectValues['private']): Uint8Array | null {
    if (!what || (what.notes === '' && what.consent === null)) return null;
    const { notes, consent } = what;
    return seal(this.#sealing.current(), Buffer.from(JSON.stringify({ notes, consent })), CONTEXT.subject({ id }));
  }
}

type StoredTemplate = TemplateRow & { readonly embedding: Uint8Array };

function openedTemplate(row: StoredTemplate | undefined, key: GalleryKey): TemplateRow | null {
  if (!row) return null;
  return { ...row, embedding: unseal(key, row.embedding, CONTEXT.embedding(row)) };
}

function opened(row: unknown, key: GalleryKey): SubjectRow {
  const stored = row as StoredSubject;
  return openedSubject(stored, (sealed) => unseal(key, sealed, CONTEXT.subject(stored)));
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
