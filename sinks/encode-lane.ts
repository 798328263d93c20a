import type { FramePicture, PictureKind } from './frame-picture.ts';

export interface EncodeLaneOptions {
  kind: PictureKind;
  /** In the order of `submit`. */
  onJpeg: (picture: FramePicture, jpeg: Buffer) => void;
  /** A newer picture took its place before its turn came. */
  onSkip: (picture: FramePicture) => void;
  onFault: (error: unknown, picture: FramePicture) => void;
}

/** Encodes one camera's pictures one at a time, in order; while one is encoded the newest waits. */
export class EncodeLane {
  readonly #options: EncodeLaneOptions;
  #waiting: FramePicture | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: EncodeLaneOptions) {
    this.#options = options;
  }

  submit(picture: FramePicture): void {
    if (this.#closed) return;
    picture.retain();
    if (this.#waiting) {
      this.#options.onSkip(this.#waiting);
      this.#waiting.release();
    }
    this.#waiting = picture;
    this.#running ??= this.#run();
  }

  /** What waits is dropped; resolves when the encode that runs is done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting?.release();
    this.#waiting = null;
    await this.#running;
  }

  async #run(): Promise<void> {
    const { kind, onJpeg, onFault } = this.#options;
    while (this.#waiting) {
      const picture: FramePicture = this.#waiting;
      this.#waiting = null;
      try {
        const jpeg = await picture.jpeg(kind);
        if (!this.#closed) onJpeg(picture, jpeg);
      } catch (error) {
        onFault(error, picture);
      } finally {
        picture.release();
      }
    }
    this.#running = null;
  }
}
