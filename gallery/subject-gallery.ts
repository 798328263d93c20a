import { AppError } from '../config/app-error.ts';
import type { Candidate, Embedding } from '../pipeline/face.ts';
import { nameKey } from '../pipeline/name-key.ts';
import type { Clock, Gallery, Logger } from '../pipeline/ports.ts';
import { uuidV7 } from '../pipeline/uuid-v7.ts';
import { fromBlob, lengthOf, toBlob } from './embedding-blob.ts';
import { EmbeddingIndex } from './embedding-index.ts';
import { GalleryDatabase, type SubjectRow, type TemplateRow } from './gallery-database.ts';
import { subjectName } from './subject-name.ts';

/** A person whom the gallery knows. */
export interface Subject {
  /** UUID version 7. */
  readonly id: string;
  /** Unique, whatever its case. */
  readonly name: string;
  readonly createdAtMs: number;
  /** Enrolled faces that searches compare with: those of the gallery's model. */
  readonly templates: number;
}

/** One enrolled face. Its embedding never leaves the gallery. */
export interface Template {
  readonly id: string;
  readonly subjectId: string;
  readonly model: string;
  /** 0..1; null where it was not measured. */
  readonly quality: number | null;
  /** Where the picture came from, for people. */
  readonly source: string;
  readonly createdAtMs: number;
}

export interface NewTemplate {
  readonly embedding: Embedding;
  readonly quality: number | null;
  readonly source: string;
}

export interface GallerySize {
  readonly subjects: number;
  /** Templates that searches compare with. */
  readonly templates: number;
  /** Templates of other models, or damaged ones: kept, not searched. */
  readonly notSearched: number;
}

export interface GalleryOptions {
  /** The database; made, with its folder, when it is not there. */
  file: string;
  /** Catalog name of the embedder. Templates of another one are kept, and not searched. */
  model: string;
  /** Numbers in an embedding. */
  width: number;
  log: Logger;
  clock: Clock;
}

const LONGEST_SOURCE = 500;
const CHECKPOINT_AGAIN_MS = 1000;

/**
 * Opens the gallery and reads it into memory.
 *
 * @throws {AppError} GALLERY_UNAVAILABLE when the file cannot be opened, is no gallery, or a newer facegate wrote it.
 */
export function openGallery(options: GalleryOptions): SubjectGallery {
  return new SubjectGallery(options);
}

/**
 * Subjects and their templates: durable in SQLite, searched in memory. Several processes may have one gallery open; each
 * call sees what any of them committed before it. Memory follows the database by the database's own list of changes, after
 * writes of our own as after those of others, so there is one way for the two to agree. When the database cannot be read,
 * searches fail rather than answer from what was once true.
 */
export class SubjectGallery implements Gallery, AsyncDisposable {
  readonly #database: GalleryDatabase;
  readonly #model: string;
  readonly #width: number;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #index: EmbeddingIndex;
  readonly #subjects = new Map<string, SubjectRow>();
  readonly #damaged = new Set<string>();
  /** The last change that memory knows of; null when all must be read. */
  #seenChange: number | null = null;
  #seenVersion = Number.NaN;
  #checkpointTimer: NodeJS.Timeout | undefined;

  constructor({ file, model, width, log, clock }: GalleryOptions) {
    this.#model = model;
    this.#width = width;
    this.#log = log;
    this.#clock = clock;
    this.#index = new EmbeddingIndex(width);
    this.#database = new GalleryDatabase(file);
    try {
      const { subjects, templates, notSearched } = this.size;
      log.info({ subjects, templates, notSearched, model }, 'gallery opened');
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  get size(): GallerySize {
    this.#follow();
    return {
      subjects: this.#subjects.size,
      templates: this.#index.size,
      notSearched: this.#database.countOthers(this.#model) + this.#damaged.size,
    };
  }

  /** By name. */
  subjects(): Subject[] {
    this.#follow();
    return [...this.#subjects.values()]
      .map((row) => this.#withCount(row))
      .sort((a, b) => a.name.localeCompare(b.name, 'en') || (a.id < b.id ? -1 : 1));
  }

  /** @throws {AppError} SUBJECT_NOT_FOUND */
  subject(id: string): Subject {
    this.#follow();
    const row = this.#subjects.get(id);
    if (!row) throw notFound(id);
    return this.#withCount(row);
  }

  /**
   * @param name 1 to 200 characters, trimmed.
   * @throws {AppError} SUBJECT_EXISTS when one has that name in any case; REQUEST_INVALID
   */
  createSubject(name: string): Subject {
    const createdAtMs = Math.trunc(this.#clock.wallMs());
    const row = { id: uuidV7(createdAtMs), name: subjectName(name), createdAtMs };
    if (!this.#database.addSubject(row, nameKey(row.name))) {
      throw new AppError('SUBJECT_EXISTS', `there is a subject named "${row.name}" already`);
    }
    this.#catchUp();
    return this.#withCount(row);
  }

  /**
   * With its templates: gone from searches, the database and its WAL when this returns, except that another process in
   * the middle of a read can hold up the WAL, which is then tried again each second.
   *
   * @throws {AppError} SUBJECT_NOT_FOUND
   */
  removeSubject(id: string): void {
    if (!this.#database.removeSubject(id)) throw notFound(id);
    this.#catchUp();
    this.#emptyWal();
  }

  /**
   * @throws {AppError} SUBJECT_NOT_FOUND; EMBEDDING_MISMATCH for another model or width; EMBEDDING_INVALID when it is zero
   * or holds something that is not a number.
   */
  addTemplate(subjectId: string, { embedding, quality, source }: NewTemplate): Template {
    this.#check(embedding);
    if (lengthOf(embedding.vector) === 0) {
      throw new AppError('EMBEDDING_INVALID', 'the embedding is zero or holds something that is not a number');
    }
    const createdAtMs = Math.trunc(this.#clock.wallMs());
    const template: Template = {
      id: uuidV7(createdAtMs),
      subjectId,
      model: this.#model,
      quality: Number.isFinite(quality) ? quality : null,
      source: source
        .replace(/[\p{Cc}\p{Cs}]/gu, '')
        .trim()
        .slice(0, LONGEST_SOURCE),
      createdAtMs,
    };
    if (!this.#database.addTemplate({ ...template, embedding: toBlob(embedding.vector) })) throw notFound(subjectId);
    this.#catchUp();
    return template;
  }

  /**
   * For each probe the `k` most similar distinct subjects, best first, each by its best template. A probe that is zero or
   * holds something that is not a number finds nobody.
   *
   * @throws {AppError} EMBEDDING_MISMATCH for another model or width; GALLERY_UNAVAILABLE
   */
  async search(probes: readonly Embedding[], k: number): Promise<Candidate[][]> {
    if (!Number.isInteger(k) || k < 1) throw new AppError('REQUEST_INVALID', `k must be 1 or more, got ${k}`);
    for (const probe of probes) this.#check(probe);
    this.#follow();
    const hits = this.#index.search(
      probes.map((probe) => probe.vector),
      k,
    );
    return hits.map((ofProbe) =>
      ofProbe.map(({ subjectId, similarity }) => {
        const row = this.#subjects.get(subjectId);
        if (!row) throw new AppError('INTERNAL', `template of a subject that is not in the gallery: ${subjectId}`);
        return { subjectId, name: row.name, similarity };
      }),
    );
  }

  /** Idempotent. What comes after it fails with GALLERY_UNAVAILABLE. */
  async close(): Promise<void> {
    clearTimeout(this.#checkpointTimer);
    this.#database.close();
    this.#forget();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #withCount(row: SubjectRow): Subject {
    return { ...row, templates: this.#index.countOf(row.id) };
  }

  #check({ model, vector }: Embedding): void {
    if (model === this.#model && vector.length === this.#width) return;
    throw new AppError(
      'EMBEDDING_MISMATCH',
      `the gallery holds embeddings of ${this.#model} with ${this.#width} numbers, got ${model} with ${vector.length}`,
    );
  }

  /** Takes in what other processes wrote; cheap when they wrote nothing. */
  #follow(): void {
    const version = this.#database.dataVersion();
    if (version === this.#seenVersion && this.#seenChange !== null) return;
    this.#catchUp();
    // The version of before: a write in between makes the next call look again.
    this.#seenVersion = version;
  }

  #catchUp(): void {
    const changes = this.#seenChange === null ? null : this.#database.changesSince(this.#seenChange);
    if (!changes) {
      this.#readAll();
      return;
    }
    for (const [id, row] of changes.subjects) {
      if (row) this.#subjects.set(id, row);
      else this.#subjects.delete(id);
    }
    for (const [id, row] of changes.templates) {
      this.#index.remove(id);
      this.#damaged.delete(id);
      if (row?.model === this.#model) this.#take(row);
    }
    this.#seenChange = changes.upTo;
  }

  #readAll(): void {
    // Should reading break off, a half-read gallery must not answer: the second-best subject could be missing from it.
    this.#forget();
    this.#seenChange = this.#database.readAll(this.#model, {
      subject: (row) => this.#subjects.set(row.id, { ...row }),
      template: (row) => this.#take(row),
    });
  }

  #forget(): void {
    this.#seenChange = null;
    this.#index.clear();
    this.#subjects.clear();
    this.#damaged.clear();
  }

  #take(row: TemplateRow): void {
    const vector = fromBlob(row.embedding, this.#width);
    if (vector) {
      this.#index.put(row.id, row.subjectId, vector);
      vector.fill(0);
      return;
    }
    this.#damaged.add(row.id);
    this.#log.error(
      { template: row.id, subject: row.subjectId, bytes: row.embedding.byteLength, expected: this.#width * 4 },
      'a template is damaged and will not be searched; enrol that face again',
    );
  }

  #emptyWal(): void {
    clearTimeout(this.#checkpointTimer);
    let emptied = false;
    try {
      emptied = this.#database.checkpoint();
    } catch (error) {
      this.#log.warn({ err: error }, 'the WAL of the gallery could not be emptied');
    }
    if (emptied) return;
    this.#checkpointTimer = setTimeout(() => {
      if (this.#database.isOpen) this.#emptyWal();
    }, CHECKPOINT_AGAIN_MS);
    this.#checkpointTimer.unref();
  }
}

function notFound(id: string): AppError {
  return new AppError('SUBJECT_NOT_FOUND', `there is no subject with the id "${id.slice(0, 64)}"`);
}
