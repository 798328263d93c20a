import { AppError } from '../../config/app-error.ts';
import { productModule } from './product-kernel.ts';
import { CHUNK_ROWS, quantisedBytes, Segment, shareSegment, templateBytes } from './segment.ts';
import type { WasmModule } from './web-assembly.ts';

const FIRST_CAPACITY = 4 * CHUNK_ROWS;
/** The largest segment: many would each cost a thread a little, one for all could not grow where it stands. */
const LARGEST_BYTES = 512 * 2 ** 20;

/** A fraction of a millisecond. */
const WIPED_AT_ONCE_BYTES = 2 * 2 ** 20;

/**
 * Unit vectors of templates, one in a row, without gaps: adding appends a row, removing moves the last row into the gap;
 * neither touches the others, and growing adds a segment. Each vector stands twice: as it is, and quantised.
 */
export class TemplateRows {
  readonly width: number;
  readonly module: WasmModule | null;
  readonly #segments: Segment[] = [];
  readonly #templates: string[] = [];
  readonly #rowOf = new Map<string, number>();
  readonly #numberOf = new Map<string, { readonly number: number; templates: number }>();
  /** Subjects by number, '' where a number is free. */
  readonly #subjects: string[] = [];
  readonly #freeNumbers: number[] = [];

  constructor(width: number, module: WasmModule | null = productModule(quantisedBytes(width))) {
    this.width = width;
    this.module = module;
  }

  get size(): number {
    return this.#templates.length;
  }

  get segments(): readonly Segment[] {
    return this.#segments;
  }

  template(row: number): string {
    return this.#templates[row] as string;
  }

  subject(number: number): string {
    return this.#subjects[number] as string;
  }

  /**
   * Makes room for `rows` in all. Threads may be reading meanwhile.
   *
   * @throws {AppError} GALLERY_UNAVAILABLE when there is not as much memory
   */
  reserve(rows: number): void {
    while (this.#capacity < rows) this.#grow();
  }

  /**
   * A template that is not there yet.
   *
   * @param unit shape [width], of length 1; copied.
   * @throws {AppError} GALLERY_UNAVAILABLE when there is no memory for it
   */
  add(templateId: string, subjectId: string, unit: Float32Array): void {
    const row = this.size;
    this.reserve(row + 1);
    const { segment, at } = this.#place(row);
    segment.write(at, unit);
    segment.subjects[at] = this.#number(subjectId);
    this.#templates.push(templateId);
    this.#rowOf.set(templateId, row);
  }

  /** Nothing happens when it is not there. */
  remove(templateId: string): void {
    const row = this.#rowOf.get(templateId);
    if (row === undefined) return;
    const last = this.size - 1;
    const gap = this.#place(row);
    const end = this.#place(last);
    this.#release(gap.segment.subjects[gap.at] as number);
    if (row !== last) {
      gap.segment.exact.set(exactRow(end), gap.at * this.width);
      gap.segment.quantised(gap.at).set(end.segment.quantised(end.at));
      gap.segment.subjects[gap.at] = end.segment.subjects[end.at] as number;
      const moved = this.#templates[last] as string;
      this.#templates[row] = moved;
      this.#rowOf.set(moved, row);
    }
    // A face can be rebuilt from what would be left behind.
    exactRow(end).fill(0);
    end.segment.quantised(end.at).fill(0);
    end.segment.subjects[end.at] = 0;
    this.#templates.pop();
    this.#rowOf.delete(templateId);
  }

  /**
   * Overwrites all vectors: a little at once, and the rest between other work, so that a large gallery holds up nobody.
   * What is there is not to be used any more, from the call on.
   */
  async wipe(): Promise<void> {
    const size = this.size;
    const segments = this.#segments.splice(0);
    this.#templates.length = 0;
    this.#rowOf.clear();
    this.#numberOf.clear();
    this.#subjects.length = 0;
    let written = 0;
    for (const segment of segments) {
      // What was never written to is not touched: it would only then take memory.
      const used = Math.min(segment.share.capacity, size - segment.share.firstRow);
      for (let row = 0; row < used; row += CHUNK_ROWS) {
        const rows = Math.min(CHUNK_ROWS, used - row);
        if (written > WIPED_AT_ONCE_BYTES) {
          written = 0;
          await new Promise(setImmediate);
        }
        segment.quantised(row, rows).fill(0);
        segment.exact.fill(0, row * this.width, (row + rows) * this.width);
        segment.subjects.fill(0, row, row + rows);
        written += rows * templateBytes(this.width);
      }
    }
  }

  get #capacity(): number {
    const last = this.#segments.at(-1)?.share;
    return last ? last.firstRow + last.capacity : 0;
  }

  #place(row: number): Place {
    const segment = this.#segments.findLast(({ share }) => share.firstRow <= row) as Segment;
    return { segment, at: row - segment.share.firstRow };
  }

  #grow(): void {
    const held = this.#capacity;
    const most = Math.floor(LARGEST_BYTES / templateBytes(this.width) / CHUNK_ROWS) * CHUNK_ROWS;
    // As large as all before it: the room doubles.
    const capacity = Math.max(CHUNK_ROWS, Math.min(most, Math.max(FIRST_CAPACITY, held)));
    try {
      this.#segments.push(new Segment(shareSegment(this.width, capacity, held, this.module !== null), this.module));
    } catch (error) {
      throw new AppError('GALLERY_UNAVAILABLE', `no memory to search more than ${held} templates`, { cause: error });
    }
  }

  #number(subjectId: string): number {
    const held = this.#numberOf.get(subjectId);
    if (held) {
      held.templates += 1;
      return held.number;
    }
    const number = this.#freeNumbers.pop() ?? this.#subjects.length;
    this.#subjects[number] = subjectId;
    this.#numberOf.set(subjectId, { number, templates: 1 });
    return number;
  }

  #release(number: number): void {
    const subjectId = this.subject(number);
    const held = this.#numberOf.get(subjectId);
    if (!held) return;
    held.templates -= 1;
    if (held.templates > 0) return;
    this.#numberOf.delete(subjectId);
    this.#subjects[number] = '';
    this.#freeNumbers.push(number);
  }
}

interface Place {
  readonly segment: Segment;
  /** Row in the segment. */
  readonly at: number;
}

function exactRow({ segment, at }: Place): Float32Array {
  const { width } = segment.share;
  return segment.exact.subarray(at * width, (at + 1) * width);
}
