import { type Observable, Subject } from 'rxjs';
import { AppError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';
import type { DetectorSettings } from '../../config/settings-schema.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { AnalyseOptions, Analysis, AnalysisSlot, Clock, FaceAnalyser, Logger } from '../../pipeline/ports.ts';
import type { ResolvedModel } from '../store.ts';
import type { FaceAnalyserConfig } from './face-analyser.ts';
import { InferenceLink, LINK_DEPTH } from './inference-link.ts';
import { restartDelayMs } from './restart-delay.ts';
import type { RoleProof, RoleReport } from './role-report.ts';
import { WaitingLine } from './waiting-line.ts';

export interface InferencePoolOptions {
  detector: ResolvedModel;
  embedder: ResolvedModel;
  /** For detectors that give boxes only. */
  landmarks?: ResolvedModel;
  settings: {
    detector: DetectorSettings;
    /** Providers of its own; default: `providers`. */
    embedder?: { providers?: 'auto' | string[] | undefined };
    /** Quality below this is unfit, 0..1. */
    oodThreshold: number;
    providers: 'auto' | string[];
  };
  /** How many, ≥ 1: on a CPU one a core. */
  processes: number;
  log: Logger;
  clock: Clock;
  /** What the processes see of the environment (`LD_LIBRARY_PATH`, `CUDA_VISIBLE_DEVICES`). Default: nothing. */
  environment?: Readonly<Record<string, string>>;
  /** Default 60,000. */
  startDeadlineMs?: number;
}

/** Something happened to an inference process. */
export interface PoolEvent {
  /**
   * `died`: it ended by itself. `hung`: it did not answer in time and was killed. `replaced`: its successor is ready.
   * `failed`: its successor cannot start, and no other will be tried.
   */
  readonly type: 'died' | 'hung' | 'replaced' | 'failed';
  readonly pid: number;
  /** Null for `replaced`. */
  readonly code: ErrorCode | null;
  readonly message: string;
  /** Wall clock, milliseconds since 1970. */
  readonly at: number;
}

export interface PoolStats {
  /** Processes that are ready. */
  readonly processes: number;
  /** Pictures inside the processes, worked on or staged. */
  readonly busy: number;
  /** Cameras and requests without a place. */
  readonly waiting: number;
  readonly waitingRequests: number;
  /** Processes that took the place of another since the start. */
  readonly restarts: number;
  /** Pictures given to processes since the start. */
  readonly calls: number;
  readonly perProcess: readonly { readonly pid: number; readonly load: number; readonly calls: number }[];
}

export interface InferencePool extends FaceAnalyser {
  roles(): RoleReport[];
  /** Counters only; cheap. */
  stats(): PoolStats;
  /** Completes when the pool is closed. */
  readonly changes: Observable<PoolEvent>;
  /** Ends all processes and resolves when they are gone; what waits rejects with INFERENCE_CLOSED. Idempotent. */
  close(): Promise<void>;
}

/** Requests that may wait; a further one is told to come back later. */
const MOST_REQUESTS = 16;

/** A deadline's timer that fires this much late, milliseconds, means that we were stopped ourselves. */
const LATE_MS = 250;

/**
 * Starts the inference processes and waits until all of them have run their networks once.
 *
 * @throws {AppError} why a process cannot start: the MODEL codes, INFERENCE_DIED, INFERENCE_DEADLINE. None is left then.
 */
export async function createInferencePool(options: InferencePoolOptions): Promise<InferencePool> {
  const pool = new ProcessPool(options);
  try {
    await pool.start();
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }
}

interface Call {
  readonly id: number;
  readonly image: PixelImage;
  readonly options: AnalyseOptions;
  readonly resolve: (analysis: Analysis) => void;
  readonly reject: (reason: unknown) => void;
  /** Where it is worked on; null while it waits. */
  link: InferenceLink | null;
  /** Stops its deadline. */
  unwatch: () => void;
}

interface CameraWaiting {
  readonly grant: () => void;
  readonly reject: (reason: unknown) => void;
}

class ProcessPool implements InferencePool {
  readonly #options: InferencePoolOptions;
  readonly #config: FaceAnalyserConfig;
  readonly #changes = new Subject<PoolEvent>();
  readonly #links = new Set<InferenceLink>();
  /** All that were started and have not been seen to end, ready or not. */
  readonly #alive = new Set<InferenceLink>();
  /** Their end has been told as `hung`. */
  readonly #hung = new WeakSet<InferenceLink>();
  readonly #waiting = new WaitingLine<CameraWaiting, Call>();
  /** They have a place and no process yet: of a slot's call until the next `#pump`, or while processes are replaced. */
  readonly #granted = new Set<Call>();
  readonly #restartTimers = new Set<NodeJS.Timeout>();
  /** Places handed out whose picture has not come yet. */
  #reserved = 0;
  #restarts = 0;
  #calls = 0;
  #nextId = 1;
  #proofs: readonly RoleProof[] = [];
  /** Why no process is left and none will come. */
  #failure: AppError | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: InferencePoolOptions) {
    this.#options = options;
    const { detector, oodThreshold, providers, embedder } = options.settings;
    const { inputSize, confidence, preset, nms, maxFaces, minFacePx } = detector;
    const detectorProviders = detector.providers ?? providers;
    this.#config = {
      detector: options.detector,
      embedder: options.embedder,
      landmarks: options.landmarks ?? null,
      settings: {
        inputSize,
        confidence,
        preset,
        nms,
        maxFaces,
        minFacePx,
        oodThreshold,
        providers: {
          detector: detectorProviders,
          landmarks: detectorProviders,
          embedder: embedder?.providers ?? providers,
        },
      },
    };
  }

  get changes(): Observable<PoolEvent> {
    return this.#changes.asObservable();
  }

  async start(): Promise<void> {
    const links = Array.from({ length: this.#options.processes }, () => this.#open());
    this.#proofs = (await Promise.all(links.map((link) => link.ready)))[0] ?? [];
    for (const proof of this.#proofs) {
      if (!proof.degraded) continue;
      this.#options.log.warn(
        { role: proof.role, model: proof.model },
        `the ${proof.role} runs on ${proof.provider}, not on ${String(proof.requested)} as asked for`,
      );
    }
    for (const link of links) this.#admit(link, 0);
  }

  async reserve(signal?: AbortSignal): Promise<AnalysisSlot> {
    signal?.throwIfAborted();
    this.#assertOpen();
    await new Promise<void>((resolve, reject) => {
      const leave = this.#waiting.addCamera({
        grant: () => {
          signal?.removeEventListener('abort', aborted);
          resolve();
        },
        reject: (reason) => {
          signal?.removeEventListener('abort', aborted);
          reject(reason);
        },
      });
      const aborted = () => {
        leave();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', aborted, { once: true });
      this.#pump();
    });
    return this.#slot();
  }

  async analyse(image: PixelImage, options: AnalyseOptions = {}): Promise<Analysis> {
    options.signal?.throwIfAborted();
    this.#assertOpen();
    checkImage(image);
    if (this.#waiting.requests >= MOST_REQUESTS) {
      throw new AppError('INFERENCE_BUSY', `${MOST_REQUESTS} pictures are waiting already; try again later`);
    }
    return this.#call(image, options, (call) => this.#waiting.addRequest(call));
  }

  roles(): RoleReport[] {
    return this.#proofs.map((proof) => ({ ...proof, processes: this.#links.size }));
  }

  stats(): PoolStats {
    const perProcess = [...this.#links].map(({ pid, load, calls }) => ({ pid, load, calls }));
    return {
      processes: perProcess.length,
      busy: perProcess.reduce((sum, { load }) => sum + load, 0),
      waiting: this.#waiting.cameras + this.#waiting.requests + this.#granted.size,
      waitingRequests: this.#waiting.requests,
      restarts: this.#restarts,
      calls: this.#calls,
      perProcess,
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    for (const timer of this.#restartTimers) clearTimeout(timer);
    this.#rejectWaiting(closed());
    const alive = [...this.#alive];
    for (const link of alive) link.kill();
    await Promise.all(alive.map((link) => link.gone));
    this.#changes.complete();
  }

  #assertOpen(): void {
    if (this.#closing) throw closed();
    if (this.#failure) throw this.#failure;
  }

  // Places. A process offers LINK_DEPTH of them: one picture is worked on, one crosses meanwhile.

  #slot(): AnalysisSlot {
    let open = true;
    const release = () => {
      if (!open) return false;
      open = false;
      this.#reserved -= 1;
      return true;
    };
    return {
      analyse: async (image, options = {}) => {
        if (!release()) throw new AppError('INTERNAL', 'a slot was used twice, or after its release');
        try {
          options.signal?.throwIfAborted();
          this.#assertOpen();
          checkImage(image);
        } catch (error) {
          this.#pump();
          throw error;
        }
        return this.#call(image, options, (call) => {
          this.#granted.add(call);
          return () => this.#granted.delete(call);
        });
      },
      release: () => {
        if (release()) this.#pump();
      },
    };
  }

  #pump(): void {
    if (this.#closing) return;
    for (const call of this.#granted) {
      const link = this.#leastLoaded();
      if (!link) break;
      this.#granted.delete(call);
      this.#run(call, link);
    }
    while (this.#placesTaken() < this.#links.size * LINK_DEPTH) {
      const next = this.#waiting.next();
      if (!next) return;
      if ('camera' in next) {
        this.#reserved += 1;
        next.camera.grant();
      } else {
        const link = this.#leastLoaded();
        if (link) this.#run(next.request, link);
        else this.#granted.add(next.request);
      }
    }
  }

  #placesTaken(): number {
    let loads = 0;
    for (const link of this.#links) loads += link.load;
    return this.#reserved + this.#granted.size + loads;
  }

  #leastLoaded(): InferenceLink | null {
    let best: InferenceLink | null = null;
    for (const link of this.#links) if (link.load < (best?.load ?? LINK_DEPTH)) best = link;
    return best;
  }

  // Calls.

  #call(image: PixelImage, options: AnalyseOptions, wait: (call: Call) => () => void): Promise<Analysis> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const settled = () => {
        // A process that still has the picture stays watched, whoever has lost interest.
        if (!call.link) call.unwatch();
        leave();
        signal?.removeEventListener('abort', aborted);
      };
      const call: Call = {
        id: this.#nextId++,
        image,
        options,
        link: null,
        unwatch: () => {},
        resolve: (analysis) => {
          settled();
          resolve(analysis);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      };
      // The child finishes a picture that it has; its answer is then nobody's.
      const aborted = () => call.reject(signal?.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      call.unwatch = this.#watch(call);
      const leave = wait(call);
      this.#pump();
    });
  }

  #run(call: Call, link: InferenceLink): void {
    const { confidence, nms, maxFaces, want } = call.options;
    call.link = link;
    this.#calls += 1;
    const options = {
      ...(confidence !== undefined && { confidence }),
      ...(nms !== undefined && { nms }),
      ...(maxFaces !== undefined && { maxFaces }),
      ...(want !== undefined && { want }),
    };
    link
      .analyse(call.id, call.image, options)
      .then(call.resolve, call.reject)
      .finally(() => {
        call.unwatch();
        this.#pump();
      });
  }

  /** @returns what stops the deadline. */
  #watch(call: Call): () => void {
    const deadlineMs = call.options.deadlineMs ?? this.#options.settings.detector.deadlineMs;
    const { clock } = this.#options;
    let timer: NodeJS.Timeout | NodeJS.Immediate;
    const arm = (graceLeft: boolean) => {
      const dueMs = clock.monotonicMs() + deadlineMs;
      timer = setTimeout(() => {
        if (graceLeft && clock.monotonicMs() - dueMs > LATE_MS) {
          // We were stopped or starved ourselves, and the process perhaps with us: it gets its time once more.
          arm(false);
          return;
        }
        // An answer that is there already is read before this runs.
        timer = setImmediate(() => {
          if (this.#overdue(call, deadlineMs) === 'behind another') arm(true);
        });
      }, deadlineMs);
    };
    arm(true);
    return () => {
      clearTimeout(timer as NodeJS.Timeout);
      clearImmediate(timer as NodeJS.Immediate);
    };
  }

  #overdue(call: Call, deadlineMs: number): 'hung' | 'behind another' | 'waiting' {
    const { link } = call;
    const what = link ? `inference process ${link.pid} did not answer` : 'no inference process was free';
    const error = new AppError('INFERENCE_DEADLINE', `${what} within ${deadlineMs} ms`);
    call.reject(error);
    if (!link) return 'waiting';
    // A picture that only waited behind another one says nothing about the process; its own turn may.
    if (link.running !== call.id) return 'behind another';
    this.#emit('hung', link, error);
    this.#hung.add(link);
    this.#links.delete(link);
    link.kill();
    return 'hung';
  }

  // Processes.

  #open(): InferenceLink {
    const { environment = {}, startDeadlineMs = 60_000, log } = this.#options;
    const link = new InferenceLink({ config: this.#config, environment, startDeadlineMs, log });
    this.#alive.add(link);
    link.gone.then(() => this.#alive.delete(link));
    return link;
  }

  /** @param failures processes of this place that ended without having answered anything, one after the other. */
  #admit(link: InferenceLink, failures: number): void {
    this.#links.add(link);
    link.gone.then((how) => {
      this.#links.delete(link);
      if (this.#closing) return;
      const error = new AppError('INFERENCE_DIED', `inference process ${link.pid} ended with ${how}`);
      if (!this.#hung.has(link)) this.#emit('died', link, error);
      this.#replace(link, link.answered ? 1 : failures + 1);
    });
    this.#pump();
  }

  #replace(gone: InferenceLink, failures: number): void {
    const timer = setTimeout(async () => {
      this.#restartTimers.delete(timer);
      const link = this.#open();
      try {
        this.#proofs = await link.ready;
        if (this.#closing) return;
        this.#restarts += 1;
        this.#emit('replaced', link, null, `inference process ${link.pid} took the place of ${gone.pid}`);
        this.#admit(link, failures);
      } catch (reason) {
        const error = AppError.from(reason, 'INFERENCE_DIED');
        await link.gone;
        if (this.#closing) return;
        if (link.hopeless) this.#giveUp(link, error);
        else {
          this.#emit('died', link, error);
          this.#replace(link, failures + 1);
        }
      }
    }, restartDelayMs(failures));
    this.#restartTimers.add(timer);
  }

  #giveUp(link: InferenceLink, error: AppError): void {
    this.#emit('failed', link, error);
    if (this.#links.size > 0 || this.#alive.size > 0 || this.#restartTimers.size > 0) return;
    this.#failure = error;
    this.#rejectWaiting(error);
  }

  #rejectWaiting(error: AppError): void {
    const { cameras, requests } = this.#waiting.clear();
    for (const camera of cameras) camera.reject(error);
    for (const call of [...requests, ...this.#granted]) call.reject(error);
    for (const link of this.#alive) link.rejectAll(error);
  }

  #emit(type: PoolEvent['type'], link: InferenceLink, error: AppError | null, message = error?.message ?? ''): void {
    const { log, clock } = this.#options;
    const fields = { pid: link.pid, ...(error && { code: error.code }) };
    if (error) log.error(fields, message);
    else log.info(fields, message);
    this.#changes.next({ type, pid: link.pid, code: error?.code ?? null, message, at: clock.wallMs() });
  }
}

function closed(): AppError {
  return new AppError('INFERENCE_CLOSED', 'the inference processes are stopped');
}

function checkImage({ width, height, data }: PixelImage): void {
  if (width > 0 && height > 0 && data.byteLength === width * height * 3) return;
  throw new AppError(
    'INTERNAL',
    `a picture of ${width}×${height} must have ${width * height * 3} bytes of RGB24, got ${data.byteLength}`,
  );
}
