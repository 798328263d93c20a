import type { BestTemplate } from './best-subjects.ts';
import type { SegmentShare } from './segment.ts';
import type { WasmModule } from './web-assembly.ts';

/** What a search thread is started with. */
export interface ThreadSetup {
  /** Its lane in the segments. */
  readonly lane: number;
  readonly module: WasmModule | null;
}

/** Rows to search, together with all other threads that got the same `next`. */
export interface SearchJob {
  readonly job: number;
  readonly segments: readonly SegmentShare[];
  /** Rows in all segments. */
  readonly rows: number;
  /** Unit vectors. */
  readonly probes: readonly Float32Array[];
  readonly k: number;
  /** One int32: the next chunk of rows that nobody has taken. */
  readonly next: SharedArrayBuffer;
}

export type ToThread = SearchJob;

export type FromThread =
  | { readonly type: 'ready' }
  /** For each probe what this thread found in its share of the rows. */
  | { readonly type: 'found'; readonly job: number; readonly best: readonly (readonly BestTemplate[])[] };
