import { availableParallelism } from 'node:os';
import { AppError } from '../config/app-error.ts';
import { lengthOf } from './embedding-blob.ts';
import type { BestTemplate } from './search/best-subjects.ts';
import { LARGEST_GROUP } from './search/product-kernel.ts';
import { RowScan } from './search/row-scan.ts';
import type { SearchJob } from './search/search-messages.ts';
import { SearchThreads } from './search/search-threads.ts';
import { BLOCK_ROWS, LANES, MOST_PROBES, quantisedBytes } from './search/segment.ts';
import { TemplateRows } from './search/template-rows.ts';

export interface IndexHit {
  readonly subjectId: string;
  /** Cosine of the probe and the subject's best template, −1..1. */
  readonly similarity: number;
}

export interface EmbeddingIndexOptions {
  /** Threads for large searches: 1 to 8; default as many as there are cores, at most 4. */
  threads?: number;
  /** A search that reads more bytes than this leaves the calling thread; default about half a millisecond's worth. */
  onCallingThreadBytes?: number;
  /** Program of a search thread. */
  threadEntry?: URL;
  /** Called when threads cannot be had and the calling thread searches in their place. */
  onThreadsMissing?: (error: unknown) => void;
}

/** Probes that may wait, besides those of a search that waits alone. */
const MOST_WAITING = 1024;
/** Quantised rows of about half a millisecond, for each group of eight probes. */
const ON_CALLING_THREAD_BYTES = 4 * 2 ** 20;
/** Without WebAssembly a search is that much slower. */
const PLAIN_FACTOR = 30;
/** Memory bandwidth is what more threads would share. */
export const MOST_SEARCH_THREADS = 4;
/** Where threads cannot be had: the calling thread's own work is let in so often, and threads are tried again so late. */
const TURN_MS = 2;
const THREADS_AGAIN_MS = 30_000;

type Change =
  | { readonly type: 'add'; readonly templateId: string; readonly subjectId: string; readonly unit: Float32Array }
  | { readonly type: 'remove'; readonly templateId: string };

interface Search {
  /** Unit vectors; null for one that has no direction. */
  readonly probes: readonly (Float32Array | null)[];
  readonly k: number;
  readonly resolve: (hits: IndexHit[][]) => void;
  readonly reject: (error: unknown) => void;
}

/** Searches that the threads work on, all in the same state of the rows. */
interface Round {
  readonly rows: TemplateRows;
  /** What was called meanwhile, and happens to the rows when the round is over. */
  readonly changes: Change[];
  /** Templates that went meanwhile. */
  readonly gone: Set<string>;
  /** All of them did. */
  cleared: boolean;
}

/**
 * Exact cosine search over unit vectors, as many as fit into memory. A small search is answered at once by the calling
 * thread; a large one by threads that share the rows, together with whatever else waits. Rows do not change while threads
 * read them: what is put or removed meanwhile counts at once for {@link size} and for every later search, and reaches the
 * rows when that search is over, a few milliseconds later. What a running search found is not answered when it was removed
 * meanwhile: the search is repeated.
 */
export class EmbeddingIndex implements AsyncDisposable {
  readonly width: number;
  readonly #options: EmbeddingIndexOptions;
  #rows: TemplateRows;
  /** Subject of each template, and templates of each subject, changes that wait included. */
  readonly #subjectOf = new Map<string, string>();
  readonly #templatesOf = new Map<string, number>();
  #waiting: Search[] = [];
  #waitingProbes = 0;
  #round: Round | undefined;
  #threads: SearchThreads | undefined;
  /** Of performance.now(). */
  #noThreadsUntilMs = Number.NEGATIVE_INFINITY;
  /** Rows that went and are being overwritten. */
  readonly #wiping = new Set<Promise<void>>();
  #closing: Promise<void> | undefined;
  #idle: Promise<void> = Promise.resolve();

  constructor(width: number, options: EmbeddingIndexOptions = {}) {
    this.width = width;
    this.#options = options;
    this.#rows = new TemplateRows(width);
  }

  /** Templates in the index. */
  get size(): number {
    return this.#subjectOf.size;
  }

  /** Templates of one subject. */
  countOf(subjectId: string): number {
    return this.#templatesOf.get(subjectId) ?? 0;
  }

  /**
   * @param vector shape [width], not zero; copied, scaled to length 1. Replaces the template's former vector.
   * @throws {AppError} GALLERY_UNAVAILABLE when there is no memory for it
   */
  put(templateId: string, subjectId: string, vector: Float32Array): void {
    this.#rows.reserve(this.#rows.size + (this.#roundOfRows?.changes.length ?? 0) + 1);
    this.remove(templateId);
    this.#change({ type: 'add', templateId, subjectId, unit: unitVector(vector) });
    this.#subjectOf.set(templateId, subjectId);
    this.#templatesOf.set(subjectId, this.countOf(subjectId) + 1);
    // They are there before the first search needs them.
    if (!this.#closing && this.#isLarge(1) && !this.#threadsMissing) this.#searchThreads().start();
  }

  /** Nothing happens when the template is not there. */
  remove(templateId: string): void {
    const subjectId = this.#subjectOf.get(templateId);
    if (subjectId === undefined) return;
    this.#change({ type: 'remove', templateId });
    this.#subjectOf.delete(templateId);
    const left = this.countOf(subjectId) - 1;
    if (left > 0) this.#templatesOf.set(subjectId, left);
    else this.#templatesOf.delete(subjectId);
  }

  /**
   * Empties it at once. What was there is overwritten between other work, or when threads that still read it are done;
   * {@link close} waits for that.
   */
  clear(): void {
    const round = this.#roundOfRows;
    if (round) round.cleared = true;
    else this.#wipe(this.#rows);
    this.#rows = new TemplateRows(this.width, this.#rows.module);
    this.#subjectOf.clear();
    this.#templatesOf.clear();
  }

  /**
   * @param probes each of shape [width]; one that is zero or holds something that is not a number finds nobody.
   * @returns for each probe the `k` most similar subjects, best first, each by its best template.
   * @throws {AppError} GALLERY_UNAVAILABLE when too many searches wait, or the index is closed
   */
  async search(probes: readonly Float32Array[], k: number): Promise<IndexHit[][]> {
    if (this.#closing) throw closed();
    const units = probes.map((probe) => (lengthOf(probe) > 0 ? unitVector(probe) : null));
    if (this.#waiting.length > 0 && this.#waitingProbes + units.length > MOST_WAITING) {
      throw new AppError('GALLERY_UNAVAILABLE', `${this.#waitingProbes} faces wait to be searched already`);
    }
    if (!this.#round && !this.#isLarge(units.length)) return this.#searchHere(units, k);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ probes: units, k, resolve, reject });
      this.#waitingProbes += units.length;
      if (!this.#round) this.#idle = this.#work();
    });
  }

  /** Waits for the searches that run, refuses those that wait, ends the threads and overwrites the vectors. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      for (const { reject } of this.#takeWaiting(Number.POSITIVE_INFINITY)) reject(closed());
      await this.#idle;
      await this.#threads?.close();
      this.clear();
      await Promise.all(this.#wiping);
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Whether a search takes long enough to leave the calling thread. */
  #isLarge(probes: number): boolean {
    const { onCallingThreadBytes = ON_CALLING_THREAD_BYTES } = this.#options;
    const bytes = this.#rows.size * quantisedBytes(this.width) * Math.ceil(probes / LARGEST_GROUP);
    return bytes * (this.#rows.module ? 1 : PLAIN_FACTOR) > onCallingThreadBytes;
  }

  #searchThreads(): SearchThreads {
    const { threads = Math.min(MOST_SEARCH_THREADS, availableParallelism()), threadEntry } = this.#options;
    const count = Math.max(1, Math.min(LANES - 1, threads));
    this.#threads ??= new SearchThreads({
      count,
      module: this.#rows.module,
      ...(threadEntry && { entry: threadEntry }),
    });
    return this.#threads;
  }

  /** The round that reads the rows as they are now. */
  get #roundOfRows(): Round | undefined {
    return this.#round?.rows === this.#rows ? this.#round : undefined;
  }

  #change(change: Change): void {
    const round = this.#roundOfRows;
    if (change.type === 'remove') round?.gone.add(change.templateId);
    if (round) round.changes.push(change);
    else apply(change, this.#rows);
  }

  #searchHere(units: readonly (Float32Array | null)[], k: number): IndexHit[][] {
    const rows = this.#rows;
    const best: (readonly BestTemplate[])[] = [];
    const probes = units.filter((unit) => unit !== null);
    for (let first = 0; first < probes.length; first += MOST_PROBES) {
      const scan = new RowScan(probes.slice(first, first + MOST_PROBES), k, 0);
      for (const segment of rows.segments) {
        const end = Math.min(segment.share.capacity, rows.size - segment.share.firstRow);
        if (end > 0) scan.scan(segment, 0, end);
      }
      scan.wipe();
      for (const each of scan.best) best.push(each.list);
    }
    return hitsOf(units, best, rows);
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      // The first whole, and with it what fits beside it.
      const searches = this.#takeWaiting(MOST_PROBES);
      const round: Round = { rows: this.#rows, changes: [], gone: new Set(), cleared: false };
      this.#round = round;
      let found: (readonly BestTemplate[])[] = [];
      let failure: { readonly error: unknown } | undefined;
      try {
        found = await this.#searchThere(round.rows, searches);
      } catch (error) {
        failure = { error };
      }
      let next = 0;
      const repeated: Search[] = [];
      for (const search of searches) {
        const count = search.probes.filter((probe) => probe !== null).length;
        const best = found.slice(next, next + count).map((list) => list.slice(0, search.k));
        next += count;
        if (failure) search.reject(failure.error);
        else if (!best.flat().some(({ row }) => round.cleared || round.gone.has(round.rows.template(row)))) {
          search.resolve(hitsOf(search.probes, best, round.rows));
        } else if (this.#closing) search.reject(closed());
        else repeated.push(search);
      }
      this.#round = undefined;
      this.#settle(round);
      this.#waiting.unshift(...repeated);
      for (const { probes } of repeated) this.#waitingProbes += probes.length;
    }
  }

  async #searchThere(rows: TemplateRows, searches: readonly Search[]): Promise<(readonly BestTemplate[])[]> {
    const probes = searches.flatMap((search) => search.probes.filter((probe) => probe !== null));
    const k = Math.max(...searches.map((search) => search.k));
    const segments = rows.segments.map(({ share }) => share);
    const found: (readonly BestTemplate[])[] = [];
    for (let first = 0; first < probes.length; first += MOST_PROBES) {
      const some = probes.slice(first, first + MOST_PROBES);
      found.push(...(await this.#searchByThreads({ segments, rows: rows.size, probes: some, k }, rows)));
    }
    return found;
  }

  get #threadsMissing(): boolean {
    return performance.now() < this.#noThreadsUntilMs;
  }

  /** By threads; where none can be had, by the calling thread, a little at a time: a door waits rather than fails. */
  async #searchByThreads(
    search: Pick<SearchJob, 'segments' | 'rows' | 'probes' | 'k'>,
    rows: TemplateRows,
  ): Promise<(readonly BestTemplate[])[]> {
    if (!this.#threadsMissing) {
      try {
        return await this.#searchThreads().search(search);
      } catch (error) {
        this.#noThreadsUntilMs = performance.now() + THREADS_AGAIN_MS;
        this.#options.onThreadsMissing?.(error);
      }
    }
    const scan = new RowScan(search.probes, search.k, 0);
    let turnEndsMs = performance.now() + TURN_MS;
    for (const segment of rows.segments) {
      const end = Math.min(segment.share.capacity, search.rows - segment.share.firstRow);
      for (let row = 0; row < end; row += BLOCK_ROWS) {
        scan.scan(segment, row, Math.min(row + BLOCK_ROWS, end));
        if (performance.now() < turnEndsMs) continue;
        await new Promise(setImmediate);
        turnEndsMs = performance.now() + TURN_MS;
      }
    }
    scan.wipe();
    return scan.best.map((best) => best.list);
  }

  #wipe(rows: TemplateRows): void {
    const wiping = rows.wipe().finally(() => this.#wiping.delete(wiping));
    this.#wiping.add(wiping);
  }

  /** Lets the rows have what was called while threads read them. */
  #settle({ rows, changes }: Round): void {
    if (rows !== this.#rows) this.#wipe(rows);
    for (const change of changes) {
      if (rows === this.#rows) apply(change, rows);
      else if (change.type === 'add') change.unit.fill(0);
    }
  }

  /** Takes at least one search, as long as there is one. */
  #takeWaiting(probes: number): Search[] {
    let count = 0;
    let taken = 0;
    for (const search of this.#waiting) {
      if (count > 0 && taken + search.probes.length > probes) break;
      taken += search.probes.length;
      count += 1;
    }
    this.#waitingProbes -= taken;
    return this.#waiting.splice(0, count);
  }
}

function apply(change: Change, rows: TemplateRows): void {
  if (change.type === 'remove') rows.remove(change.templateId);
  else {
    rows.add(change.templateId, change.subjectId, change.unit);
    change.unit.fill(0);
  }
}

function hitsOf(
  probes: readonly (Float32Array | null)[],
  best: readonly (readonly BestTemplate[])[],
  rows: TemplateRows,
): IndexHit[][] {
  let next = 0;
  return probes.map((probe) => {
    const list = probe ? (best[next++] ?? []) : [];
    return list.map(({ subject, similarity }) => ({
      subjectId: rows.subject(subject),
      similarity: Math.max(-1, Math.min(1, similarity)),
    }));
  });
}

function unitVector(vector: Float32Array): Float32Array {
  const scale = 1 / lengthOf(vector);
  return vector.map((value) => value * scale);
}

function closed(): AppError {
  return new AppError('GALLERY_UNAVAILABLE', 'the search of the gallery is closed');
}
