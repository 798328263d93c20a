import { AppError } from '../config/app-error.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import { annotatePicture } from './annotate-picture.ts';
import { encodeJpeg } from './encode-jpeg.ts';

/** With or without boxes and names in the picture. */
export type PictureKind = 'plain' | 'annotated';

/**
 * The JPEGs of one analysed frame, each made when it is first asked for and once only. Holds the frame from its
 * construction until the last `release()`, and during every encode beyond that.
 */
export class FramePicture {
  readonly result: FrameResult;
  readonly #quality: number;
  readonly #jpegs = new Map<PictureKind, Promise<Buffer>>();
  #holders = 1;

  /**
   * The one who constructs it holds it.
   *
   * @param o.plain its plain JPEG, where that was begun before the result was there.
   */
  constructor(result: FrameResult, o: { quality: number; plain?: Promise<Buffer> | null }) {
    this.result = result;
    this.#quality = o.quality;
    if (o.plain) this.#jpegs.set('plain', o.plain);
    result.frame.retain();
  }

  retain(): void {
    this.#holders += 1;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.result.frame.release();
  }

  /** Somebody asked for it before: it is there, or under way. */
  isBegun(kind: PictureKind): boolean {
    return this.#jpegs.has(kind);
  }

  /**
   * @throws {AppError} CAMERA_STALE when it was never made and the pixels have gone back: a newer frame took the place of
   *   this one.
   */
  jpeg(kind: PictureKind): Promise<Buffer> {
    const made = this.#jpegs.get(kind);
    if (made) return made;
    if (this.#holders <= 0) {
      const { cameraId, sequence } = this.result.frame;
      return Promise.reject(
        new AppError('CAMERA_STALE', `frame ${sequence} of camera ${cameraId} is gone; ask for the newest one again`),
      );
    }
    this.retain();
    const jpeg = this.#encode(kind).finally(() => this.release());
    this.#jpegs.set(kind, jpeg);
    return jpeg;
  }

  async #encode(kind: PictureKind): Promise<Buffer> {
    const quality = this.#quality;
    return kind === 'plain' ? encodeJpeg(this.result.frame, { quality }) : annotatePicture(this.result, { quality });
  }
}
