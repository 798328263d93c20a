import { constants } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../config/app-error.ts';
import type { AccessEvent } from '../pipeline/access-event.ts';
import type { EventSink } from '../pipeline/ports.ts';

export interface JsonLinesFileOptions {
  id: string;
  /** Absolute. Its folder is made when it is not there. */
  path: string;
  /** The file is rotated before it grows beyond this. */
  maxBytes: number;
  /** So many rotated files are kept, `….1` being the newest. */
  keep: number;
}

/** Of a file that is made; one that is there keeps its own, and so do those that take its place. */
const MODE = 0o600;
const BATCH = 100;
/** What is looked at for the end of the last whole line. */
const TAIL_BYTES = 65_536;
/** What each line begins with. */
const OURS = Buffer.from('{"id":"');

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly device: number;
  size: number;
}

/**
 * Appends events to a file, one line of JSON each. Lines are on the disk (fdatasync) when `deliver` resolves. The file may be
 * moved away or removed at any time: the next line goes into a new one. What a crash or a full disk left of a line is cut off.
 */
export class JsonLinesFile implements EventSink {
  readonly id: string;
  readonly batch = BATCH;
  readonly #o: JsonLinesFileOptions;
  #file: OpenFile | null = null;
  #mode = MODE;
  #rotations = 0;
  #working: Promise<void> = Promise.resolve();

  constructor(options: JsonLinesFileOptions) {
    this.id = options.id;
    this.#o = options;
  }

  /** @throws {AppError} SINK_FAILED: then those that stand in the file already will stand in it twice. */
  deliver(events: readonly AccessEvent[], signal: AbortSignal): Promise<void> {
    const work = this.#write(events, signal);
    this.#working = work.catch(() => undefined);
    return work;
  }

  stats() {
    return { path: this.#o.path, bytes: this.#file?.size ?? null, rotations: this.#rotations };
  }

  /** Waits for what is being written. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#working;
    await this.#letGo();
  }

  async #write(events: readonly AccessEvent[], signal: AbortSignal): Promise<void> {
    const { path, maxBytes } = this.#o;
    try {
      let file = await this.#current();
      let lines: Buffer[] = [];
      let waiting = 0;
      for (const event of events) {
        signal.throwIfAborted();
        const line = Buffer.from(`${JSON.stringify(event)}\n`);
        const used = file.size + waiting;
        // A line that is larger than a whole file stands alone.
        if (used > 0 && used + line.length > maxBytes) {
          await append(file, lines);
          [lines, waiting] = [[], 0];
          await this.#rotate();
          file = await this.#current();
        }
        lines.push(line);
        waiting += line.length;
      }
      await append(file, lines);
    } catch (cause) {
      await this.#letGo();
      signal.throwIfAborted();
      const { code } = cause as NodeJS.ErrnoException;
      const said = code ?? (cause instanceof Error ? cause.message : String(cause));
      throw new AppError('SINK_FAILED', `the file ${path} could not be written: ${said}`, { cause });
    }
  }

  /** The file of that name as it is now: it may have been moved, removed or shortened by somebody else. */
  async #current(): Promise<OpenFile> {
    const { path } = this.#o;
    const there = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    const ours = this.#file;
    if (ours && there?.ino === ours.inode && there.dev === ours.device) {
      ours.size = there.size;
      return ours;
    }
    await this.#letGo();
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, this.#mode);
    try {
      const { ino, dev, mode } = await handle.stat();
      this.#mode = mode & 0o777;
      this.#file = { handle, inode: ino, device: dev, size: await cutHalfLine(handle) };
      if (!there) await syncFolder(path);
      return this.#file;
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #rotate(): Promise<void> {
    const { path, keep } = this.#o;
    await this.#letGo();
    await rm(`${path}.${keep}`, { force: true });
    for (let n = keep - 1; n >= 0; n -= 1) {
      const from = n === 0 ? path : `${path}.${n}`;
      await rename(from, `${path}.${n + 1}`).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
    }
    this.#rotations += 1;
  }

  async #letGo(): Promise<void> {
    const file = this.#file;
    this.#file = null;
    // What was acknowledged is on the disk already.
    await file?.handle.close().catch(() => undefined);
  }
}

/** All of the lines, on the disk; or none of them, when it throws. */
async function append(file: OpenFile, lines: readonly Buffer[]): Promise<void> {
  if (lines.length === 0) return;
  const bytes = Buffer.concat(lines);
  try {
    await file.handle.appendFile(bytes);
    await file.handle.datasync();
  } catch (error) {
    await file.handle.truncate(file.size).catch(() => undefined);
    throw error;
  }
  file.size += bytes.length;
}

/** @returns the size of the file, which ends with a whole line. */
async function cutHalfLine(handle: FileHandle): Promise<number> {
  const { size } = await handle.stat();
  const tail = Buffer.alloc(Math.min(size, TAIL_BYTES));
  await handle.read(tail, 0, tail.length, size - tail.length);
  if (size === 0 || tail.at(-1) === 0x0a) return size;
  const end = tail.lastIndexOf(0x0a);
  const half = tail.subarray(end + 1);
  // No line of ours is so long, or begins like that: it is somebody else's text, which is left as it is.
  if ((end < 0 && size > tail.length) || !isOurs(half)) {
    await handle.appendFile('\n');
    return size + 1;
  }
  const whole = size - tail.length + end + 1;
  await handle.truncate(whole);
  return whole;
}

/** Zeros are what a power cut leaves of what was not on the disk yet. */
function isOurs(half: Buffer): boolean {
  return half[0] === 0 || half.subarray(0, OURS.length).equals(OURS.subarray(0, half.length));
}

/** So that a file that was just made is found again after a power cut. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
