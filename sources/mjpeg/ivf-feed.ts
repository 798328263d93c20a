import { Readable } from 'node:stream';
import type { Clock } from '../../pipeline/ports.ts';
import { ArrivalGate } from './arrival-gate.ts';
import { MultipartPictures } from './multipart-pictures.ts';

export interface IvfFeedOptions {
  /** `multipart/x-mixed-replace`; read as fast as it comes. */
  body: Readable;
  /** Pictures a second that are handed on at most: the others need not be decoded. */
  fps: number;
  clock: Clock;
  /** The body cannot be read any further. */
  onBroken(error: Error): void;
}

/** Pictures this soon after a silence may have waited somewhere, milliseconds. */
const UNSETTLED_MS = 1000;

/**
 * MJPEG as ffmpeg reads it without guessing: in IVF, a container of a head and, for each picture, its length and timestamp. MJPEG
 * itself has no timestamps, so that a picture's is its arrival here, and the pictures of a paused reader would all look new in
 * ffmpeg. Here the camera is always read, and of what waited only the newest is handed on.
 */
export class IvfFeed {
  /** For ffmpeg's standard input (`-f ivf`). */
  readonly output: Readable;
  /** What the camera sent, bytes. */
  bytes = 0;
  readonly #options: IvfFeedOptions;
  readonly #gate = new ArrivalGate();
  readonly #startedMs: number;
  /** The newest picture, while ffmpeg has not taken the one before it. */
  #waiting: { jpeg: Buffer; ptsMs: number } | null = null;
  #wanted = false;
  #held: NodeJS.Timeout | null = null;
  #givenMs = Number.NEGATIVE_INFINITY;

  constructor(options: IvfFeedOptions) {
    this.#options = options;
    this.#startedMs = options.clock.monotonicMs();
    this.output = new Readable({
      highWaterMark: 1,
      read: () => {
        this.#wanted = true;
        this.#push();
      },
    });
    this.output.on('error', () => {});
    this.output.push(fileHead());
    const pictures = new MultipartPictures((jpeg) => this.#arrived(jpeg));
    const { body } = options;
    body.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      try {
        pictures.write(chunk);
      } catch (error) {
        body.removeAllListeners('data');
        body.resume();
        options.onBroken(error as Error);
      }
    });
    body.once('end', () => {
      if (!this.output.destroyed) this.output.push(null);
    });
    body.on('error', () => this.output.push(null));
  }

  /** Whether a picture of this timestamp is surely none that waited somewhere before it came here. */
  isSettled(ptsMs: number): boolean {
    const sinceSilence = ptsMs + this.#startedMs - this.#gate.silenceEndedMs;
    return sinceSilence < 0 || sinceSilence > UNSETTLED_MS;
  }

  /** Hands nothing on any more. Idempotent. */
  close(): void {
    if (this.#held) clearTimeout(this.#held);
    this.#held = null;
    this.#waiting = null;
    this.output.destroy();
  }

  #arrived(jpeg: Buffer): void {
    if (this.output.destroyed) return;
    const nowMs = this.#options.clock.monotonicMs();
    const holdMs = this.#gate.holdMs(nowMs);
    if (this.#held) clearTimeout(this.#held);
    this.#held = null;
    const picture = { jpeg, ptsMs: Math.round(nowMs - this.#startedMs) };
    if (holdMs === 0) this.#offer(picture);
    else this.#held = setTimeout(() => this.#offer(picture), holdMs);
  }

  #offer(picture: { jpeg: Buffer; ptsMs: number }): void {
    this.#held = null;
    // As in ffmpeg's own filter, and a little less strict, so that not both of them leave one out.
    if (picture.ptsMs - this.#givenMs < 980 / this.#options.fps) return;
    this.#givenMs = picture.ptsMs;
    this.#waiting = picture;
    this.#push();
  }

  #push(): void {
    if (!this.#wanted || !this.#waiting || this.output.destroyed) return;
    const { jpeg, ptsMs } = this.#waiting;
    this.#waiting = null;
    this.#wanted = false;
    this.output.push(Buffer.concat([pictureHead(jpeg.length, ptsMs), jpeg]));
  }
}

/** 32 bytes: signature, version, length, codec, size (which the JPEGs tell), and milliseconds as the unit of time. */
function fileHead(): Buffer {
  const head = Buffer.alloc(32);
  head.write('DKIF', 0, 'latin1');
  head.writeUInt16LE(32, 6);
  head.write('MJPG', 8, 'latin1');
  head.writeUInt16LE(16, 12);
  head.writeUInt16LE(16, 14);
  head.writeUInt32LE(1000, 16);
  head.writeUInt32LE(1, 20);
  return head;
}

function pictureHead(length: number, ptsMs: number): Buffer {
  const head = Buffer.alloc(12);
  head.writeUInt32LE(length, 0);
  head.writeBigUInt64LE(BigInt(ptsMs), 4);
  return head;
}
