import { Writable } from 'node:stream';
import { SourceError } from '../config/app-error.ts';
import type { FrameHeader } from './ffmpeg/stderr-line.ts';
import type { FramePool, PooledBuffer } from './frame-pool.ts';

/** A picture of the greatest width that the settings allow is no higher; a size beyond it is an attack or a defect. */
const MAX_FRAME_BYTES = 50_000_000;

export interface FrameReaderOptions<Header extends FrameHeader> {
  pool: FramePool;
  /** What to do while the pool is empty: a file waits, a live stream drops. */
  whenEmpty: 'wait' | 'drop';
  /**
   * The build rescales everything to the first frame's size after `showinfo` (no `-autoscale 0`): later sizes that
   * `showinfo` names are not those of the bytes.
   */
  fixedSize: boolean;
  /** The reference is the listener's. */
  onFrame(header: Header, pixels: PooledBuffer): void;
  onDropped(reason: 'pool'): void;
  /** What follows cannot be read any more. */
  onBroken(error: SourceError): void;
}

/**
 * Cuts ffmpeg's standard output into frames. The n-th frame of the bytes is the n-th `showinfo` line of standard error;
 * either may arrive first. Every byte is copied once, from the pipe's chunk to the frame's buffer.
 */
export class FrameReader<Header extends FrameHeader = FrameHeader> {
  /** Where standard output goes. Not reading it further is how a file is made to wait. */
  readonly stdout: Writable;
  bytes = 0;
  readonly #options: FrameReaderOptions<Header>;
  readonly #headers: Header[] = [];
  #firstSize: { width: number; height: number } | null = null;
  #current: { header: Header; pixels: PooledBuffer | null; at: number; length: number } | null = null;
  #chunk: { bytes: Uint8Array; at: number; done: () => void } | null = null;
  #cancelWait: (() => void) | null = null;
  #closed = false;

  constructor(options: FrameReaderOptions<Header>) {
    this.#options = options;
    this.stdout = new Writable({
      // fluent-ffmpeg ends the process 20 ms after a `close`, and ffmpeg may still have to say goodbye to the camera.
      emitClose: false,
      autoDestroy: false,
      write: (bytes: Uint8Array, _encoding, done) => {
        this.#chunk = { bytes, at: 0, done };
        this.#advance();
      },
    });
  }

  /** The next line of `showinfo`. */
  header(header: Header): void {
    if (this.#closed) return;
    if (this.#options.fixedSize) {
      this.#firstSize ??= { width: header.width, height: header.height };
      this.#headers.push({ ...header, ...this.#firstSize });
    } else this.#headers.push(header);
    this.#advance();
  }

  /** Gives the half-read frame's buffer back. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#cancelWait?.();
    this.#cancelWait = null;
    this.#current?.pixels?.release();
    this.#current = null;
    this.#headers.length = 0;
    const chunk = this.#chunk;
    this.#chunk = null;
    chunk?.done();
  }

  #advance(): void {
    while (this.#chunk && this.#cancelWait === null) {
      const chunk = this.#chunk;
      if (chunk.at === chunk.bytes.length || this.#closed) {
        this.#chunk = null;
        chunk.done();
        return;
      }
      if (!this.#current && !this.#begin()) return;
      this.#fill(chunk);
    }
  }

  /** @returns false where it has to wait for the header or a buffer. */
  #begin(): boolean {
    const header = this.#headers[0];
    if (!header) return false;
    const length = header.width * header.height * 3;
    if (length === 0 || length > MAX_FRAME_BYTES) {
      this.#options.onBroken(
        new SourceError(
          'STREAM_CODEC_UNSUPPORTED',
          `a picture of ${header.width}×${header.height} is beyond what is read (${MAX_FRAME_BYTES} bytes)`,
        ),
      );
      this.close();
      return false;
    }
    const pixels = this.#options.pool.acquire(length);
    if (!pixels && this.#options.whenEmpty === 'wait') {
      this.#cancelWait = this.#options.pool.whenFree(() => {
        this.#cancelWait = null;
        this.#advance();
      });
      return false;
    }
    this.#headers.shift();
    this.#current = { header, pixels, at: 0, length };
    return true;
  }

  #fill(chunk: { bytes: Uint8Array; at: number }): void {
    const current = this.#current!;
    const count = Math.min(chunk.bytes.length - chunk.at, current.length - current.at);
    current.pixels?.bytes.set(chunk.bytes.subarray(chunk.at, chunk.at + count), current.at);
    chunk.at += count;
    current.at += count;
    this.bytes += count;
    if (current.at < current.length) return;
    this.#current = null;
    if (current.pixels) this.#options.onFrame(current.header, current.pixels);
    else this.#options.onDropped('pool');
  }
}
