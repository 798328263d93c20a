import { HIGHEST_BYTES, PIECE, type ProductKernels, productKernels, ROW_ALIGNMENT } from './product-kernel.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** Threads that may search at once, the calling one included; each has a lane of its own in every segment. */
export const LANES = 9;
/** Probes of one scan. */
export const MOST_PROBES = 64;
/** Rows whose products are looked at together. */
export const BLOCK_ROWS = 64;
/** Rows that a thread takes at a time; a segment's capacity is a multiple of it. */
export const CHUNK_ROWS = 1024;

const PAGE = 65_536;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;

/** What a thread needs to look into a segment; goes through `postMessage` without a copy. */
export interface SegmentShare {
  /** Unique in the process. */
  readonly id: number;
  readonly width: number;
  readonly capacity: number;
  /** Number of its first row in the whole. */
  readonly firstRow: number;
  /** Where the kernels can work; without it there is only `buffer`. */
  readonly memory: WasmMemory | null;
  readonly buffer: SharedArrayBuffer;
}

/** Bytes of a quantised row. */
export function quantisedBytes(width: number): number {
  return Math.ceil((width * 2) / ROW_ALIGNMENT) * ROW_ALIGNMENT;
}

/** Bytes of a lane: quantised probes, then what the kernels answer for a block. */
function laneBytes(width: number): number {
  return MOST_PROBES * quantisedBytes(width) + HIGHEST_BYTES + BLOCK_ROWS * 16 + 48;
}

/** Bytes that a template takes. */
export function templateBytes(width: number): number {
  return quantisedBytes(width) + width * FLOAT + Int32Array.BYTES_PER_ELEMENT;
}

let nextId = 0;

/**
 * Memory for `capacity` rows. The system gives pages as they are written to: one that is empty costs next to nothing.
 *
 * @throws {RangeError} when there is not as much memory
 */
export function shareSegment(width: number, capacity: number, firstRow: number, wasm: boolean): SegmentShare {
  const bytes = LANES * laneBytes(width) + capacity * templateBytes(width);
  const pages = Math.ceil(bytes / PAGE);
  const share = { id: nextId++, width, capacity, firstRow };
  if (wasm && webAssembly) {
    try {
      const memory = new webAssembly.Memory({ initial: pages, maximum: pages, shared: true });
      return { ...share, memory, buffer: memory.buffer };
    } catch {
      // WebAssembly reserves 8 GiB of addresses for each memory, which `ulimit -v` may forbid. The rows do without.
    }
  }
  return { ...share, memory: null, buffer: new SharedArrayBuffer(pages * PAGE) };
}

/** A segment as one thread sees it. */
export class Segment {
  readonly share: SegmentShare;
  /** Unit vectors, shape [capacity, width]. */
  readonly exact: Float32Array;
  /** Number of each row's subject. */
  readonly subjects: Int32Array;
  /** Products of quantised rows; null where they cannot be had. */
  readonly kernels: ProductKernels | null;
  readonly #quantisedAt: number;
  readonly #rowBytes: number;

  constructor(share: SegmentShare, module: WasmModule | null) {
    this.share = share;
    const { width, capacity, buffer, memory } = share;
    this.#rowBytes = quantisedBytes(width);
    this.#quantisedAt = LANES * laneBytes(width);
    const exactAt = this.#quantisedAt + capacity * this.#rowBytes;
    this.exact = new Float32Array(buffer, exactAt, capacity * width);
    this.subjects = new Int32Array(buffer, exactAt + this.exact.byteLength, capacity);
    this.kernels = memory && module ? productKernels(module, memory) : null;
  }

  /** Address of a quantised row. */
  quantisedAt(row: number): number {
    return this.#quantisedAt + row * this.#rowBytes;
  }

  /** A quantised row: padded, as the kernels see it. */
  quantised(row: number): Int16Array {
    return new Int16Array(this.share.buffer, this.quantisedAt(row), this.#rowBytes / 2);
  }

  /** Address of a lane's probes. */
  laneAt(lane: number): number {
    return lane * laneBytes(this.share.width);
  }

  /** Room for the quantised probes of a lane. */
  laneProbes(lane: number): Int16Array {
    return new Int16Array(this.share.buffer, this.laneAt(lane), (MOST_PROBES * this.#rowBytes) / 2);
  }

  /** Address of what the kernels answer in a lane. */
  answersAt(lane: number): number {
    return this.laneAt(lane) + MOST_PROBES * this.#rowBytes;
  }

  answers(lane: number): Int32Array {
    return new Int32Array(this.share.buffer, this.answersAt(lane), HIGHEST_BYTES / 4 + BLOCK_ROWS * 4);
  }
}

/** Writes quantised probes side by side in pieces of 16 bytes, as the kernels read a group. */
export function interleave(probes: readonly Int16Array[], group: number, target: Int16Array): void {
  for (const [p, probe] of probes.entries()) {
    for (let i = 0; i < probe.length; i += 1) {
      target[(Math.floor(i / PIECE) * group + p) * PIECE + (i % PIECE)] = probe[i] as number;
    }
  }
}
