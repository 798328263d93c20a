import { AppError } from '../config/app-error.ts';

/**
 * A piece of shared memory with one owner at first. The bytes are the holder's until the last reference is released.
 */
export class PooledBuffer {
  /** Exactly the bytes that were asked for. A view of its own each time, by which sinks tell frames apart (sinks/begun-jpegs.ts). */
  readonly bytes: Uint8Array;
  readonly memory: SharedArrayBuffer;
  #references = 1;
  readonly #giveBack: (memory: SharedArrayBuffer) => void;

  constructor(memory: SharedArrayBuffer, length: number, giveBack: (memory: SharedArrayBuffer) => void) {
    this.memory = memory;
    this.bytes = new Uint8Array(memory, 0, length);
    this.#giveBack = giveBack;
  }

  retain(): void {
    if (this.#references === 0) throw new AppError('INTERNAL', 'a frame was retained after its last release');
    this.#references += 1;
  }

  /** @returns whether it was the last reference. */
  release(): boolean {
    if (this.#references === 0) throw new AppError('INTERNAL', 'a frame was released more often than it was retained');
    this.#references -= 1;
    if (this.#references > 0) return false;
    this.#giveBack(this.memory);
    return true;
  }
}

/** What the buffers of one source may hold together, bytes: eight pictures of 1080p, but not eight of 4K. */
const MOST_BYTES = 64 * 1024 * 1024;
/** One is filled, one waits, one is analysed and one encoded. */
const LEAST_BUFFERS = 4;

/** A source's pixel buffers, made on demand and used again: a fresh one for every frame would keep the collector busy. */
export class FramePool {
  readonly capacity: number;
  /** Last in, first out: the newest is the one still in the caches. */
  #free: SharedArrayBuffer[] = [];
  #inUse = 0;
  #size = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param capacity buffers that may be in use at once; of large pictures fewer, but never fewer than 4 for that. */
  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get inUse(): number {
    return this.#inUse;
  }

  /** @returns null where all are in use. */
  acquire(bytes: number): PooledBuffer | null {
    if (this.#inUse >= Math.min(this.capacity, Math.max(LEAST_BUFFERS, Math.floor(MOST_BYTES / bytes)))) return null;
    if (bytes !== this.#size) {
      // The camera changed its size. Buffers of the old one that are still in use are dropped when they come back.
      this.#size = bytes;
      this.#free = [];
    }
    const memory = this.#free.pop() ?? new SharedArrayBuffer(bytes);
    this.#inUse += 1;
    return new PooledBuffer(memory, bytes, (used) => this.#takeBack(used));
  }

  /** Calls `listener` once, when the next buffer comes back. @returns takes the wish back. */
  whenFree(listener: () => void): () => void {
    this.#waiting.push(listener);
    return () => {
      const at = this.#waiting.indexOf(listener);
      if (at >= 0) this.#waiting.splice(at, 1);
    };
  }

  #takeBack(memory: SharedArrayBuffer): void {
    this.#inUse -= 1;
    if (memory.byteLength === this.#size) this.#free.push(memory);
    this.#waiting.shift()?.();
  }
}
