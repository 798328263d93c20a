import { AppError } from '../../config/app-error.ts';
import { collisionWith, enrolFace } from '../../gallery/enrol-face.ts';
import type { Subject } from '../../gallery/subject.ts';
import type { SubjectGallery } from '../../gallery/subject-gallery.ts';
import { cosine, type KeptFace } from '../../gallery/unknowns/kept-face.ts';
import { RecentUnknowns } from '../../gallery/unknowns/recent-unknowns.ts';
import type { UnknownGroup } from '../../gallery/unknowns/unknown-group.ts';
import { removeUnknownsFile, UnknownsFile } from '../../gallery/unknowns/unknowns-file.ts';
import type { Embedding, IdentifiedFace } from '../../pipeline/face.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { judgeCandidates, type RecognitionThresholds } from '../../pipeline/judge-candidates.ts';
import type { Clock, Logger, Sink } from '../../pipeline/ports.ts';
import type { NamedUnknown, UnknownView, WhoItIs } from '../server-parts.ts';
import { UnknownPictures } from './unknown-pictures.ts';

export interface UnknownPeopleOptions {
  gallery: Pick<
    SubjectGallery,
    | 'search'
    | 'subject'
    | 'createSubject'
    | 'removeSubject'
    | 'addTemplate'
    | 'removeTemplate'
    | 'size'
    | 'seal'
    | 'unseal'
  >;
  /** Catalog name of the embedder, and the numbers in an embedding. */
  model: string;
  width: number;
  thresholds: RecognitionThresholds;
  /** How long a face is held; 0: not at all. */
  keepMs: number;
  /** Hand the pictures to the gallery with the faces that get a name. */
  keepImages: boolean;
  /** The database that they are held in beside memory, sealed, when `onDisk`; deleted otherwise. */
  file: string;
  onDisk: boolean;
  /** While it says so, those who come are held in memory only. Default: never. */
  isFull?: (() => boolean) | undefined;
  clock: Clock;
  log: Logger;
}

const TICK_MS = 1000;
/** Who goes is gone from the disk at the next tick; what else changed is written together. */
const WRITE_EVERY_MS = 10_000;
/** Candidates of so many people are looked up before other work gets its turn. */
const PEOPLE_AT_ONCE = 16;
/** Less than this share of the threshold is no resemblance. */
const RESEMBLANCE = 0.5;
/** How long what was found in the gallery is believed while the gallery has not changed in size. */
const BELIEVED_MS = 30_000;

/** What the gallery says of a face. */
interface Found {
  readonly stamp: string;
  readonly atMs: number;
  readonly isKnown: boolean;
  readonly resembles: { readonly id: string; readonly similarity: number } | null;
}

/**
 * Those whom the cameras saw and nobody knew: fed with every result, listed and named over REST. In memory, for `keepMs`;
 * on disk too only when told so.
 */
export class UnknownPeople implements Sink<FrameResult> {
  readonly #options: UnknownPeopleOptions;
  readonly #recent: RecentUnknowns;
  readonly #pictures: UnknownPictures;
  readonly #found = new WeakMap<KeptFace, Found>();
  readonly #disk: UnknownsFile | null;
  readonly #beingNamed = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #gone = new Set<string>();
  readonly #ticks: NodeJS.Timeout;
  #writtenAtMs: number;
  #closing: Promise<void> | null = null;

  /** @throws {AppError} GALLERY_UNAVAILABLE when the file cannot be opened. */
  constructor(options: UnknownPeopleOptions) {
    this.#options = options;
    const { width, thresholds, keepMs, clock, log } = options;
    this.#recent = new RecentUnknowns({
      width,
      threshold: thresholds.threshold,
      keepMs,
      clock,
      onChange: (id) => this.#changed.add(id),
      onGone: (id) => this.#gone.add(id),
    });
    this.#pictures = new UnknownPictures({ log });
    this.#writtenAtMs = clock.monotonicMs();
    this.#disk = this.#openDisk();
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
    this.#ticks.unref();
  }

  get keepMs(): number {
    return this.#options.keepMs;
  }

  /** Copies what it needs of the frame before it returns. */
  push({ frame, faces }: FrameResult): void {
    if (this.#closing || this.keepMs === 0 || frame.degraded) return;
    try {
      for (const face of faces) this.#note(face, frame);
    } catch (error) {
      this.#options.log.warn(
        { camera: frame.cameraId, code: AppError.from(error).code, error: AppError.from(error).message },
        'the unknown faces of a frame were not noted',
      );
    }
  }

  /** A face was enrolled: whoever looks like it is unknown no longer. */
  enrolled(embedding: Embedding): void {
    this.#recent.enrolled(embedding);
  }

  /** Last seen first. */
  async list({ camera, frame }: { camera?: string; frame?: number } = {}): Promise<UnknownView[]> {
    const groups = this.#recent.list().filter((group) => camera === undefined || isSeen(group, camera, frame));
    await this.#lookUp(groups);
    return groups.flatMap((group) => {
      const view = this.#recent.get(group.id) === group ? this.#view(group) : null;
      return view ? [view] : [];
    });
  }

  /**
   * A JPEG, a copy.
   * @throws {AppError} UNKNOWN_NOT_FOUND also while there is no picture.
   */
  picture(id: string): Buffer {
    const picture = this.#group(id).pictured?.picture;
    if (!picture) throw new AppError('UNKNOWN_NOT_FOUND', `there is no picture of the unknown person ${id}`);
    return Buffer.from(picture);
  }

  /**
   * Enrols the faces into a subject that exists or a new one; the person is unknown no longer.
   *
   * @throws {AppError} UNKNOWN_NOT_FOUND, SUBJECT_NOT_FOUND, SUBJECT_EXISTS; SUBJECT_COLLISION unless `force`, and then
   * nothing was enrolled.
   */
  async name(id: string, who: WhoItIs, { force = false }: { force?: boolean } = {}): Promise<NamedUnknown> {
    const { gallery, thresholds, keepImages } = this.#options;
    const faces = this.#ofOnePerson(this.#group(id));
    if (this.#beingNamed.has(id)) throw new AppError('UNKNOWN_NOT_FOUND', `somebody is giving ${id} a name just now`);
    this.#beingNamed.add(id);
    try {
      const created = !('subjectId' in who);
      const whose = created ? { subjectId: null, name: who.name } : named(gallery.subject(who.subjectId));
      if (!force) await this.#refuseCollision(faces, whose);
      const subject = created ? gallery.createSubject(who) : gallery.subject(who.subjectId);
      const enrolled: string[] = [];
      try {
        for (const { embedding, quality, picture } of faces) {
          const { templateId } = await enrolFace({
            gallery,
            subjectId: subject.id,
            face: { embedding, quality },
            source: 'an unknown person, named',
            threshold: thresholds.threshold,
            // Judged together above: of the faces of one person none is left out.
            force: true,
            picture: keepImages ? picture : null,
          });
          enrolled.push(templateId);
        }
      } catch (error) {
        this.#takeBack(created ? subject.id : null, enrolled);
        throw error;
      }
      this.#recent.remove(id);
      for (const { embedding } of faces) this.#recent.enrolled(embedding);
      return { subject: gallery.subject(subject.id), templates: faces.length, created };
    } finally {
      this.#beingNamed.delete(id);
      for (const { embedding, picture } of faces) {
        embedding.vector.fill(0);
        picture?.fill(0);
      }
    }
  }

  /** @throws {AppError} UNKNOWN_NOT_FOUND */
  forget(id: string): void {
    this.#group(id);
    this.#recent.remove(id);
  }

  /** Overwrites everybody. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #note({ status, reason, embedding, quality, box }: IdentifiedFace, frame: Frame): void {
    if (!embedding || embedding.model !== this.#options.model) return;
    if (status === 'known') this.#recent.recognised(embedding, frame.cameraId);
    // Outside their validity people are still who they are.
    if (status !== 'unknown' || reason === 'expired') return;
    const noted = this.#recent.note({
      embedding,
      quality: quality ?? 0,
      camera: frame.cameraId,
      frame: frame.sequence,
    });
    if (noted?.onPicture) this.#pictures.take(frame, box, noted.onPicture);
  }

  #group(id: string): UnknownGroup {
    const group = this.#recent.get(id);
    if (group) return group;
    throw new AppError('UNKNOWN_NOT_FOUND', `there is no unknown person with the id "${id.slice(0, 64)}" any more`);
  }

  /** Copies: the group may be wiped while they are enrolled. Without faces that are not the pictured one's. */
  #ofOnePerson(group: UnknownGroup): { embedding: Embedding; quality: number; picture: Buffer | null }[] {
    const { model, thresholds } = this.#options;
    const shown = group.pictured ?? group.best;
    return group.faces
      .filter((face) => shown && (face === shown || cosine(face.vector, shown.vector) >= thresholds.threshold))
      .map(({ vector, quality, picture }) => ({
        embedding: { model, vector: vector.slice() },
        quality,
        picture: picture && Buffer.from(picture),
      }));
  }

  /** Nothing stays of a naming that failed: nobody would find it in the audit log, and the name would be taken. */
  #takeBack(createdId: string | null, templateIds: readonly string[]): void {
    const { gallery, log } = this.#options;
    try {
      if (createdId !== null) gallery.removeSubject(createdId);
      else for (const id of templateIds) gallery.removeTemplate(id);
    } catch (error) {
      const { code, message } = AppError.from(error);
      // Whoever deleted the subject meanwhile did it for us.
      if (code === 'SUBJECT_NOT_FOUND' || code === 'TEMPLATE_NOT_FOUND') return;
      log.error({ code, subject: createdId, templates: templateIds }, `a naming was not taken back: ${message}`);
    }
  }

  async #refuseCollision(
    faces: readonly { embedding: Embedding }[],
    whose: { subjectId: string | null; name: string },
  ): Promise<void> {
    const { gallery, thresholds } = this.#options;
    for (const { embedding } of faces) {
      const collision = await collisionWith(gallery, embedding, { ...whose, threshold: thresholds.threshold });
      if (collision) throw collision;
    }
  }

  /** In portions, and only of those that were not looked up since the gallery changed. */
  async #lookUp(groups: readonly UnknownGroup[]): Promise<void> {
    const { gallery, clock } = this.#options;
    const { subjects, templates } = gallery.size;
    const stamp = `${subjects}/${templates}`;
    const isOld = (found: Found | undefined) =>
      found?.stamp !== stamp || clock.monotonicMs() - found.atMs > BELIEVED_MS;
    const asked = groups.filter(({ best }) => best && isOld(this.#found.get(best)));
    for (let i = 0; i < asked.length; i += PEOPLE_AT_ONCE) {
      if (i > 0) await new Promise((resolve) => setImmediate(resolve));
      await this.#ask(asked.slice(i, i + PEOPLE_AT_ONCE), stamp);
    }
  }

  async #ask(groups: readonly UnknownGroup[], stamp: string): Promise<void> {
    const { gallery, model, thresholds, clock } = this.#options;
    const faces = groups.flatMap(({ best }) => best ?? []);
    const candidates = await gallery.search(
      faces.map(({ vector }) => ({ model, vector })),
      2,
    );
    for (const [i, face] of faces.entries()) {
      const ofFace = candidates[i] ?? [];
      const { status, reason } = judgeCandidates(ofFace, { ...thresholds, nowMs: clock.wallMs() });
      const [first] = ofFace;
      const resembles = first && first.similarity >= RESEMBLANCE * thresholds.threshold;
      this.#found.set(face, {
        stamp,
        atMs: clock.monotonicMs(),
        isKnown: status === 'known' || reason === 'expired',
        resembles: resembles ? { id: first.subjectId, similarity: first.similarity } : null,
      });
    }
  }

  /** Null when the person is known by now: another process enrolled them. */
  #view(group: UnknownGroup): UnknownView | null {
    const { best } = group;
    const found = best && this.#found.get(best);
    if (found?.isKnown) {
      this.#recent.remove(group.id);
      return null;
    }
    return {
      id: group.id,
      faces: group.sightings,
      cameras: group.cameras,
      firstSeenAt: new Date(group.firstSeenWallMs).toISOString(),
      lastSeenAt: new Date(group.lastSeenWallMs).toISOString(),
      quality: best?.quality ?? null,
      resembles: found?.resembles ? this.#named(found.resembles) : null,
    };
  }

  #named({ id, similarity }: { id: string; similarity: number }): UnknownView['resembles'] {
    try {
      return { subject: { id, name: this.#options.gallery.subject(id).name }, similarity };
    } catch {
      // Deleted since.
      return null;
    }
  }

  #openDisk(): UnknownsFile | null {
    const { file, onDisk, keepMs, gallery, model, width } = this.#options;
    if (!onDisk || keepMs === 0) {
      removeUnknownsFile(file);
      return null;
    }
    const disk = new UnknownsFile({ file, gallery, model, width });
    for (const group of disk.read(this.#now())) this.#recent.restore(group);
    return disk;
  }

  #now() {
    const { clock } = this.#options;
    return { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  #tick(): void {
    this.#recent.expire();
    const isTime = this.#options.clock.monotonicMs() - this.#writtenAtMs >= WRITE_EVERY_MS;
    if (this.#gone.size > 0 || (isTime && this.#changed.size > 0)) this.#write();
  }

  #write(): void {
    const gone = [...this.#gone];
    const changed = this.#options.isFull?.() ? [] : [...this.#changed];
    const groups = changed.flatMap((id) => this.#recent.get(id) ?? []);
    this.#gone.clear();
    this.#changed.clear();
    if (!this.#disk) return;
    this.#writtenAtMs = this.#options.clock.monotonicMs();
    try {
      this.#disk.write(groups, gone, this.#now());
    } catch (error) {
      // Held in memory all the same. What had to go stays noted: it must not come back with the next start.
      for (const id of gone) this.#gone.add(id);
      const { code, message } = AppError.from(error);
      this.#options.log.warn({ code, error: message }, 'unknown people could not be written to disk');
    }
  }

  async #close(): Promise<void> {
    clearInterval(this.#ticks);
    await this.#pictures.close();
    for (const { id } of this.#recent.list()) this.#changed.add(id);
    this.#write();
    this.#disk?.close();
    this.#recent.clear();
  }
}

const named = ({ id, name }: Subject) => ({ subjectId: id, name });

function isSeen(group: UnknownGroup, camera: string, frame: number | undefined): boolean {
  return frame === undefined ? group.wasSeenBy(camera) : group.wasSeenIn(camera, frame);
}
