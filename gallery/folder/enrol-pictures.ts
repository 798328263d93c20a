import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';
import type { AuditEntry } from '../../pipeline/audit.ts';
import type { Box } from '../../pipeline/face.ts';
import { nameKey } from '../../pipeline/name-key.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { collisionWith, enrolFace } from '../enrol-face.ts';
import { type FitFace, type FitFaceOptions, fitFace } from '../fit-face.ts';
import type { Subject, TemplateKind } from '../subject.ts';
import type { SubjectGallery } from '../subject-gallery.ts';
import { subjectName } from '../subject-name.ts';
import { inOrder } from './in-order.ts';
import type { PictureFile } from './list-people.ts';
import { PlannedFaces } from './planned-faces.ts';
import { EnrolledFiles, fileHash, sourceOfFile } from './source-of-file.ts';

export interface EnrolPicturesOptions extends Pick<FitFaceOptions, 'analyser' | 'required'> {
  gallery: Pick<
    SubjectGallery,
    'search' | 'subject' | 'subjectNamed' | 'createSubject' | 'changeSubject' | 'addTemplate' | 'templates'
  >;
  pictures: readonly PictureFile[];
  /** Larger files are refused unread. */
  maxBytes: number;
  /** @throws {AppError} one of the IMAGE codes. */
  decode: (bytes: Buffer) => Promise<PixelImage>;
  /** Makes the JPEG of the face that the gallery may keep. Default: none is made. */
  picture?: ((image: PixelImage, box: Box) => Promise<Buffer>) | undefined;
  /** Cosine from which two faces are one person. */
  threshold: number;
  /** Default `positive`. */
  kind?: TemplateKind;
  /** Enrol faces that look like somebody else too. */
  force?: boolean;
  /** Say what would be enrolled, and enrol nothing. */
  dryRun?: boolean;
  /** Given to everybody of whom a picture counts: further groups, and another end of validity. */
  terms?: { groups?: readonly string[]; validUntilMs?: number | null };
  /** Pictures worked on at a time. Default 1. */
  atOnce?: number;
  /** What is being worked on is finished, nothing more is begun. */
  signal?: AbortSignal;
  /** Hears of every change once it was made; `by` is the caller's to add. */
  record: (entry: Omit<AuditEntry, 'by'>) => void;
  /** After each picture, in their order. */
  onDone?: (outcome: PictureOutcome, done: number) => void;
}

export interface PictureOutcome {
  readonly label: string;
  readonly name: string;
  /** `already`: the very same file was enrolled for that subject before. */
  readonly outcome: 'enrolled' | 'already' | 'refused';
  /** Of a refusal. */
  readonly code: ErrorCode | null;
  /** Why it was refused, or what else there is to know. */
  readonly message: string | null;
  /** 0..1 */
  readonly quality: number | null;
  /** Nobody of that name was known before. */
  readonly isNew: boolean;
}

type Prepared = { readonly picture: PictureFile; readonly hash: string } & (
  | { readonly face: FitFace; readonly jpeg: Buffer | null }
  | { readonly already: true }
);

/** Without these nothing more can succeed. */
const FATAL: ReadonlySet<ErrorCode> = new Set([
  'GALLERY_UNAVAILABLE',
  'AUDIT_UNAVAILABLE',
  'EMBEDDING_MISMATCH',
  'INFERENCE_CLOSED',
]);

/**
 * Enrols pictures of people, each with its outcome. What is wrong with one picture does not stop the next; a file that was
 * enrolled for the same subject before is not looked at again, so that it can be run once more after whatever broke it
 * off. Pictures are worked on side by side, and judged and enrolled one after the other, in their order.
 *
 * @throws {AppError} GALLERY_UNAVAILABLE, AUDIT_UNAVAILABLE, INFERENCE_CLOSED: what was enrolled before stays.
 */
export async function enrolPictures(options: EnrolPicturesOptions): Promise<PictureOutcome[]> {
  const { pictures, atOnce = 1, signal } = options;
  const run = new Run(options);
  const outcomes: PictureOutcome[] = [];
  const attempts = inOrder(untilAborted(pictures, signal), atOnce, async (picture) => {
    try {
      return await run.prepare(picture);
    } catch (error) {
      return { picture, error: AppError.from(error) };
    }
  });
  for await (const attempt of attempts) {
    const outcome = await run.settle(attempt);
    outcomes.push(outcome);
    options.onDone?.(outcome, outcomes.length);
  }
  return outcomes;
}

function* untilAborted<T>(items: Iterable<T>, signal: AbortSignal | undefined): Iterable<T> {
  for (const item of items) {
    if (signal?.aborted) return;
    yield item;
  }
}

class Run {
  readonly #options: EnrolPicturesOptions;
  readonly #kind: TemplateKind;
  readonly #files: EnrolledFiles;
  readonly #planned: PlannedFaces;
  /** By name key: whose terms were settled. */
  readonly #settled = new Set<string>();
  readonly #new = new Set<string>();

  constructor(options: EnrolPicturesOptions) {
    this.#options = options;
    this.#kind = options.kind ?? 'positive';
    this.#files = new EnrolledFiles(options.gallery.templates());
    this.#planned = new PlannedFaces(options.threshold);
  }

  /** Everything that changes nothing. */
  async prepare(picture: PictureFile): Promise<Prepared> {
    const { analyser, required, decode } = this.#options;
    const bytes = await this.#read(picture);
    subjectName(picture.name);
    const hash = fileHash(bytes);
    if (this.#isAlready(picture.name, hash)) return { picture, hash, already: true };
    const image = await decode(bytes);
    const face = await fitFace({ analyser, image, ...(required && { required }) });
    const jpeg = this.#options.picture ? await this.#options.picture(image, face.box) : null;
    return { picture, hash, face, jpeg };
  }

  async settle(attempt: Prepared | { picture: PictureFile; error: AppError }): Promise<PictureOutcome> {
    const { label, name } = attempt.picture;
    const isNew = () => this.#new.has(nameKey(name));
    try {
      if ('error' in attempt) throw attempt.error;
      const { quality, message, outcome } = await this.#enrol(attempt);
      return { label, name, outcome, code: null, message, quality, isNew: isNew() };
    } catch (error) {
      const { code, message, details } = AppError.from(error);
      if (FATAL.has(code)) throw error;
      const quality = typeof details?.quality === 'number' ? details.quality : null;
      return { label, name, outcome: 'refused', code, message, quality, isNew: isNew() };
    }
  }

  async #enrol(prepared: Prepared): Promise<Pick<PictureOutcome, 'quality' | 'message' | 'outcome'>> {
    const { gallery, threshold, force = false, dryRun, record } = this.#options;
    const { name, source } = prepared.picture;
    const { hash } = prepared;
    // Once more: the file may lie in the folder twice.
    if ('already' in prepared || this.#isAlready(name, hash)) {
      this.#settleTerms(name);
      return { outcome: 'already', quality: null, message: null };
    }
    const { face, jpeg } = prepared;
    const { quality, embedding } = face;
    const known = gallery.subjectNamed(name);
    if (this.#kind === 'negative' && !known) {
      throw new AppError('SUBJECT_NOT_FOUND', `nobody is called "${name}", so nobody can be told apart from them`);
    }
    if (this.#kind === 'positive' && !force) {
      const named = { subjectId: known?.id ?? null, name, threshold };
      const collision =
        (await collisionWith(gallery, embedding, named)) ?? this.#planned.collisionWith(name, embedding);
      if (collision) throw collision;
    }
    if (dryRun) {
      if (!known) this.#new.add(nameKey(name));
      this.#planned.add(name, hash, this.#kind === 'positive' ? embedding : null);
      return { outcome: 'enrolled', quality, message: null };
    }
    const subject = this.#settleTerms(name) ?? this.#create(name);
    const { templateId, note } = await enrolFace({
      gallery,
      subjectId: subject.id,
      face,
      source: sourceOfFile(source, hash),
      threshold,
      kind: this.#kind,
      force,
      picture: jpeg,
    });
    this.#files.add(subject.id, this.#kind, hash);
    const details = { face: templateId, kind: this.#kind, forced: force };
    record({ action: 'template.added', subject: subject.id, details });
    return { outcome: 'enrolled', quality, message: note };
  }

  #isAlready(name: string, hash: string): boolean {
    if (this.#planned.has(name, hash)) return true;
    const known = this.#options.gallery.subjectNamed(name);
    return known !== null && this.#files.has(known.id, this.#kind, hash);
  }

  async #read({ path }: PictureFile): Promise<Buffer> {
    const { maxBytes } = this.#options;
    try {
      const found = await stat(path);
      if (found.isDirectory()) throw new AppError('IMAGE_MISSING', 'this is a folder, not a picture');
      // A pipe or a device could go on for ever.
      if (!found.isFile()) throw new AppError('IMAGE_UNSUPPORTED', 'this is not a file');
      const { size } = found;
      if (size <= maxBytes) return await readFile(path);
      throw new AppError('IMAGE_TOO_LARGE', `the file has ${size} bytes, at most ${maxBytes} are taken`);
    } catch (cause) {
      if (cause instanceof AppError) throw cause;
      throw new AppError('IMAGE_MISSING', 'there is no such file, or it cannot be read', { cause });
    }
  }

  #create(name: string): Subject {
    const { gallery, terms = {}, record } = this.#options;
    const subject = gallery.createSubject({ name, ...terms });
    this.#new.add(nameKey(name));
    this.#settled.add(nameKey(name));
    record({ action: 'subject.created', subject: subject.id, details: {} });
    return subject;
  }

  /** Gives somebody who is known the groups and the validity that were asked for, once. Null when nobody has that name. */
  #settleTerms(name: string): Subject | null {
    const { gallery, terms = {}, dryRun, record } = this.#options;
    const known = gallery.subjectNamed(name);
    if (!known || dryRun || this.#settled.has(nameKey(name))) return known;
    this.#settled.add(nameKey(name));
    const groups = [...new Set([...known.groups, ...(terms.groups ?? [])])];
    const patch = {
      ...(groups.length > known.groups.length && { groups }),
      ...(terms.validUntilMs !== undefined &&
        terms.validUntilMs !== known.validUntilMs && { validUntilMs: terms.validUntilMs }),
    };
    if (Object.keys(patch).length === 0) return known;
    const changed = gallery.changeSubject(known.id, patch);
    record({ action: 'subject.changed', subject: known.id, details: { fields: Object.keys(patch).join(', ') } });
    return changed;
  }
}
