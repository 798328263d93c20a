import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../config/app-error.ts';
import { type BestTemplate, mergeBest } from './best-subjects.ts';
import type { FromThread, SearchJob, ThreadSetup } from './search-messages.ts';
import type { WasmModule } from './web-assembly.ts';

export interface SearchThreadsOptions {
  /** How many, 1 to LANES − 1. */
  count: number;
  module: WasmModule | null;
  /** Program of a thread. */
  entry?: URL;
}

interface Thread {
  readonly worker: Worker;
  readonly ready: Promise<boolean>;
  readonly gone: Promise<void>;
  isReady: boolean;
}

/** Which of the threads has not answered yet, and what the others found. */
interface Running {
  readonly job: number;
  readonly waitingFor: Set<Thread>;
  readonly parts: (readonly (readonly BestTemplate[])[])[];
  died: boolean;
  readonly done: () => void;
}

/** A search is tried so often when threads die under it. */
const TRIES = 3;
const ENTRY = new URL(`./search-thread${extname(fileURLToPath(import.meta.url))}`, import.meta.url);

/** Threads that search the same rows together, one search at a time. One that dies is replaced, and its search begun again. */
export class SearchThreads implements AsyncDisposable {
  readonly #options: SearchThreadsOptions;
  readonly #threads: (Thread | undefined)[];
  #running: Running | undefined;
  #jobs = 0;
  /** What the last thread that died of an error died of. */
  #trouble: unknown;
  #closing: Promise<void> | undefined;
  #whenIdle: Promise<unknown> = Promise.resolve();

  constructor(options: SearchThreadsOptions) {
    this.#options = options;
    this.#threads = Array.from({ length: options.count });
  }

  /** Starts those that are not there. A search does it too, and then waits for it. */
  start(): void {
    if (!this.#closing) this.#fill();
  }

  /**
   * The best of each probe among the first `rows` of `segments`, which do not change until this is settled.
   *
   * @throws {AppError} GALLERY_UNAVAILABLE when threads cannot be started, or die again and again; or when it is closed
   */
  search(search: Pick<SearchJob, 'segments' | 'rows' | 'probes' | 'k'>): Promise<(readonly BestTemplate[])[]> {
    if (this.#closing) return Promise.reject(closed());
    const answer = this.#whenIdle.then(() => this.#search(search));
    this.#whenIdle = answer.catch(() => undefined);
    return answer;
  }

  /** Waits for the search that runs, then ends the threads. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#whenIdle;
      const threads = this.#threads.filter((thread) => thread !== undefined);
      for (const { worker } of threads) void worker.terminate();
      await Promise.all(threads.map(({ gone }) => gone));
    })();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #search(search: Pick<SearchJob, 'segments' | 'rows' | 'probes' | 'k'>): Promise<(readonly BestTemplate[])[]> {
    try {
      for (let attempt = 1; attempt <= TRIES; attempt += 1) {
        const threads = await this.#readyThreads();
        const running = await this.#run(threads, { ...search, job: ++this.#jobs, next: new SharedArrayBuffer(4) });
        const { parts, died } = running;
        if (!died)
          return search.probes.map((_, p) =>
            mergeBest(
              parts.map((part) => part[p] ?? []),
              search.k,
            ),
          );
      }
    } finally {
      // A program that has nothing else to do may end.
      for (const thread of this.#threads) thread?.worker.unref();
    }
    throw new AppError('GALLERY_UNAVAILABLE', `the threads that search the gallery died ${TRIES} times in a row`, {
      cause: this.#trouble,
    });
  }

  async #run(threads: readonly Thread[], job: SearchJob): Promise<Running> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const running: Running = { job: job.job, waitingFor: new Set(threads), parts: [], died: false, done: resolve };
    this.#running = running;
    for (const { worker } of threads) worker.postMessage(job);
    await promise;
    this.#running = undefined;
    return running;
  }

  /** All that are ready; when none is, the first that will be. */
  async #readyThreads(): Promise<Thread[]> {
    // Also while it closes: what was asked before is answered.
    this.#fill();
    const threads = this.#threads.filter((thread) => thread !== undefined);
    for (const { worker } of threads) worker.ref();
    const ready = () => threads.filter(({ isReady }) => isReady);
    if (ready().length === 0) {
      const any = threads.map(async (thread) => {
        if (!(await thread.ready)) throw new Error('it ended before it was ready');
      });
      await Promise.any(any).catch(() => {
        throw new AppError('GALLERY_UNAVAILABLE', 'no thread to search the gallery could be started', {
          cause: this.#trouble,
        });
      });
    }
    return ready();
  }

  #fill(): void {
    for (const lane of this.#threads.keys()) this.#threads[lane] ??= this.#begin(lane);
  }

  #begin(lane: number): Thread {
    const { module, entry = ENTRY } = this.#options;
    const setup: ThreadSetup = { lane: lane + 1, module };
    const worker = new Worker(entry, { workerData: setup, env: {}, execArgv: [] });
    worker.unref();
    const ready = Promise.withResolvers<boolean>();
    const gone = Promise.withResolvers<void>();
    const thread: Thread = { worker, ready: ready.promise, gone: gone.promise, isReady: false };
    worker.on('message', (message: FromThread) => {
      if (message.type === 'ready') {
        thread.isReady = true;
        ready.resolve(true);
        return;
      }
      const running = this.#running;
      if (running?.job !== message.job) return;
      running.parts.push(message.best);
      this.#answered(thread);
    });
    // `exit` follows.
    worker.on('error', (error) => {
      this.#trouble = error;
    });
    worker.on('exit', () => {
      thread.isReady = false;
      if (this.#threads[lane] === thread) this.#threads[lane] = undefined;
      ready.resolve(false);
      gone.resolve();
      if (this.#running?.waitingFor.has(thread)) {
        this.#running.died = true;
        this.#answered(thread);
      }
    });
    return thread;
  }

  #answered(thread: Thread): void {
    const running = this.#running;
    if (!running) return;
    running.waitingFor.delete(thread);
    // A repeated search must not run beside what the others still do: their lanes are theirs.
    if (running.waitingFor.size === 0) running.done();
  }
}

function closed(): AppError {
  return new AppError('GALLERY_UNAVAILABLE', 'the search of the gallery is closed');
}
