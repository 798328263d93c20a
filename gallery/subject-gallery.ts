import { dirname, join } from 'node:path';
import { AppError } from '../config/app-error.ts';
import type { Candidate, Embedding, Probe } from '../pipeline/face.ts';
import { nameKey } from '../pipeline/name-key.ts';
import type { Clock, Gallery, Logger } from '../pipeline/ports.ts';
import { uuidV7 } from '../pipeline/uuid-v7.ts';
import { fromBlob, lengthOf, toBlob } from './embedding-blob.ts';
import type { EmbeddingIndexOptions, IndexHit } from './embedding-index.ts';
import { GalleryDatabase, type TemplatePageQuery } from './gallery-database.ts';
import type { GalleryLimits } from './gallery-limits.ts';
import {
  type GalleryModel,
  isOfModel,
  type SubjectRow,
  type TemplateDetails,
  type TemplateRow,
} from './gallery-rows.ts';
import { LastSeen } from './last-seen.ts';
import { mergeHits } from './merge-hits.ts';
import { NotSearched } from './not-searched.ts';
import type { PictureKeys } from './picture-keys.ts';
import { type CosineScale, SearchedTemplates } from './searched-templates.ts';
import type { GallerySize, NewTemplate, Subject, SubjectDraft, Template } from './subject.ts';
import { subjectFields } from './subject-draft.ts';
import { SubjectsByName, type SubjectsQuery } from './subjects-by-name.ts';

export type { Consent, GallerySize, NewTemplate, Subject, SubjectDraft, Template, TemplateKind } from './subject.ts';

/** The model that a gallery is being moved away from. Its templates are searched too, and none of it are added. */
export interface PreviousModel {
  model: string;
  modelVersion?: string | undefined;
  width: number;
  /** From its cosines to those of the gallery's model that say the same. */
  onto: CosineScale;
}

/** What a gallery still needs its previous model for. */
export interface Migration {
  /** Name of the previous model. */
  readonly previous: string;
  /** People who can be found by its templates alone. */
  readonly people: number;
  /** Kept pictures that are not enrolled for the gallery's model yet. */
  readonly pictures: number;
}

export interface GalleryOptions {
  /** The database; made, with its folder, when it is not there. */
  file: string;
  /** Catalog name of the embedder. Templates of another one are kept, and not searched. */
  model: string;
  /** The first 12 digits of its weights' SHA-256. Default: not known, which goes with any. */
  modelVersion?: string | undefined;
  /** Numbers in an embedding. */
  width: number;
  /** Default: none. */
  previous?: PreviousModel | null | undefined;
  /** `FACEGATE_GALLERY_KEY`: base64 of 32 bytes, instead of the key file. */
  key?: string | undefined;
  /** Made when the gallery is new. Default: `gallery.key` beside the database. */
  keyFile?: string | undefined;
  /** Keep the pictures of new templates. Default false. */
  keepImages?: boolean | undefined;
  /** How much it may hold. Default: any number of subjects. */
  limits?: GalleryLimits | undefined;
  /** How searches run. */
  index?: EmbeddingIndexOptions | undefined;
  log: Logger;
  clock: Clock;
}

const LONGEST_SOURCE = 500;
const CHECKPOINT_AGAIN_MS = 1000;
/** Long enough for the reads of another facegate; a backup is not waited for, since doors would be, too. */
const CHECKPOINT_WAIT_MS = 50;

/**
 * Opens the gallery and reads it into memory.
 *
 * @throws {AppError} GALLERY_UNAVAILABLE when the file cannot be opened, is no gallery, or a newer facegate wrote it;
 * GALLERY_KEY_MISSING and GALLERY_KEY_WRONG when it is sealed under a key that is not at hand; CONFIG_INVALID when what
 * should be the key is none.
 */
export function openGallery(options: GalleryOptions): SubjectGallery {
  return new SubjectGallery(options);
}

/**
 * Subjects and their templates: durable and sealed in SQLite, searched in memory. Several processes may have one gallery
 * open; each call sees what any of them committed before it. Memory follows the database by the database's own list of
 * changes, after writes of our own as after those of others, so there is one way for the two to agree. When the database
 * cannot be read, searches fail rather than answer from what was once true.
 */
export class SubjectGallery implements Gallery, AsyncDisposable {
  readonly #database: GalleryDatabase;
  readonly #keepImages: boolean;
  readonly #log: Logger;
  readonly #clock: Clock;
  /** Of the gallery's own model, and of the previous one. */
  readonly #own: SearchedTemplates;
  readonly #previous: SearchedTemplates | null;
  readonly #searched: readonly SearchedTemplates[];
  readonly #notSearched = new NotSearched();
  readonly #subjects = new Map<string, SubjectRow>();
  readonly #lastSeen: LastSeen;
  readonly #byName = new SubjectsByName();
  /** The last change that memory knows of; null when all must be read. */
  #seenChange: number | null = null;
  #seenVersion = Number.NaN;
  #checkpointTimer: NodeJS.Timeout | undefined;

  constructor(options: GalleryOptions) {
    const { file, model, modelVersion = '', width, previous, log, clock } = options;
    const index: EmbeddingIndexOptions = {
      onThreadsMissing: (error) =>
        log.warn({ error: String(error) }, 'no threads to search a large gallery: the main thread searches it'),
      ...options.index,
    };
    this.#keepImages = options.keepImages ?? false;
    this.#log = log;
    this.#clock = clock;
    this.#own = new SearchedTemplates({ of: { model, modelVersion }, width, index });
    this.#previous = previous ? new SearchedTemplates({ ...previous, of: modelOf(previous), index }) : null;
    this.#searched = this.#previous ? [this.#own, this.#previous] : [this.#own];
    this.#lastSeen = new LastSeen({ write: (moments) => this.#writeSeen(moments), log });
    const keyFile = options.keyFile ?? join(dirname(file), 'gallery.key');
    this.#database = new GalleryDatabase(file, { key: options.key, keyFile }, options.limits);
    try {
      const { subjects, templates, notSearched } = this.size;
      log.info({ subjects, templates, notSearched, model }, 'gallery opened');
      this.#sayWhatWasSealed();
      this.#sayWhatIsMoved();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** The model whose templates are added. */
  get model(): GalleryModel {
    return this.#own.of;
  }

  /** Numbers in an embedding. */
  get width(): number {
    return this.#own.width;
  }

  get size(): GallerySize {
    this.#follow();
    return {
      subjects: this.#subjects.size,
      templates: this.#searched.reduce((sum, { size }) => sum + size, 0),
      notSearched: this.#notSearched.size,
    };
  }

  /** Null where there is no previous model. */
  get migration(): Migration | null {
    const previous = this.#previous;
    if (!previous) return null;
    this.#follow();
    const left = (id: string) => previous.canFind(id) && !this.#own.canFind(id);
    return {
      previous: previous.of.model,
      people: [...this.#subjects.keys()].filter(left).length,
      pictures: this.templatesToReembed().length,
    };
  }

  /** By name. */
  subjects(): Subject[] {
    this.#follow();
    return this.#byName.ids().map((id) => this.#view(this.#subjects.get(id) as SubjectRow));
  }

  /**
   * By name, so many at a time. Costs little, however many there are.
   *
   * @returns `next` is the `after` of the next part; null at the end.
   * @throws {AppError} REQUEST_INVALID when `after` is no `next` of ours.
   */
  page(o: SubjectsQuery): { subjects: Subject[]; next: string | null } {
    this.#follow();
    const { ids, next } = this.#byName.page(o);
    return { subjects: ids.map((id) => this.#view(this.#subjects.get(id) as SubjectRow)), next };
  }

  /** Every group that somebody is in, and how many are; in no order. */
  groups(): { name: string; subjects: number }[] {
    this.#follow();
    const counts = new Map<string, number>();
    for (const { groups } of this.#subjects.values()) {
      for (const name of new Set(groups)) counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return [...counts].map(([name, subjects]) => ({ name, subjects }));
  }

  /** @throws {AppError} SUBJECT_NOT_FOUND */
  subject(id: string): Subject {
    this.#follow();
    const row = this.#subjects.get(id);
    if (!row) throw subjectNotFound(id);
    return this.#view(row);
  }

  /** The one of that name in any case; null where there is none. */
  subjectNamed(name: string): Subject | null {
    this.#follow();
    const id = this.#database.idByNameKey(nameKey(name));
    const row = id === null ? undefined : this.#subjects.get(id);
    return row ? this.#view(row) : null;
  }

  /** @throws {AppError} SUBJECT_EXISTS when one has that name in any case; SUBJECT_LIMIT; DISK_LIMIT; REQUEST_INVALID */
  createSubject(draft: SubjectDraft): Subject {
    const { name, groups, notes, validFromMs, validUntilMs, consent } = subjectFields(draft);
    const createdAtMs = this.#now();
    const id = uuidV7(createdAtMs);
    const times = { validFromMs, validUntilMs, changedAtMs: createdAtMs };
    const values = { name, nameKey: nameKey(name), groups, ...times, private: { notes, consent } };
    if (!this.#database.addSubject(id, createdAtMs, values)) throw subjectExists(name);
    this.#catchUp();
    return this.subject(id);
  }

  /**
   * What the patch leaves out stays; null takes a time or the consent away.
   *
   * @throws {AppError} SUBJECT_NOT_FOUND; SUBJECT_EXISTS when another one has that name; REQUEST_INVALID
   */
  changeSubject(id: string, patch: Partial<SubjectDraft>): Subject {
    let wanted = '';
    const outcome = this.#database.changeSubject(id, (before) => {
      const after = subjectFields(patch, {
        name: before.name,
        groups: before.groups,
        notes: before.notes,
        validFromMs: before.validFromMs,
        validUntilMs: before.validUntilMs,
        consent: before.consent,
      });
      wanted = after.name;
      return {
        ...after,
        nameKey: nameKey(after.name),
        changedAtMs: this.#now(),
        private:
          patch.notes === undefined && patch.consent === undefined
            ? undefined
            : { notes: after.notes, consent: after.consent },
      };
    });
    if (outcome === 'missing') throw subjectNotFound(id);
    if (outcome === 'taken') throw subjectExists(wanted);
    this.#catchUp();
    // Former names and notes are nobody's business either.
    this.#emptyWal();
    return this.subject(id);
  }

  /**
   * With its templates and pictures: gone from searches, the database and its WAL when this returns, except that another
   * process in the middle of a read can hold up the WAL, which is then tried again each second.
   *
   * @throws {AppError} SUBJECT_NOT_FOUND
   */
  removeSubject(id: string): void {
    if (!this.#database.removeSubject(id)) throw subjectNotFound(id);
    this.#catchUp();
    this.#emptyWal();
  }

  /**
   * @throws {AppError} SUBJECT_NOT_FOUND; DISK_LIMIT; EMBEDDING_MISMATCH for another model or width; EMBEDDING_INVALID when it is zero
   * or holds something that is not a number.
   */
  addTemplate(subjectId: string, { embedding, quality, source, kind = 'positive', image }: NewTemplate): Template {
    const kept = this.#keepImages ? image : undefined;
    return this.#add(subjectId, embedding, {
      kind,
      quality,
      source,
      imageId: kept ? uuidV7(this.#now()) : null,
      image: kept,
    });
  }

  /**
   * Of one subject, or of all; by age.
   *
   * @throws {AppError} SUBJECT_NOT_FOUND
   */
  templates(subjectId?: string): Template[] {
    if (subjectId !== undefined) this.subject(subjectId);
    this.#follow();
    return this.#database.templates(subjectId).map((details) => this.#templateView(details));
  }

  /** Some of the templates of one kind, by age, and how many there are: what lists thousands must not read them all. */
  templatePage(query: TemplatePageQuery): { templates: Template[]; total: number } {
    this.#follow();
    const { templates, total } = this.#database.templatePage(query);
    return { templates: templates.map((details) => this.#templateView(details)), total };
  }

  /** @throws {AppError} TEMPLATE_NOT_FOUND */
  template(id: string): Template {
    this.#follow();
    return this.#templateView(this.#details(id));
  }

  /** As `removeSubject`, of one face alone. @throws {AppError} TEMPLATE_NOT_FOUND */
  removeTemplate(id: string): void {
    if (!this.#database.removeTemplate(id)) throw templateNotFound(id);
    this.#catchUp();
    this.#emptyWal();
  }

  /**
   * The picture of a template's face with its surroundings, JPEG.
   *
   * @throws {AppError} TEMPLATE_NOT_FOUND; IMAGE_NOT_KEPT; IMAGE_CORRUPT when what is kept is damaged.
   */
  image(templateId: string): Buffer {
    const { imageId } = this.#details(templateId);
    const found = imageId === null ? 'missing' : this.#database.image(imageId);
    if (found === 'missing') {
      throw new AppError('IMAGE_NOT_KEPT', `the picture of the face "${templateId}" is not kept`);
    }
    if (found !== 'damaged') return found;
    throw new AppError('IMAGE_CORRUPT', `the kept picture of the face "${templateId}" is damaged`);
  }

  /**
   * What one template is searched by, of the gallery's model or the previous one; a copy.
   *
   * @throws {AppError} TEMPLATE_NOT_FOUND, also for one that is not searched (of another model, or damaged).
   */
  embedding(templateId: string): Embedding {
    const searched = this.#searchedWith(this.#details(templateId));
    const stored = searched && this.#database.embedding(templateId);
    const vector = stored && fromBlob(stored, searched.width);
    if (vector) return { model: searched.of.model, vector };
    throw new AppError(
      'TEMPLATE_NOT_FOUND',
      `the face "${templateId}" is of another model or damaged, and not searched`,
    );
  }

  /**
   * How similar a face is to one template: the cosine by the model that the template is of, and where that is the previous
   * one, what it says for the gallery's model. Null where the probe has no embedding of it.
   */
  similarity(enrolled: Embedding, probe: Probe): number | null {
    const searched = this.#searched.find(({ of }) => of.model === enrolled.model);
    const vector = searched === this.#own ? probe.vector : probe.previous?.vector;
    if (!searched || !vector || vector.length !== enrolled.vector.length) return null;
    let sum = 0;
    for (const [i, value] of enrolled.vector.entries()) sum += value * (vector[i] as number);
    return searched.carried(sum / lengthOf(enrolled.vector) / lengthOf(vector));
  }

  /**
   * Every template of the gallery's model that is searched with its vector, opened one after the other: for calibration and
   * whoever else compares them all. Each vector is the caller's, shape [width], as it was enrolled.
   */
  *embeddings(): Generator<{ template: Template; vector: Float32Array }> {
    this.#follow();
    for (const { details, embedding } of this.#database.embeddings(this.#own.of)) {
      const vector = embedding && fromBlob(embedding, this.#own.width);
      if (vector) yield { template: this.#templateView(details), vector };
    }
  }

  /** Templates of other models whose picture is kept, and has none of this gallery's model yet: one a picture. */
  templatesToReembed(): Template[] {
    this.#follow();
    return this.#database.templatesOnlyOfOthers(this.#own.of).map((details) => this.#templateView(details));
  }

  /**
   * Another template of the same picture, of this gallery's model. The old one stays.
   *
   * @throws {AppError} TEMPLATE_NOT_FOUND; IMAGE_NOT_KEPT; as addTemplate.
   */
  reembed(templateId: string, { embedding, quality }: Pick<NewTemplate, 'embedding' | 'quality'>): Template {
    const { subjectId, kind, source, imageId } = this.#details(templateId);
    if (imageId === null) throw new AppError('IMAGE_NOT_KEPT', `the picture of the face "${templateId}" is not kept`);
    return this.#add(subjectId, embedding, { kind, quality, source, imageId, image: undefined });
  }

  /** What the pictures of events are sealed under. */
  get pictureKeys(): PictureKeys {
    return this.#database.pictureKeys;
  }

  /** Seals what belongs to the gallery and lies elsewhere, under its key. */
  seal(bytes: Uint8Array, context: string): Buffer {
    return this.#database.seal(bytes, context);
  }

  /** Null when it is damaged, belongs to another context, or was sealed before the key was changed. */
  unseal(sealed: Uint8Array, context: string): Buffer | null {
    return this.#database.unseal(sealed, context);
  }

  /** Notes that the subject was recognised; written within a second, and once a minute at most. Never throws. */
  seen(subjectId: string, atMs: number): void {
    const row = this.#subjects.get(subjectId);
    if (row) this.#lastSeen.note(subjectId, atMs, row.lastSeenMs);
  }

  /**
   * For each probe the `k` most similar distinct subjects, best first, each by its best positive template. A probe that is
   * zero or holds something that is not a number finds nobody. Templates of the previous model are searched with the
   * probe's `previous`; one that has none finds those of the gallery's model alone.
   *
   * @throws {AppError} EMBEDDING_MISMATCH for another model or width; GALLERY_UNAVAILABLE
   */
  async search(probes: readonly Probe[], k: number): Promise<Candidate[][]> {
    if (!Number.isInteger(k) || k < 1) throw new AppError('REQUEST_INVALID', `k must be 1 or more, got ${k}`);
    for (const probe of probes) this.#check(probe);
    const vectors = this.#searched.map((searched) => probes.map((probe) => this.#vectorFor(searched, probe)));
    for (;;) {
      this.#follow();
      const found = await Promise.all(this.#searched.map((searched, m) => searched.search(vectors[m]!, k)));
      const hits = probes.map((_, p) =>
        mergeHits(
          found.map((each) => each[p]!),
          k,
        ),
      );
      // Whoever was removed while threads searched may have kept another one out: then the answer is looked for again.
      const gone = new Set(hits.flat().flatMap(({ subjectId }) => (this.#subjects.has(subjectId) ? [] : [subjectId])));
      if (gone.size === 0) {
        return hits.map((ofProbe, p) => ofProbe.map((hit) => this.#candidate(hit, probes[p]!)));
      }
      for (const subjectId of gone) this.#leaveOrphans(subjectId);
    }
  }

  /** Idempotent; waits for the threads. What comes after it fails with GALLERY_UNAVAILABLE. */
  async close(): Promise<void> {
    clearTimeout(this.#checkpointTimer);
    if (this.#database.isOpen) this.#lastSeen.flush();
    const searched = this.#searched.map((each) => each.close());
    this.#database.close();
    this.#forget();
    await Promise.all(searched);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #candidate({ subjectId, similarity }: IndexHit, probe: Probe): Candidate {
    const row = this.#subjects.get(subjectId) as SubjectRow;
    const { name, groups, validFromMs, validUntilMs } = row;
    const negatives = this.#searched.flatMap((searched) => {
      const vector = this.#vectorFor(searched, probe);
      return (vector && searched.negativeSimilarity(subjectId, vector)) ?? [];
    });
    const negativeSimilarity = negatives.length > 0 ? Math.max(...negatives) : null;
    return { subjectId, name, similarity, groups, validFromMs, validUntilMs, negativeSimilarity };
  }

  #vectorFor(searched: SearchedTemplates, probe: Probe): Float32Array | null {
    return searched === this.#own ? probe.vector : (probe.previous?.vector ?? null);
  }

  #searchedWith(row: GalleryModel): SearchedTemplates | undefined {
    return this.#searched.find(({ of }) => isOfModel(row, of));
  }

  #add(
    subjectId: string,
    embedding: Embedding,
    o: Pick<TemplateDetails, 'kind' | 'quality' | 'source' | 'imageId'> & { image: Uint8Array | undefined },
  ): Template {
    this.#check(embedding);
    if (lengthOf(embedding.vector) === 0) {
      throw new AppError('EMBEDDING_INVALID', 'the embedding is zero or holds something that is not a number');
    }
    const createdAtMs = this.#now();
    const details: TemplateDetails = {
      id: uuidV7(createdAtMs),
      subjectId,
      ...this.#own.of,
      kind: o.kind,
      quality: Number.isFinite(o.quality) ? o.quality : null,
      source: o.source
        .replace(/[\p{Cc}\p{Cs}]/gu, '')
        .trim()
        .slice(0, LONGEST_SOURCE),
      createdAtMs,
      imageId: o.imageId,
    };
    const row = { ...details, embedding: toBlob(embedding.vector), image: o.image };
    if (!this.#database.addTemplate(row)) throw subjectNotFound(subjectId);
    this.#catchUp();
    return this.#templateView(details);
  }

  #view({ damaged: _, ...row }: SubjectRow): Subject {
    return {
      ...row,
      lastSeenMs: this.#lastSeen.of(row.id, row.lastSeenMs),
      templates: this.#searched.reduce((sum, searched) => sum + searched.countOf(row.id), 0),
      notSearched: this.#notSearched.countOf(row.id),
    };
  }

  #templateView({ imageId, ...details }: TemplateDetails): Template {
    return { ...details, searched: !this.#notSearched.has(details.id), hasImage: imageId !== null };
  }

  #details(templateId: string): TemplateDetails {
    const details = this.#database.template(templateId);
    if (!details) throw templateNotFound(templateId);
    return details;
  }

  #check({ previous, ...embedding }: Probe): void {
    expectOf(this.#own, embedding);
    if (previous && this.#previous) expectOf(this.#previous, previous);
  }

  #now(): number {
    return Math.trunc(this.#clock.wallMs());
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
    // Our own writes do not change the database's version: should reading them break off, the next call must look again.
    const version = this.#seenVersion;
    this.#seenVersion = Number.NaN;
    this.#takeChanges();
    this.#seenVersion = version;
  }

  #takeChanges(): void {
    const changes = this.#seenChange === null ? null : this.#database.changesSince(this.#seenChange);
    if (!changes) {
      this.#readAll();
      return;
    }
    for (const [id, row] of changes.subjects) {
      if (row) this.#takeSubject(row);
      else this.#dropSubject(id);
    }
    for (const [id, row] of changes.templates) {
      for (const searched of this.#searched) searched.remove(id);
      this.#notSearched.remove(id);
      if (row) this.#takeTemplate(row);
    }
    this.#seenChange = changes.upTo;
  }

  #readAll(): void {
    // Should reading break off, a half-read gallery must not answer: the second-best subject could be missing from it.
    this.#forget();
    this.#seenChange = this.#database.readAll(new Set(this.#searched.map(({ of }) => of.model)), {
      subject: (row) => this.#takeSubject(row),
      template: (row) => this.#takeTemplate(row),
    });
    this.#byName.order();
  }

  #forget(): void {
    this.#seenChange = null;
    for (const searched of this.#searched) searched.clear();
    this.#notSearched.clear();
    this.#subjects.clear();
    this.#byName.clear();
  }

  #takeSubject(row: SubjectRow): void {
    if (row.damaged && !this.#subjects.get(row.id)?.damaged) {
      this.#log.error(
        { subject: row.id },
        "a subject's notes and consent are damaged and cannot be read; write them anew",
      );
    }
    this.#subjects.set(row.id, row);
    this.#byName.put(row);
  }

  #dropSubject(id: string): void {
    this.#subjects.delete(id);
    this.#byName.remove(id);
  }

  /** Templates of nobody, as a deletion by another program leaves them that minds no foreign keys, are not searched. */
  #leaveOrphans(subjectId: string): void {
    const orphans = this.#database.templates(subjectId);
    for (const { id } of orphans) {
      for (const searched of this.#searched) searched.remove(id);
      this.#notSearched.add(id, subjectId);
    }
    if (orphans.length === 0) return;
    this.#log.error(
      { subject: subjectId, templates: orphans.length },
      'templates of a subject that is not there will not be searched; the database was changed by something else',
    );
  }

  #takeTemplate(row: TemplateRow): void {
    const { id, subjectId, embedding } = row;
    const searched = this.#searchedWith(row);
    const vector = embedding && searched ? fromBlob(embedding, searched.width) : null;
    embedding?.fill(0);
    if (searched && vector) {
      searched.put(id, subjectId, row.kind, vector);
      vector.fill(0);
      return;
    }
    this.#notSearched.add(id, subjectId);
    if (!searched) return;
    this.#log.error(
      { template: id, subject: subjectId, bytes: embedding?.byteLength ?? null, expected: searched.width * 4 },
      'a template is damaged and will not be searched; enrol that face again',
    );
  }

  #writeSeen(moments: ReadonlyMap<string, number>): void {
    this.#database.seen(moments);
    this.#catchUp();
  }

  #sayWhatWasSealed(): void {
    const { sealed, overwritten } = this.#database.sealing;
    if (sealed > 0) {
      this.#log.info(
        { templates: sealed },
        'embeddings lay in clear and are sealed now; copies, backups and the disk itself may still hold the old ones (docs/security.md)',
      );
    }
    if (overwritten) return;
    this.#log.warn(
      {},
      'where embeddings lay in clear could not be overwritten, another process has the gallery open; the next start tries again',
    );
  }

  #sayWhatIsMoved(): void {
    const { migration } = this;
    if (!migration) return;
    const { previous, people, pictures } = migration;
    if (people === 0 && pictures === 0) {
      this.#log.warn(
        { previous },
        `everybody is enrolled for ${this.#own.of.model}: models.embedder.previous can be taken out of the settings`,
      );
      return;
    }
    this.#log.info(
      { previous, people, pictures },
      `the gallery moves from ${previous} to ${this.#own.of.model}; people known by the previous model alone: ${people}; kept pictures that wait for "facegate gallery reembed": ${pictures}`,
    );
  }

  #emptyWal(): void {
    clearTimeout(this.#checkpointTimer);
    let emptied = false;
    try {
      emptied = this.#database.checkpoint({ waitMs: CHECKPOINT_WAIT_MS });
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

function modelOf({ model, modelVersion = '' }: PreviousModel): GalleryModel {
  return { model, modelVersion };
}

function expectOf({ of, width }: SearchedTemplates, { model, vector }: Embedding): void {
  if (model === of.model && vector.length === width) return;
  throw new AppError(
    'EMBEDDING_MISMATCH',
    `the gallery holds embeddings of ${of.model} with ${width} numbers, got ${model} with ${vector.length}`,
  );
}

function subjectNotFound(id: string): AppError {
  return new AppError('SUBJECT_NOT_FOUND', `there is no subject with the id "${id.slice(0, 64)}"`);
}

function templateNotFound(id: string): AppError {
  return new AppError('TEMPLATE_NOT_FOUND', `there is no face with the id "${id.slice(0, 64)}"`);
}

function subjectExists(name: string): AppError {
  return new AppError('SUBJECT_EXISTS', `there is a subject named "${name}" already`);
}
