import { AppError } from '../config/app-error.ts';
import { nameKey } from '../pipeline/name-key.ts';
import { type ArchiveFace, type ArchiveHead, type ArchiveSubject, readArchive } from './archive-records.ts';
import type { GalleryDatabase } from './gallery-database.ts';
import type { SubjectRow } from './gallery-rows.ts';
import { subjectFields } from './subject-draft.ts';

export interface ImportOptions {
  database: Pick<GalleryDatabase, 'readAll' | 'templates' | 'addSubject' | 'addTemplate' | 'seen'>;
  /** The clear lines, to be had twice: everything is read and checked before anything is written. */
  content: () => AsyncIterable<Uint8Array>;
  /** Pictures are taken only where the gallery keeps them. */
  keepImages: boolean;
  onCreated?: (subjectId: string) => void;
  onProgress?: (what: string, done: number, total: number | null) => void;
}

export interface ImportReport {
  readonly head: ArchiveHead;
  readonly created: number;
  /** Who was there already, by id or name; they stayed as they were. */
  readonly merged: number;
  readonly faces: number;
  /** Faces that were there already. */
  readonly facesThere: number;
  /** Pictures left out because the gallery keeps none. */
  readonly imagesLeft: number;
  /** Faces taken, by the model they are of. */
  readonly models: ReadonlyMap<string, number>;
  /** What differs between archive and gallery, a sentence each; the gallery stayed as it was. */
  readonly conflicts: readonly string[];
}

/** The model of a face that came as a picture alone: of no model, so it is kept, not searched, and can be enrolled again. */
export const NO_EMBEDDING = 'none';

const LONGEST_SOURCE = 500;
const WIDEST = 4096;

/**
 * Takes an exported gallery in. Who is there already, by id or by name, is never changed: they get the faces that they lack,
 * and what differs is reported. Cut off, it goes on where it stopped when it is called again.
 *
 * @throws {AppError} ARCHIVE_INVALID, and nothing was written; GALLERY_UNAVAILABLE
 */
export async function importGallery(options: ImportOptions): Promise<ImportReport> {
  const total = await check(options);
  return new Import(options).run(total);
}

/** Reads it to its end. @returns how many lines there are. */
async function check({ content, onProgress }: ImportOptions): Promise<number> {
  const subjects = new Set<string>();
  let lines = 0;
  for await (const line of readArchive(content())) {
    lines += 1;
    if (lines % 100 === 0) onProgress?.('checking', lines, null);
    if ('subject' in line) {
      subjects.add(line.subject.id);
      fieldsOf(line.subject);
    } else if ('face' in line) {
      if (!subjects.has(line.face.subjectId)) throw invalid(`face ${line.face.id} belongs to nobody in it`);
      embeddingOf(line.face);
    }
  }
  return lines;
}

class Import {
  readonly #options: ImportOptions;
  readonly #byId = new Map<string, SubjectRow>();
  readonly #byName = new Map<string, SubjectRow>();
  /** Where faces lie that are there already. */
  readonly #faces: Map<string, string>;
  /** Whose the pictures are that are there already. */
  readonly #images = new Map<string, string>();
  /** From an id in the archive to the one in the gallery. */
  readonly #ids = new Map<string, string>();
  readonly #models = new Map<string, number>();
  readonly #conflicts: string[] = [];
  #created = 0;
  #merged = 0;
  #taken = 0;
  #there = 0;
  #imagesLeft = 0;

  constructor(options: ImportOptions) {
    this.#options = options;
    const { database } = options;
    database.readAll(new Set(), { subject: (row) => this.#know(row), template: () => undefined });
    const templates = database.templates();
    this.#faces = new Map(templates.map(({ id, subjectId }) => [id, subjectId]));
    for (const { imageId, subjectId } of templates) if (imageId !== null) this.#images.set(imageId, subjectId);
  }

  async run(total: number): Promise<ImportReport> {
    const { content, onProgress } = this.#options;
    let head: ArchiveHead | null = null;
    let done = 0;
    for await (const line of readArchive(content())) {
      done += 1;
      if (done % 20 === 0 || done === total) onProgress?.('importing', done, total);
      if ('head' in line) head = line.head;
      else if ('subject' in line) this.#takeSubject(line.subject);
      else if ('face' in line) this.#takeFace(line.face);
    }
    return {
      head: head as ArchiveHead,
      created: this.#created,
      merged: this.#merged,
      faces: this.#taken,
      facesThere: this.#there,
      imagesLeft: this.#imagesLeft,
      models: this.#models,
      conflicts: this.#conflicts,
    };
  }

  #know(row: SubjectRow): void {
    this.#byId.set(row.id, row);
    this.#byName.set(nameKey(row.name), row);
  }

  #takeSubject(subject: ArchiveSubject): void {
    const same = this.#byId.get(subject.id);
    const fields = fieldsOf(subject);
    const here = same ?? this.#byName.get(nameKey(fields.name));
    if (here) {
      this.#ids.set(subject.id, here.id);
      this.#merged += 1;
      const different = differences(here, subject);
      const how = same ? '' : ', known here under another id';
      if (different.length > 0)
        this.#conflicts.push(`${here.name}${how}: ${different.join(', ')} differ; kept as here`);
      return;
    }
    const { id, createdAtMs, changedAtMs, lastSeenMs } = subject;
    const { name, groups, validFromMs, validUntilMs, notes, consent } = fields;
    const values = { name, nameKey: nameKey(name), groups, validFromMs, validUntilMs, changedAtMs };
    const added = this.#options.database.addSubject(id, createdAtMs, { ...values, private: { notes, consent } });
    if (!added) throw new AppError('SUBJECT_EXISTS', `"${name}" was enrolled by somebody else meanwhile; import again`);
    if (lastSeenMs !== null) this.#options.database.seen(new Map([[id, lastSeenMs]]));
    this.#know({ ...subject, ...fields, damaged: false });
    this.#ids.set(id, id);
    this.#created += 1;
    this.#options.onCreated?.(id);
  }

  #takeFace(face: ArchiveFace): void {
    const { database, keepImages } = this.#options;
    const subjectId = this.#ids.get(face.subjectId) as string;
    const owner = this.#faces.get(face.id);
    if (owner !== undefined) {
      this.#there += 1;
      if (owner !== subjectId) this.#conflicts.push(`face ${face.id} belongs to another subject here; left there`);
      return;
    }
    const embedding = embeddingOf(face);
    const imageId = keepImages ? face.imageId : null;
    const here = imageId === null ? undefined : this.#images.get(imageId);
    const hasImage = imageId !== null && (here === undefined ? face.jpeg !== null : here === subjectId);
    if (!keepImages && face.imageId !== null) this.#imagesLeft += 1;
    if (embedding === null && !hasImage) return;
    const model = embedding === null ? NO_EMBEDDING : face.model;
    const fresh = hasImage && here === undefined;
    const added = database.addTemplate({
      id: face.id,
      subjectId,
      model,
      modelVersion: embedding === null ? '' : face.modelVersion,
      kind: face.kind,
      quality: face.quality,
      source: face.source.replace(/[\p{Cc}\p{Cs}]/gu, '').slice(0, LONGEST_SOURCE),
      createdAtMs: face.createdAtMs,
      imageId: hasImage ? imageId : null,
      embedding: embedding ?? Buffer.alloc(0),
      image: fresh && face.jpeg !== null ? Buffer.from(face.jpeg, 'base64') : undefined,
    });
    embedding?.fill(0);
    if (!added)
      throw new AppError('SUBJECT_NOT_FOUND', 'a subject was deleted by somebody else meanwhile; import again');
    this.#faces.set(face.id, subjectId);
    if (fresh) this.#images.set(imageId, subjectId);
    this.#taken += 1;
    this.#models.set(model, (this.#models.get(model) ?? 0) + 1);
  }
}

function fieldsOf({ id, name, groups, notes, validFromMs, validUntilMs, consent }: ArchiveSubject) {
  try {
    return subjectFields({ name, groups, notes, validFromMs, validUntilMs, consent });
  } catch (cause) {
    throw invalid(`subject ${id}: ${AppError.from(cause).message}`, cause);
  }
}

function embeddingOf({ id, embedding }: ArchiveFace): Buffer | null {
  if (embedding === null) return null;
  const bytes = Buffer.from(embedding, 'base64');
  const width = bytes.length / 4;
  let squares = 0;
  for (let n = 0; n < Math.floor(width); n += 1) squares += bytes.readFloatLE(n * 4) ** 2;
  const sound = Number.isInteger(width) && width <= WIDEST && Number.isFinite(squares) && squares > 0;
  if (!sound) throw invalid(`face ${id} has an embedding that is none`);
  return bytes;
}

function differences(here: SubjectRow, there: ArchiveSubject): string[] {
  const fields = ['name', 'groups', 'notes', 'validFromMs', 'validUntilMs', 'consent'] as const;
  const words = { validFromMs: 'validFrom', validUntilMs: 'validUntil' } as Record<string, string>;
  return fields
    .filter((field) => canonical(here[field]) !== canonical(there[field]))
    .map((field) => words[field] ?? field);
}

/** Keys in one order: what was read from a database may have another. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, each) =>
    each !== null && typeof each === 'object' && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
      : each,
  );
}

function invalid(why: string, cause?: unknown): AppError {
  return new AppError('ARCHIVE_INVALID', `the archive cannot be imported: ${why}; nothing was changed`, { cause });
}
