import { LARGEST_GROUP, type ProductKernels, productKernels, ROW_ALIGNMENT, ROW_TAIL_BYTES } from './product-kernel.ts';
import { quantiseRow, ROW_OFFSET } from './quantise.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** Threads that may search at once, the calling one included; each has a lane of its own in every segment. */
export const LANES = 9;
/** Probes of one scan. */
export const MOST_PROBES = 64;
/** Rows whose products are looked at together. */
export const BLOCK_ROWS = 32;
/** Rows that a thread takes at a time; a segment's capacity is a multiple of it. */
export const CHUNK_ROWS = 1024;

const PAGE = 65_536;
const FLOAT = Float32Array.BYTES_PER_ELEMENT;
/** The greatest values of a block, and those of each row. */
const ANSWER_BYTES = (1 + BLOCK_ROWS) * LARGEST_GROUP * FLOAT;

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

/** Bytes of a quantised row's numbers. */
export function quantisedBytes(width: number): number {
  return Math.ceil(width / ROW_ALIGNMENT) * ROW_ALIGNMENT;
}

/** Bytes of a group of probes, as the kernels read it; smaller ones take as much. */
export function groupBytes(width: number): number {
  return LARGEST_GROUP * (16 + FLOAT + quantisedBytes(width));
}

/** Bytes of a lane: quantised probes, then what the kernels answer for a block. */
function laneBytes(width: number): number {
  return (MOST_PROBES / LARGEST_GROUP) * groupBytes(width) + ANSWER_BYTES;
}

/** Bytes that a template takes. */
export function templateBytes(width: number): number {
  return quantisedBytes(width) + ROW_TAIL_BYTES + width * FLOAT + Int32Array.BYTES_PER_ELEMENT;
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
  /** Of a quantised row and its tail. */
  readonly #rowBytes: number;

  constructor(share: SegmentShare, module: WasmModule | null) {
    this.share = share;
    const { width, capacity, buffer, memory } = share;
    this.#rowBytes = quantisedBytes(width) + ROW_TAIL_BYTES;
    this.#quantisedAt = LANES * laneBytes(width);
    const exactAt = this.#quantisedAt + capacity * this.#rowBytes;
    this.exact = new Float32Array(buffer, exactAt, capacity * width);
    this.subjects = new Int32Array(buffer, exactAt + this.exact.byteLength, capacity);
    this.kernels = memory && module ? productKernels(module, memory) : null;
  }

  /** Writes a unit vector, as it is and quantised. */
  write(row: number, unit: Float32Array): void {
    const { width } = this.share;
    this.exact.set(unit, row * width);
    const { numbers, scale, error } = quantiseRow(unit);
    const quantised = this.quantised(row);
    for (let i = 0; i < width; i += 1) quantised[i] = (numbers[i] as number) + ROW_OFFSET;
    const tail = new Float32Array(this.share.buffer, this.quantisedAt(row) + quantisedBytes(width), 2);
    tail[0] = 1 / scale;
    tail[1] = error;
    numbers.fill(0);
  }

  /** Address of a quantised row. */
  quantisedAt(row: number): number {
    return this.#quantisedAt + row * this.#rowBytes;
  }

  /** Bytes of quantised rows, tails included, as the kernels see them. */
  quantised(row: number, rows = 1): Uint8Array {
    return new Uint8Array(this.share.buffer, this.quantisedAt(row), rows * this.#rowBytes);
  }

  /** Address of a lane's probes. */
  laneAt(lane: number): number {
    return lane * laneBytes(this.share.width);
  }

  /** Room for the groups of a lane's probes. */
  laneProbes(lane: number): Uint8Array {
    const bytes = (MOST_PROBES / LARGEST_GROUP) * groupBytes(this.share.width);
    return new Uint8Array(this.share.buffer, this.laneAt(lane), bytes);
  }

  /** Address of what the kernels answer in a lane. */
  answersAt(lane: number): number {
    return this.laneAt(lane) + (MOST_PROBES / LARGEST_GROUP) * groupBytes(this.share.width);
  }

  answers(lane: number): Float32Array {
    return new Float32Array(this.share.buffer, this.answersAt(lane), ANSWER_BYTES / FLOAT);
  }
}
