import type { Writable } from 'node:stream';
import type { Sink } from '../pipeline/ports.ts';

export interface JsonLinesOptions<T> {
  /** What stands in the line: `frameMessage` for results, whose pixels and embeddings are not for a log. Default: the value. */
  format?: (value: T) => unknown;
  /** Bytes that may wait for a slow reader; beyond that lines are dropped and counted. Default 16 MiB. */
  maxBufferedBytes?: number;
  /** End the stream at `close`. Default false: it may be standard output. */
  end?: boolean;
}

export interface JsonLinesStats {
  readonly written: number;
  /** Lines left out: the reader was too slow, is gone, or the value had no JSON. */
  readonly dropped: number;
}

/** Appends each value to a stream as one line of JSON. */
export class JsonLines<T> implements Sink<T> {
  readonly #stream: Writable;
  readonly #format: (value: T) => unknown;
  readonly #maxBufferedBytes: number;
  readonly #end: boolean;
  #broken = false;
  #closing: Promise<void> | null = null;
  #written = 0;
  #dropped = 0;

  constructor(stream: Writable, options: JsonLinesOptions<T> = {}) {
    this.#stream = stream;
    this.#format = options.format ?? ((value) => value);
    this.#maxBufferedBytes = options.maxBufferedBytes ?? 16_777_216;
    this.#end = options.end ?? false;
    // A reader that went away (`| head`) ends the writing, not the process.
    stream.on('error', () => {
      this.#broken = true;
    });
  }

  push(value: T): void {
    const line = this.#line(value);
    const { writable, writableLength } = this.#stream;
    const full = writableLength > this.#maxBufferedBytes;
    if (line === null || full || !writable || this.#broken || this.#closing) {
      this.#dropped += 1;
      return;
    }
    this.#stream.write(line);
    this.#written += 1;
  }

  stats(): JsonLinesStats {
    return { written: this.#written, dropped: this.#dropped };
  }

  /** Resolves when all lines are with the operating system, or never will be. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#flush();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #line(value: T): string | null {
    try {
      const json = JSON.stringify(this.#format(value)) as string | undefined;
      return json === undefined ? null : `${json}\n`;
    } catch {
      return null;
    }
  }

  async #flush(): Promise<void> {
    const stream = this.#stream;
    if (this.#broken || !stream.writable) return;
    if (this.#end) {
      await new Promise<void>((resolve) => {
        stream.once('close', resolve);
        stream.end(resolve);
      });
    } else {
      await new Promise<void>((resolve) => {
        stream.once('close', resolve);
        // Taken after everything before it.
        stream.write('', () => {
          stream.off('close', resolve);
          resolve();
        });
      });
    }
  }
}
