import { closeSync, fstatSync, mkdirSync, openSync, renameSync, rmSync, write, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotatingLogFileOptions {
  /** Absolute. Its folder is made (0700) when it is not there. */
  path: string;
  /** A file that has become this large makes room for another one; the line that it was reached with is still in it. */
  maxBytes: number;
  /** So many there are at most, the one that is written and `….1`, `….2`, …, the newest first. */
  files: number;
  /** Told once when the file cannot be written, and again after it could. Default: nobody. */
  onTrouble?: ((error: Error) => void) | undefined;
}

const MODE = 0o600;
/** Lines that wait for a disk that takes none. Beyond it the newest are left out, and counted. */
const MOST_WAITING_BYTES = 4_194_304;
/** A disk that was full is tried again after so long. */
const AGAIN_MS = 2000;
/** So long the program's end waits for what the thread pool has in hand. */
const LAST_WRITE_MS = 200;

/**
 * A log's lines in a file, rotated by size. Nobody who logs waits for the disk: lines are taken over in memory and written by
 * the thread pool, in order, whole. A full disk ends nothing: lines wait, then the newest are left out and counted, and the
 * count is the first line that is written again. What waits when the program ends is still written, if the disk takes it.
 *
 * Of the usual libraries rotating-file-stream ends its stream for good at the first ENOSPC, and SonicBoom (pino.destination,
 * pino-roll) tries for ever in `flushSync`, so that a program on a full disk never exits.
 */
export class RotatingLogFile implements AsyncDisposable {
  readonly #o: RotatingLogFileOptions;
  readonly #flush = () => this.flushSync();
  #handle: number;
  #size: number;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #leftOut = 0;
  /** What the thread pool is writing. */
  #writing: Buffer | null = null;
  #again: NodeJS.Timeout | undefined;
  #troubled = false;
  #closed: Promise<void> | null = null;
  #idle: (() => void) | null = null;

  /** Throws what the file system says when the file cannot be made. */
  constructor(options: RotatingLogFileOptions) {
    this.#o = options;
    mkdirSync(dirname(options.path), { recursive: true, mode: 0o700 });
    this.#handle = openSync(options.path, 'a', MODE);
    this.#size = fstatSync(this.#handle).size;
    process.on('exit', this.#flush);
  }

  /** One line with its end, as pino writes it. After `close` nothing is written any more. */
  write(line: string): void {
    if (this.#closed) return;
    const bytes = Buffer.from(line);
    if (this.#waitingBytes + bytes.length > MOST_WAITING_BYTES) {
      this.#leftOut += 1;
      return;
    }
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#next();
  }

  /** Writes what waits, in this thread; what the disk does not take is given up. */
  flushSync(): void {
    try {
      this.#letWritingEnd();
      while (this.#waiting.length > 0) {
        let left = this.#take();
        while (left.length > 0) {
          const written = writeSync(this.#handle, left);
          this.#size += written;
          left = left.subarray(written);
        }
      }
    } catch {
      // There is nobody left to tell.
      this.#waiting = [];
    }
  }

  /** Idempotent; resolves when all is written, or given up after one more attempt. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    clearTimeout(this.#again);
    if (this.#writing) await new Promise<void>((idle) => (this.#idle = idle));
    process.off('exit', this.#flush);
    this.flushSync();
    closeSync(this.#handle);
  }

  #next(): void {
    if (this.#writing || this.#again || this.#waiting.length === 0) return;
    this.#put(this.#take());
  }

  /** As many of the lines that wait as the file still takes, one at least. */
  #take(): Buffer {
    if (this.#size >= this.#o.maxBytes) this.#rotate();
    let bytes = 0;
    let lines = 0;
    while (lines < this.#waiting.length && (lines === 0 || this.#size + bytes < this.#o.maxBytes)) {
      bytes += (this.#waiting[lines] as Buffer).length;
      lines += 1;
    }
    this.#waitingBytes -= bytes;
    return Buffer.concat(this.#waiting.splice(0, lines));
  }

  /** At the program's end nothing says when the thread pool is done, but the file does. */
  #letWritingEnd(): void {
    if (!this.#writing) return;
    const whole = this.#size + this.#writing.length;
    const untilMs = performance.now() + LAST_WRITE_MS;
    const nobody = new Int32Array(new SharedArrayBuffer(4));
    while (fstatSync(this.#handle).size < whole && performance.now() < untilMs) Atomics.wait(nobody, 0, 0, 1);
  }

  #put(bytes: Buffer): void {
    this.#writing = bytes;
    write(this.#handle, bytes, (error, written = 0) => {
      this.#size += written;
      const left = bytes.subarray(written);
      if (error) this.#wait(error, left);
      else if (left.length > 0) return this.#put(left);
      this.#writing = null;
      if (!error) this.#recovered();
      this.#idle?.();
      if (!this.#closed) this.#next();
    });
  }

  #wait(error: Error, left: Buffer): void {
    this.#waiting.unshift(left);
    this.#waitingBytes += left.length;
    this.#trouble(error);
    if (this.#closed) return;
    this.#again = setTimeout(() => {
      this.#again = undefined;
      this.#next();
    }, AGAIN_MS);
    this.#again.unref();
  }

  #recovered(): void {
    this.#troubled = false;
    if (this.#leftOut === 0) return;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    const said = {
      level: 40,
      time: new Date().toISOString(),
      leftOut,
      msg: 'lines of the log are missing here: the disk took none',
    };
    const line = Buffer.from(`${JSON.stringify(said)}\n`);
    // Behind those that waited, before those that come.
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
  }

  #rotate(): void {
    const { path, files } = this.#o;
    try {
      rmSync(files > 1 ? `${path}.${files - 1}` : path, { force: true });
      for (let number = files - 2; number >= 0; number -= 1) {
        moveIfThere(number === 0 ? path : `${path}.${number}`, `${path}.${number + 1}`);
      }
      const handle = openSync(path, 'a', MODE);
      closeSync(this.#handle);
      this.#handle = handle;
    } catch (error) {
      // The file that is open goes on, however large; it is tried again after as much again.
      this.#trouble(error as Error);
    }
    this.#size = 0;
  }

  #trouble(error: Error): void {
    if (this.#troubled) return;
    this.#troubled = true;
    this.#o.onTrouble?.(error);
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
