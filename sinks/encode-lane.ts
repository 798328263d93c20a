import type { Clock } from '../pipeline/ports.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { FramePicture, PictureKind } from './frame-picture.ts';

export interface EncodeLaneOptions {
  kind: PictureKind;
  /** In the order of `submit`. */
  onJpeg: (picture: FramePicture, jpeg: Buffer) => void;
  /** A newer picture took its place before its turn came. */
  onSkip: (picture: FramePicture) => void;
  onFault: (error: unknown, picture: FramePicture) => void;
  /** Of pictures that are followed. Default: the machine's. */
  clock?: Clock;
}

/** Encodes one camera's pictures one at a time, in order; while one is encoded the newest waits. */
export class EncodeLane {
  readonly #options: EncodeLaneOptions;
  #waiting: { readonly picture: FramePicture; readonly sinceMs: number } | null = null;
  readonly #clock: Clock;
  /** The encode that was begun before its picture was submitted, until it is done. */
  #ahead: Promise<void> | null = null;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(options: EncodeLaneOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** A picture is being encoded, begun ahead or not, or waits. */
  get isBusy(): boolean {
    return this.#running !== null || this.#ahead !== null;
  }

  /**
   * Begins the JPEG of a picture that may be submitted later, or never. Where one is encoded or waits, nothing is begun: two at a time
   * would be late together.
   */
  beginAhead(encode: () => Promise<Buffer>): void {
    if (this.#closed || this.isBusy) return;
    const done = () => {
      this.#ahead = null;
    };
    this.#ahead = encode().then(done, done);
  }

  submit(picture: FramePicture): void {
    if (this.#closed) return;
    picture.retain();
    if (this.#waiting) {
      const { picture: replaced } = this.#waiting;
      this.#options.onSkip(replaced);
      replaced.release();
    }
    this.#waiting = { picture, sinceMs: this.#clock.monotonicMs() };
    this.#running ??= this.#run();
  }

  /** What waits is dropped; resolves when the encodes that run are done. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#waiting?.picture.release();
    this.#waiting = null;
    await Promise.all([this.#running, this.#ahead]);
  }

  async #run(): Promise<void> {
    const { kind, onJpeg, onFault } = this.#options;
    while (this.#waiting) {
      const { picture, sinceMs }: { picture: FramePicture; sinceMs: number } = this.#waiting;
      if (this.#ahead && !picture.isBegun(kind)) {
        await this.#ahead;
        // A newer one may have taken its place.
        continue;
      }
      this.#waiting = null;
      try {
        const jpeg = await picture.jpeg(kind);
        picture.result.frame.trace?.span('encode', sinceMs, this.#clock.monotonicMs());
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
