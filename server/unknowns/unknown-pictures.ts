import { AppError } from '../../config/app-error.ts';
import type { Box } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { encodeImage } from '../pictures/encode-image.ts';
import { cutFace } from '../pictures/face-picture.ts';

type Encode = (cut: PixelImage) => Promise<Buffer>;

interface Waiting {
  readonly cut: PixelImage;
  readonly deliver: (jpeg: Buffer) => void;
}

const WIDEST = 320;
/** Faces that wait, together; more than that is a crowd, of which the earliest go without a picture for now. */
const MAX_WAITING_BYTES = 32_000_000;

/**
 * JPEGs of unknown faces, one at a time, off this thread. The pixels are copied at the call, so that no frame is held back
 * from its camera, and overwritten when they are encoded.
 */
export class UnknownPictures {
  readonly #log: Logger;
  readonly #encode: Encode;
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor({ log, encode }: { log: Logger; encode?: Encode }) {
    this.#log = log;
    this.#encode = encode ?? ((cut) => encodeImage(cut, 'jpeg', { maxWidth: WIDEST }));
  }

  /** @param deliver is called with the JPEG, which is the receiver's; not at all where it cannot be made. */
  take(image: PixelImage, box: Box, deliver: (jpeg: Buffer) => void): void {
    if (this.#closed) return;
    const cut = cutFace(image, box);
    this.#waiting.push({ cut, deliver });
    this.#waitingBytes += cut.data.length;
    while (this.#waitingBytes > MAX_WAITING_BYTES && this.#waiting.length > 1) this.#next()?.cut.data.fill(0);
    this.#running ??= this.#run();
  }

  /** What waits is dropped; resolves when the one that is encoded is done. */
  async close(): Promise<void> {
    this.#closed = true;
    for (let next = this.#next(); next; next = this.#next()) next.cut.data.fill(0);
    await this.#running;
  }

  #next(): Waiting | undefined {
    const next = this.#waiting.shift();
    this.#waitingBytes -= next?.cut.data.length ?? 0;
    return next;
  }

  async #run(): Promise<void> {
    for (let next = this.#next(); next; next = this.#next()) {
      try {
        next.deliver(await this.#encode(next.cut));
      } catch (error) {
        this.#log.warn({ code: AppError.from(error).code }, 'no picture could be made of an unknown face');
      } finally {
        next.cut.data.fill(0);
      }
    }
    this.#running = null;
  }
}
