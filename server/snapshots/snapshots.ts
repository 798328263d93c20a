import { AppError } from '../../config/app-error.ts';
import type { SnapshotSettings } from '../../config/sink-settings.ts';
import type { AccessEvent, EventDraft } from '../../pipeline/access-event.ts';
import type { AuditTrail } from '../../pipeline/audit.ts';
import type { Frame } from '../../pipeline/frame.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { encodeImage } from '../pictures/encode-image.ts';
import type { SnapshotFiles } from './snapshot-files.ts';
import { boxIn, cropOf, type SnapshotPixels, wholeFrame } from './snapshot-pixels.ts';

export interface SnapshotsOptions {
  settings: Pick<SnapshotSettings, 'keep' | 'for' | 'width' | 'quality'>;
  files: Pick<SnapshotFiles, 'write' | 'read' | 'remove' | 'has'>;
  /** The event of that id; null where it is not kept. @throws {AppError} EVENT_LOG_UNAVAILABLE */
  find(id: string): AccessEvent | null;
  audit: AuditTrail;
  clock: Pick<Clock, 'monotonicMs'>;
  log: Logger;
  /** A JPEG no wider than `width`. */
  encode?: (image: PixelImage, o: { width: number; quality: number }) => Promise<Buffer>;
}

/** Pixels that wait, together; beyond that an event goes without a picture, and says so by having no address of one. */
const MAX_WAITING_BYTES = 64_000_000;
const WIDEST = { crop: 480, frame: 1280 } as const;
/** After a picture could not be kept, none is promised for so long. */
const TRY_AGAIN_MS = 10_000;
/** Events whose subject is told in the index at once; others get their turn between. */
const ADOPTED_AT_ONCE = 200;

/** A picture that was promised. */
interface Pending {
  /** False: its subject was deleted meanwhile. */
  wanted: boolean;
  readonly settled: Promise<void>;
  settle(): void;
}

/**
 * The picture of the moment of events that rest on a face. A decision waits for none of it: before it is durable it is only
 * counted whether there is room; its pixels are taken after everybody was told, encoded, sealed and written beside this thread.
 * Whoever asks meanwhile waits for it. A picture that cannot be kept is a line in the log and a 404, never a fault of the event.
 */
export class Snapshots implements AsyncDisposable {
  readonly #options: SnapshotsOptions;
  readonly #encode: NonNullable<SnapshotsOptions['encode']>;
  readonly #types: ReadonlySet<string>;
  readonly #waiting: SnapshotPixels[] = [];
  #waitingBytes = 0;
  /** Cameras of which a frame is held. */
  readonly #held = new Set<string>();
  /** By event: what was promised and is not written yet. */
  readonly #pending = new Map<string, Pending>();
  /** By subject: the events that there may be pictures of. */
  readonly #ofSubject = new Map<string, Set<string>>();
  #running: Promise<void> | null = null;
  #failedAtMs: number | null = null;
  #fullSaid = false;
  #closed = false;
  #onClose: () => Promise<void> = async () => undefined;

  constructor(options: SnapshotsOptions) {
    this.#options = options;
    this.#types = new Set(options.settings.for);
    this.#encode =
      options.encode ?? ((image, { width, quality }) => encodeImage(image, 'jpeg', { maxWidth: width, quality }));
  }

  /**
   * Notes whose pictures there are already. Of events that are not in the log any more (another one was restored, or it was taken away)
   * they are removed.
   */
  async adopt(ids: readonly string[]): Promise<void> {
    const orphans: string[] = [];
    for (const [i, id] of ids.entries()) {
      if (i % ADOPTED_AT_ONCE === ADOPTED_AT_ONCE - 1) await new Promise((resolve) => setImmediate(resolve));
      const event = this.#options.find(id);
      if (event === null) orphans.push(id);
      else this.#noteSubject(event);
    }
    if (orphans.length === 0) return;
    const removed = await this.#options.files.remove(orphans);
    this.#options.log.warn({ pictures: removed }, 'pictures of events that are in no log any more are removed');
  }

  /** Marks those that a picture will be kept of. Before they are appended; costs next to nothing. Never throws. */
  marked(frame: Frame, drafts: readonly EventDraft[]): readonly EventDraft[] {
    const { keep } = this.#options.settings;
    if (keep === 'off' || this.#closed || drafts.length === 0) return drafts;
    const isWanted = (draft: EventDraft) => this.#types.has(draft.type) && boxIn(frame, draft) !== null;
    if (!drafts.some(isWanted) || !this.#isReady(frame)) return drafts;
    return drafts.map((draft) => (isWanted(draft) ? { ...draft, pictured: true } : draft));
  }

  /**
   * Takes the pixels for those events that say that there is a picture, after they were told and before the frame is given
   * back. Never throws.
   *
   * @param drafts what `marked` returned, in the order of the events.
   */
  take(frame: Frame, drafts: readonly EventDraft[], events: readonly AccessEvent[]): void {
    const pictured = events.filter(({ snapshotUrl }) => snapshotUrl !== undefined);
    if (pictured.length === 0) return;
    for (const event of pictured) this.#promise(event);
    try {
      for (const pixels of this.#pixelsFor(frame, drafts, pictured)) {
        this.#waiting.push(pixels);
        this.#waitingBytes += pixels.bytes;
      }
    } catch (error) {
      this.#failed(error, pictured);
    }
    if (this.#waiting.length > 0) this.#running ??= this.#run();
  }

  /**
   * The JPEG; waits where it is being made.
   *
   * @throws {AppError} SNAPSHOT_NOT_FOUND; IMAGE_CORRUPT when what is kept does not open.
   */
  async picture(id: string): Promise<{ event: AccessEvent; jpeg: Buffer }> {
    await this.#pending.get(id)?.settled;
    const event = this.#options.find(id);
    const jpeg = event && (await this.#options.files.read(event));
    if (jpeg) return { event, jpeg };
    throw new AppError('SNAPSHOT_NOT_FOUND', `there is no picture of event ${id}`);
  }

  /**
   * Removes every picture of events about these subjects, also those that are being made, and writes down how many.
   *
   * @returns how many there were.
   * @throws {AppError} AUDIT_UNAVAILABLE; or where one could not be removed.
   */
  async forget(subjectIds: readonly string[], by: string): Promise<number> {
    let all = 0;
    for (const subjectId of subjectIds) {
      const ids = [...(this.#ofSubject.get(subjectId) ?? [])];
      if (ids.length === 0) continue;
      for (const id of ids) {
        const pending = this.#pending.get(id);
        if (pending) pending.wanted = false;
      }
      const cancelled = ids.filter((id) => this.#pending.has(id));
      await Promise.all(cancelled.map((id) => this.#pending.get(id)?.settled));
      const pictures = (await this.#options.files.remove(ids)) + cancelled.length;
      this.forgotten(ids);
      if (pictures === 0) continue;
      all += pictures;
      this.#options.audit.record({ action: 'snapshot.deleted', by, subject: subjectId, details: { pictures } });
    }
    return all;
  }

  /** Subjects that there are pictures of. */
  subjects(): string[] {
    return [...this.#ofSubject.keys()];
  }

  /** These pictures are removed: nothing has to be remembered of them. */
  forgotten(ids: readonly string[]): void {
    const gone = new Set(ids);
    for (const [subjectId, events] of this.#ofSubject) {
      for (const id of events) if (gone.has(id)) events.delete(id);
      if (events.size === 0) this.#ofSubject.delete(subjectId);
    }
  }

  /** Whether pictures are being made. */
  get isBusy(): boolean {
    return this.#pending.size > 0;
  }

  /** What else ends with it. */
  onClose(end: () => Promise<void>): void {
    this.#onClose = end;
  }

  /** What was promised is written first. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await this.#onClose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #isReady({ data }: Frame): boolean {
    const { clock, log } = this.#options;
    if (this.#failedAtMs !== null && clock.monotonicMs() - this.#failedAtMs < TRY_AGAIN_MS) return false;
    const isFull = this.#waitingBytes > 0 && this.#waitingBytes + data.length > MAX_WAITING_BYTES;
    if (isFull && !this.#fullSaid) log.warn({}, 'pictures of events are made too slowly: some events go without one');
    this.#fullSaid = isFull;
    return !isFull;
  }

  *#pixelsFor(frame: Frame, drafts: readonly EventDraft[], events: readonly AccessEvent[]): Iterable<SnapshotPixels> {
    if (this.#options.settings.keep === 'crop') {
      const boxes = drafts.flatMap((draft) => (draft.pictured && draft.box ? [draft.box] : []));
      for (const [i, event] of events.entries()) {
        const box = boxes[i];
        if (box) yield cropOf(frame, box, event);
      }
      return;
    }
    // One of each camera: it must have buffers left to go on with.
    const { cameraId } = frame;
    const hold = !this.#held.has(cameraId);
    const pixels = wholeFrame(frame, events, hold);
    if (!hold) yield pixels;
    else {
      this.#held.add(cameraId);
      const release = () => {
        this.#held.delete(cameraId);
        pixels.release();
      };
      yield { ...pixels, release };
    }
  }

  #promise(event: AccessEvent): void {
    const { promise: settled, resolve } = Promise.withResolvers<void>();
    const settle = () => {
      this.#pending.delete(event.id);
      resolve();
    };
    this.#pending.set(event.id, { wanted: true, settled, settle });
    this.#noteSubject(event);
  }

  #noteSubject({ id, subject }: AccessEvent): void {
    if (subject === null) return;
    const events = this.#ofSubject.get(subject.id);
    if (events) events.add(id);
    else this.#ofSubject.set(subject.id, new Set([id]));
  }

  async #run(): Promise<void> {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) {
      try {
        await this.#keep(next);
      } catch (error) {
        this.#failed(error, next.events);
      }
      for (const { id } of next.events) this.#pending.get(id)?.settle();
    }
    this.#running = null;
  }

  async #keep({ image, events, bytes, release }: SnapshotPixels): Promise<void> {
    const { settings, files, log } = this.#options;
    const { keep, quality } = settings;
    let jpeg: Buffer;
    try {
      jpeg = await this.#encode(image, {
        width: settings.width ?? WIDEST[keep === 'frame' ? 'frame' : 'crop'],
        quality,
      });
    } finally {
      release();
      this.#waitingBytes -= bytes;
    }
    try {
      for (const event of events) {
        const pending = this.#pending.get(event.id);
        if (!pending?.wanted) continue;
        await files.write(event, jpeg);
        // It may be so since it was looked at.
        if (!pending.wanted) await files.remove([event.id]);
      }
    } finally {
      jpeg.fill(0);
    }
    if (this.#failedAtMs !== null) log.info({}, 'pictures of events are kept again');
    this.#failedAtMs = null;
  }

  #failed(error: unknown, events: readonly AccessEvent[]): void {
    const { clock, files, log } = this.#options;
    this.#failedAtMs = clock.monotonicMs();
    const { code, message } = AppError.from(error);
    log.error({ code, events: events.map(({ id }) => id) }, `the picture of an event could not be kept: ${message}`);
    // Of several in one frame some may be there: those are to be found when their subject is deleted.
    this.forgotten(events.flatMap(({ id }) => (files.has(id) ? [] : id)));
    for (const { id } of events) this.#pending.get(id)?.settle();
  }
}
