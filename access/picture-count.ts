import type { Frame } from '../pipeline/frame.ts';
import { isSamePicture, type PictureId } from './same-picture.ts';

export interface PictureCountOptions {
  /** Distinct pictures that must show it. */
  pictures: number;
  /** The time within which all of them came, milliseconds. */
  withinMs: number;
}

interface Counted extends PictureId {
  readonly cameraId: string;
  readonly atMs: number;
}

/**
 * Counts distinct pictures by when they came. For what is only said and never opens anything: unlike a `Confirmation` it
 * takes pictures whose age is too great, or not known.
 */
export class PictureCount {
  readonly #pictures: number;
  readonly #withinMs: number;
  readonly #counted = new Map<string, Counted[]>();

  constructor({ pictures, withinMs }: PictureCountOptions) {
    this.#pictures = pictures;
    this.#withinMs = withinMs;
  }

  /**
   * @param what anything that stands for what is counted.
   * @param nowMs monotonic.
   * @returns true when this picture made up the number; counting then begins anew.
   */
  note(what: string, { cameraId, connection, sequence, ptsSeconds }: Frame, nowMs: number): boolean {
    for (const [key, counted] of this.#counted) {
      const kept = counted.filter(({ atMs }) => nowMs - atMs <= this.#withinMs);
      if (kept.length > 0) this.#counted.set(key, kept);
      else this.#counted.delete(key);
    }
    const key = `${cameraId}/${what}`;
    const counted = this.#counted.get(key) ?? [];
    const picture = { cameraId, connection, sequence, ptsSeconds, atMs: nowMs };
    if (counted.some((other) => isSamePicture(other, picture))) return false;
    if (counted.length + 1 < this.#pictures) {
      this.#counted.set(key, [...counted, picture]);
      return false;
    }
    this.#counted.delete(key);
    return true;
  }
}
