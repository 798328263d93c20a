import type { Frame } from '../pipeline/frame.ts';
import { encodeJpeg } from './encode-jpeg.ts';

/**
 * The plain JPEGs of frames whose result is still to come. Each holds its frame while its pixels are read, no longer. One that is
 * never taken goes with the frame's pixels: nobody has to say that an analysis failed.
 */
export class BegunJpegs {
  readonly #quality: number;
  /** By the view of the pixels, which no two frames share: the same frame may come back as another object, when more is known of it. */
  readonly #jpegs = new WeakMap<Uint8Array, Promise<Buffer>>();

  /** @param o.quality 1..100. */
  constructor(o: { quality: number }) {
    this.#quality = o.quality;
  }

  /** Once for each frame. Rejects, for all who have the promise, when it cannot be encoded. */
  begin(frame: Frame): Promise<Buffer> {
    frame.retain();
    const jpeg = this.#encode(frame).finally(() => frame.release());
    this.#jpegs.set(frame.data, jpeg);
    return jpeg;
  }

  /** What was begun of this frame; null where nothing was, or somebody has taken it. */
  take(frame: Pick<Frame, 'data'>): Promise<Buffer> | null {
    const jpeg = this.#jpegs.get(frame.data) ?? null;
    this.#jpegs.delete(frame.data);
    return jpeg;
  }

  async #encode(frame: Frame): Promise<Buffer> {
    return encodeJpeg(frame, { quality: this.#quality });
  }
}
