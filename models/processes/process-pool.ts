import { type Observable, Subject } from 'rxjs';
import { AppError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { InferenceLink } from './inference-link.ts';
import { Places } from './places.ts';
import type { PlacementGroup } from './plan-placement.ts';
import type { NetworksConfig } from './process-messages.ts';
import { proofWords } from './proof-words.ts';
import type { RoleProof, RoleReport } from './role-report.ts';
import { type ProcessEvent, SupervisedProcesses, TROUBLES_BEFORE_LIGHTER } from './supervised-processes.ts';
import { watchDeadline } from './watch-deadline.ts';

export interface ProcessPoolOptions {
  /** What each of its processes holds. */
  readonly config: NetworksConfig;
  readonly group: Pick<
    PlacementGroup,
    'device' | 'isolation' | 'environment' | 'processes' | 'deadlineMs' | 'memoryLimitMb'
  >;
  readonly cores: number;
  /** What every inference process sees of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Pictures that a process may be given at once, if it turns out to gain from that. */
  readonly most: number;
  readonly startDeadlineMs: number;
  /**
   * After running out of memory again and again: what the processes are to hold from then on; null where there is nothing
   * lighter. Default: nothing.
   */
  readonly lighter?: ((config: NetworksConfig) => Promise<NetworksConfig | null>) | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Something happened to an inference process. */
export interface PoolEvent {
  readonly type: ProcessEvent;
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
  /** Processes that ran out of memory, or took more than they may. */
  readonly outOfMemory: number;
  /** Times that a lighter network was taken for want of memory. */
  readonly lightened: number;
  /** Pictures given to processes since the start. */
  readonly calls: number;
  readonly perProcess: readonly { readonly pid: number; readonly load: number; readonly calls: number }[];
}

export interface CallOptions {
  /** Milliseconds from the call until the process that works on it is given up. Default: the group's. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A free place, held until `release()`; used once. */
export interface PoolSlot<Options, Answer> {
  /** The image's pixels are not read after the promise settles. */
  ask(image: PixelImage, options: Options, call?: CallOptions): Promise<Answer>;
  /** Idempotent; a slot that was used releases itself. */
  release(): void;
}

/** Requests that may wait; a further one is told to come back later. */
const MOST_REQUESTS = 16;

interface Call<Answer> {
  readonly id: number;
  readonly image: PixelImage;
  readonly options: unknown;
  readonly deadlineMs: number;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
  /** Where it is worked on; null while it waits. */
  link: InferenceLink | null;
  /** Stops its deadline. */
  unwatch: () => void;
}

/**
 * Pictures in, answers out, through inference processes that all hold the same networks. What they are asked and what
 * they answer is theirs: `Options` and `Answer` only have to survive being cloned.
 */
export class ProcessPool<Options, Answer> {
  readonly #options: ProcessPoolOptions;
  readonly #changes = new Subject<PoolEvent>();
  readonly #processes: SupervisedProcesses;
  readonly #places: Places<Call<Answer>>;
  /** What the log said last of each network. */
  readonly #toldProofs = new Map<string, string>();
  /** What processes hold that are started from now on. */
  #config: NetworksConfig;
  #lightened = 0;
  #calls = 0;
  #nextId = 1;
  /** Why no process is left and none will come. */
  #failure: AppError | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.#config = options.config;
    const { group, clock } = options;
    const isThread = group.isolation === 'thread';
    this.#processes = new SupervisedProcesses({
      open: () => this.#open(),
      processes: group.processes,
      cores: options.cores,
      // A thread has no memory of its own that could be measured.
      memoryLimitMb: isThread ? null : group.memoryLimitMb,
      clock,
      lighten: (reason) => this.#lighten(reason),
      tell: (type, link, error, message) => this.#tell(type, link, error, message),
      proved: (proofs) => this.#tellProofs(proofs),
      readied: () => this.#places.pump(),
      failed: (error) => {
        this.#failure = error;
        this.#rejectWaiting(error);
      },
    });
    this.#places = new Places({ links: this.#processes.links, run: (call, link) => this.#run(call, link) });
  }

  /** Completes when the pool is closed. */
  get changes(): Observable<PoolEvent> {
    return this.#changes.asObservable();
  }

  /**
   * Starts the processes and waits until all of them have run their networks once. What fails leaves closing to the caller.
   *
   * @throws {AppError} why a process cannot start: the MODEL codes, INFERENCE_DIED, INFERENCE_DEADLINE.
   */
  async start(): Promise<void> {
    const { group, log } = this.#options;
    if (group.isolation === 'thread' && group.memoryLimitMb !== null) {
      log.warn({}, `memoryLimitMb ${group.memoryLimitMb} is not watched: a thread has no memory of its own`);
    }
    await this.#processes.start();
  }

  /** Waits for a place before everybody who asks: first come, first served. */
  async reserve(signal?: AbortSignal): Promise<PoolSlot<Options, Answer>> {
    signal?.throwIfAborted();
    this.#assertOpen();
    await this.#places.reserve(signal);
    return this.#slot();
  }

  /**
   * Waits in a bounded queue, behind those who reserve.
   *
   * @throws {AppError} INFERENCE_BUSY when the queue is full.
   */
  async ask(image: PixelImage, options: Options, call: CallOptions = {}): Promise<Answer> {
    call.signal?.throwIfAborted();
    this.#assertOpen();
    checkImage(image);
    if (this.#places.waitingRequests >= MOST_REQUESTS) {
      throw new AppError('INFERENCE_BUSY', `${MOST_REQUESTS} pictures are waiting already; try again later`);
    }
    return this.#call(image, options, call, (waiting) => this.#places.queue(waiting));
  }

  /** For what has waited for a place already, in another pool: goes before all who wait, and has its deadline from now on. */
  async askFirst(image: PixelImage, options: Options, call: CallOptions = {}): Promise<Answer> {
    call.signal?.throwIfAborted();
    this.#assertOpen();
    checkImage(image);
    return this.#call(image, options, call, (waiting) => this.#places.goFirst(waiting));
  }

  roles(): RoleReport[] {
    const { device, isolation } = this.#options.group;
    const processes = this.#processes.links.size;
    const { restarts } = this.#processes;
    const asked = detectorOf(this.#options.config);
    return this.#processes.proofs.map((proof) => ({
      ...proof,
      // What the device was to be is not what it is where the CPU had to do.
      device: proof.provider === 'cpu' ? 'cpu' : device,
      isolation,
      processes,
      restarts,
      insteadOf: proof.role === 'detector' && proof.model !== asked ? asked : null,
    }));
  }

  stats(): PoolStats {
    const perProcess = [...this.#processes.links].map(({ pid, load, calls }) => ({ pid, load, calls }));
    return {
      processes: perProcess.length,
      busy: perProcess.reduce((sum, { load }) => sum + load, 0),
      waiting: this.#places.waiting,
      waitingRequests: this.#places.waitingRequests,
      restarts: this.#processes.restarts,
      outOfMemory: this.#processes.outOfMemory,
      lightened: this.#lightened,
      calls: this.#calls,
      perProcess,
    };
  }

  /** Ends all processes and resolves when they are gone; what waits rejects with INFERENCE_CLOSED. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#rejectWaiting(closed());
    await this.#processes.close(closed());
    this.#changes.complete();
  }

  #assertOpen(): void {
    if (this.#closing) throw closed();
    if (this.#failure) throw this.#failure;
  }

  #slot(): PoolSlot<Options, Answer> {
    let open = true;
    return {
      ask: async (image, options, call = {}) => {
        if (!open) throw new AppError('INTERNAL', 'a slot was used twice, or after its release');
        open = false;
        try {
          call.signal?.throwIfAborted();
          this.#assertOpen();
          checkImage(image);
        } catch (error) {
          this.#places.giveBack();
          throw error;
        }
        return this.#call(image, options, call, (waiting) => this.#places.occupy(waiting));
      },
      release: () => {
        if (!open) return;
        open = false;
        this.#places.giveBack();
      },
    };
  }

  #call(
    image: PixelImage,
    options: Options,
    { signal, deadlineMs }: CallOptions,
    wait: (call: Call<Answer>) => () => void,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const settled = () => {
        // A process that still has the picture stays watched, whoever has lost interest.
        if (!call.link) call.unwatch();
        leave();
        signal?.removeEventListener('abort', aborted);
      };
      const call: Call<Answer> = {
        id: this.#nextId++,
        image,
        options,
        deadlineMs: deadlineMs ?? this.#options.group.deadlineMs,
        link: null,
        unwatch: () => {},
        resolve: (answer) => {
          settled();
          resolve(answer);
        },
        reject: (reason) => {
          settled();
          reject(reason);
        },
      };
      // The child finishes a picture that it has; its answer is then nobody's.
      const aborted = () => call.reject(signal?.reason);
      signal?.addEventListener('abort', aborted, { once: true });
      call.unwatch = watchDeadline(this.#options.clock, call.deadlineMs, () => this.#overdue(call));
      const leave = wait(call);
      this.#places.pump();
    });
  }

  #run(call: Call<Answer>, link: InferenceLink): void {
    call.link = link;
    this.#calls += 1;
    link
      .ask(call.id, call.image, call.options)
      .then((answer) => call.resolve(answer as Answer), call.reject)
      .finally(() => {
        call.unwatch();
        this.#places.pump();
      });
  }

  #overdue(call: Call<Answer>): 'wait' | 'over' {
    const { link, deadlineMs } = call;
    const what = link ? `${link.name} did not answer` : 'no inference process was free';
    const error = new AppError('INFERENCE_DEADLINE', `${what} within ${deadlineMs} ms`);
    call.reject(error);
    // A picture that only waited behind another one says nothing about the process; its own turn may.
    if (link && link.running !== call.id) return 'wait';
    if (link) this.#processes.giveUpOn(link, error);
    return 'over';
  }

  #open(): InferenceLink {
    const { group, environment, most, startDeadlineMs, log } = this.#options;
    return new InferenceLink({
      config: this.#config,
      host: group.isolation === 'thread' ? 'thread' : 'process',
      environment: { ...environment, ...group.environment },
      startDeadlineMs,
      most,
      log,
    });
  }

  async #lighten(reason: AppError): Promise<boolean> {
    const { lighter, log } = this.#options;
    const before = detectorOf(this.#config);
    try {
      const config = await lighter?.(this.#config);
      if (!config) return false;
      this.#config = config;
    } catch (error) {
      log.warn({ code: AppError.from(error).code }, `nothing lighter than ${before}: ${AppError.from(error).message}`);
      return false;
    }
    this.#lightened += 1;
    log.warn(
      { code: reason.code, model: detectorOf(this.#config), insteadOf: before },
      `${before} ended its process ${TROUBLES_BEFORE_LIGHTER} times in a row; ${detectorOf(this.#config)} takes its place. Last: ${reason.message}`,
    );
    return true;
  }

  #rejectWaiting(error: AppError): void {
    for (const call of this.#places.clear(error)) call.reject(error);
  }

  /** At the start, and when a process that took the place of another runs elsewhere. */
  #tellProofs(proofs: readonly RoleProof[]): void {
    const { log } = this.#options;
    for (const proof of proofs) {
      const { role, model, provider, degraded, passedOver } = proof;
      const words = proofWords(proof);
      if (this.#toldProofs.get(`${role} ${model}`) === words) continue;
      this.#toldProofs.set(`${role} ${model}`, words);
      const fields = { role, model, provider, ...(degraded && { degraded }) };
      if (passedOver.length > 0) log.warn(fields, words);
      else log.info(fields, words);
    }
  }

  #tell(type: ProcessEvent, link: InferenceLink, error: AppError | null, message: string): void {
    const { log, clock } = this.#options;
    const fields = { pid: link.pid, ...(error && { code: error.code }) };
    if (error) log.error(fields, message);
    else log.info(fields, message);
    this.#changes.next({ type, pid: link.pid, code: error?.code ?? null, message, at: clock.wallMs() });
  }
}

function detectorOf(config: NetworksConfig): string | null {
  return config.work === 'pictures' ? config.detector.model.entry.name : null;
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
