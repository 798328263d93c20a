import { AppError } from '../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../config/error-codes.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { BeatWatch } from './beat-watch.ts';
import { MemoryWatch } from './limits/memory-watch.ts';
import { endLeftovers, type TreeProcess } from './limits/process-tree.ts';
import type { Placement } from './place-tenant.ts';
import { RestartSchedule } from './restart-schedule.ts';
import type {
  LimitMeasure,
  SupervisedTenant,
  TenantEnd,
  TenantLimits,
  TenantState,
  TenantView,
} from './tenant-contract.ts';
import { deviceWords, needsAnotherProcess, type TenantDefinition } from './tenant-definition.ts';
import { hasRefused, type ProcessEnd, startTenantProcess, type TenantLink } from './tenant-link.ts';
import type { FromTenant, OpenMessage } from './tenant-messages.ts';

/** No new frames, results published, event log flushed: so long it has for that. */
const CLOSES_WITHIN_MS = 30_000;
/** One that has not begun has nothing to finish. */
const STARTING_CLOSES_WITHIN_MS = 3_000;
/** One that takes too much memory is not to take more while it closes. */
const OUTGROWN_CLOSES_WITHIN_MS = 5_000;
/** What its children need to notice, say goodbye to cameras and go; ffmpeg's guard takes three seconds and one to look. */
const CHILDREN_GO_WITHIN_MS = 5_000;
const METRICS_WITHIN_MS = 2_000;
/** Before one was ever ready, nobody knows how long that takes. */
const USUAL_START_MS = 5_000;
const LAST_WORDS = 20;

export interface TenantSupervisionOptions {
  readonly definition: TenantDefinition;
  readonly socketPath: string;
  /**
   * Where and how its process is started.
   *
   * @throws {AppError} where its device is not there.
   */
  readonly place: (definition: TenantDefinition) => Promise<Placement>;
  /** All that its process is told. */
  readonly open: (definition: TenantDefinition, placement: Placement) => OpenMessage;
  /** Each change. */
  readonly changed: (view: TenantView) => void;
  /** Shown once, to whoever started the gateway. */
  readonly adminKey: (tenant: string, key: string) => void;
  readonly progress: (tenant: string, model: string, done: number, total: number | null) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Why a process that runs is to end. */
type Ask =
  /** For good, or until `start`. */
  | 'stop'
  /** Somebody wants another one, or the settings do. */
  | 'restart'
  | 'outgrew';

/** One process, from its start to its end. */
interface Run {
  readonly link: TenantLink;
  readonly definition: TenantDefinition;
  readonly placement: Placement;
  readonly beats: BeatWatch;
  readonly memory: MemoryWatch;
  readonly startedAtMs: number;
  readonly words: string[];
  readonly metrics: Map<number, (metrics: unknown[]) => void>;
  /** It and all below it, as they were seen last. */
  tree: readonly TreeProcess[];
  asked: Ask | null;
  /** It says itself why it goes. */
  reason: AppError | null;
  ended: boolean;
}

/** Keeps one tenant's process running: the one state of it, with one place where that changes. */
export class TenantSupervision implements SupervisedTenant {
  readonly id: string;
  readonly socketPath: string;
  readonly #options: TenantSupervisionOptions;
  readonly #log: Logger;
  readonly #schedule = new RestartSchedule();
  #definition: TenantDefinition;
  #state: TenantState = 'stopped';
  #problem: AppError | null = null;
  #wanted = false;
  /** Others are started first: to whoever asks, it is on its way. */
  #awaitsTurn = true;
  #run: Run | null = null;
  #launching: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #dueAtMs: number | null = null;
  #killer: NodeJS.Timeout | null = null;
  #starts = 0;
  #usualStartMs = USUAL_START_MS;
  #lastEnd: TenantEnd | null = null;
  #readyAt: string | null = null;
  #startedAt: string | null = null;
  #visibleGpus: number | null = null;
  #measures: readonly LimitMeasure[] = [];
  #memoryBytes: number | null = null;
  #eventLoopDelayMs: number | null = null;
  /** Settings that have worked: a later refusal of them is no fault of theirs. */
  #proved: TenantDefinition | null = null;
  /** Why the settings could not be read last time, while the process goes on with those that it has. */
  #unreadable: AppError | null = null;
  #questions = 0;
  /** Of processes that ended, until their children must be gone. */
  readonly #sweeps = new Map<NodeJS.Timeout, readonly TreeProcess[]>();
  #waitingForEnd: (() => void)[] = [];

  constructor(options: TenantSupervisionOptions) {
    this.#options = options;
    this.#definition = options.definition;
    this.id = options.definition.id;
    this.socketPath = options.socketPath;
    this.#log = options.log.child({ tenant: this.id });
  }

  get name(): string {
    return this.#definition.name;
  }

  get port(): number | null {
    return this.#definition.port;
  }

  get limits(): TenantLimits {
    return this.#definition.limits;
  }

  get definition(): TenantDefinition {
    return this.#definition;
  }

  get state(): TenantState {
    return this.#state;
  }

  view(): TenantView {
    const { limits } = this.#definition;
    const why = this.#problem ?? (this.#state === 'ready' ? this.#unreadable : null);
    const problem = why && { code: why.code, message: why.message };
    return {
      id: this.id,
      name: this.name,
      state: this.#awaitsTurn ? 'starting' : this.#state,
      pid: this.#run?.link.pid ?? null,
      startedAt: this.#startedAt,
      readyAt: this.#readyAt,
      restarts: Math.max(0, this.#starts - 1),
      lastEnd: this.#lastEnd,
      problem,
      device: this.#run?.placement.device ?? deviceWords(this.#definition),
      visibleGpus: this.#visibleGpus,
      limits,
      measures: this.#measures,
      memoryBytes: this.#memoryBytes,
      eventLoopDelayMs: this.#eventLoopDelayMs,
      retryAfterSeconds: this.#retryAfterSeconds(),
    };
  }

  async metrics(): Promise<unknown[]> {
    const run = this.#run;
    if (!run || this.#state !== 'ready') return [];
    const id = ++this.#questions;
    return new Promise((resolve) => {
      const timer = setTimeout(() => answer([]), METRICS_WITHIN_MS);
      const answer = (metrics: unknown[]) => {
        clearTimeout(timer);
        run.metrics.delete(id);
        resolve(metrics);
      };
      run.metrics.set(id, answer);
      run.link.send({ type: 'metrics', id });
    });
  }

  /** From now on it is to run. */
  start(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#awaitsTurn = false;
    if (!this.#run) this.#launch();
    else if (this.#run.asked === 'stop') this.#run.asked = 'restart';
  }

  /** Another process: the one there is closes first, whole, since both want the same folder. */
  restart(): void {
    this.#schedule.forget();
    if (!this.#wanted) return;
    if (this.#run) this.#ask('restart', CLOSES_WITHIN_MS);
    else this.#launch();
  }

  /** From now on it is not to run. Resolves when its process is gone. Idempotent. */
  async stop(): Promise<void> {
    this.#wanted = false;
    this.#awaitsTurn = false;
    this.#cancelTimer();
    if (!this.#run) {
      await this.#launching;
      if (!this.#run && this.#state !== 'stopped') this.#move('stopped', null);
    }
    if (!this.#run) return;
    this.#ask('stop', CLOSES_WITHIN_MS);
    await new Promise<void>((resolve) => this.#waitingForEnd.push(resolve));
  }

  /** What is left of earlier processes is ended now. Only after `stop`. */
  sweep(): void {
    for (const [timer, left] of this.#sweeps) {
      clearTimeout(timer);
      endLeftovers(left);
    }
    this.#sweeps.clear();
  }

  /** Takes over what the settings say now, with another process only where that is needed. */
  configure(definition: TenantDefinition): void {
    const before = this.#definition;
    this.#definition = definition;
    const { settings } = definition;
    const run = this.#run;
    if (run && !run.asked) {
      if (settings instanceof AppError) {
        const said = `it goes on with the settings that it has: ${settings.message}`;
        this.#definition = { ...definition, settings: before.settings };
        if (this.#unreadable?.message === said) return;
        this.#log.error({ code: settings.code }, said);
        run.link.send({ type: 'settings-refused', code: settings.code, message: settings.message });
        this.#understood(new AppError(settings.code, said));
        return;
      }
      this.#understood(null);
      if (needsAnotherProcess(run.definition, definition)) {
        this.#log.info({}, 'it is started anew: its settings have changed');
        this.restart();
      } else if (JSON.stringify(settings) !== JSON.stringify(before.settings)) {
        run.link.send({ type: 'settings', settings });
      } else if (
        before.port !== definition.port ||
        JSON.stringify(before.limits) !== JSON.stringify(definition.limits)
      ) {
        this.#options.changed(this.view());
      }
      return;
    }
    if (!(settings instanceof AppError)) this.#unreadable = null;
    const same = !needsAnotherProcess(before, definition) && sameSettings(before, definition);
    if (same || run) return;
    // What it failed with may be mended.
    this.restart();
  }

  #understood(problem: AppError | null): void {
    if (this.#unreadable === problem) return;
    this.#unreadable = problem;
    this.#options.changed(this.view());
  }

  /** Twice a second. `treeOf` tells what runs below a process, where anybody knows. */
  tick(treeOf: ((pid: number) => TreeProcess[]) | null): void {
    const run = this.#run;
    if (!run || run.link.pid === null) return;
    if (treeOf) {
      const tree = treeOf(run.link.pid);
      if (tree.length > 0) {
        run.tree = tree;
        this.#memoryBytes = run.memory.look(tree);
        this.#heedMemory(run);
      }
    }
    if (run.beats.tick(run.link.pid, this.#state)) {
      const why = run.beats.why();
      this.#log.error({ pid: run.link.pid }, `it ${why}, and is killed`);
      run.reason ??= new AppError('TENANT_HUNG', `its process ${why}`);
      run.link.kill();
    }
  }

  #heedMemory(run: Run): void {
    const { verdict } = run.memory;
    if (verdict === 'fine') return;
    const said = run.memory.words();
    run.reason ??= new AppError('TENANT_OUT_OF_MEMORY', said);
    if (verdict === 'runaway') {
      this.#log.error({}, `${said}: it is killed`);
      run.link.kill();
    } else if (!run.asked) {
      this.#log.warn({}, `${said}: it is closed and started anew`);
      this.#ask('outgrew', OUTGROWN_CLOSES_WITHIN_MS);
    }
  }

  /** The one place where a state changes. */
  #move(state: TenantState, problem: AppError | null): void {
    const same = this.#state === state && this.#problem?.message === problem?.message;
    this.#state = state;
    this.#problem = problem;
    if (same) return;
    const fields = { state, ...(problem && { code: problem.code }) };
    const said = `tenant ${this.id}: ${state}${problem ? ` (${problem.message})` : ''}`;
    if (state === 'refused' || state === 'crash_loop') this.#log.error(fields, said);
    else if (problem) this.#log.warn(fields, said);
    else this.#log.info(fields, said);
    this.#options.changed(this.view());
  }

  #launch(): void {
    this.#cancelTimer();
    if (this.#launching) return;
    this.#launching = this.#launchNow().finally(() => {
      this.#launching = null;
    });
  }

  async #launchNow(): Promise<void> {
    const definition = this.#definition;
    if (definition.settings instanceof AppError) {
      this.#move('refused', definition.settings);
      return;
    }
    this.#move('starting', this.#problem);
    let placement: Placement;
    try {
      placement = await this.#options.place(definition);
    } catch (error) {
      if (this.#wanted) this.#move('refused', AppError.from(error));
      return;
    }
    if (!this.#wanted) return;
    if (definition !== this.#definition) return this.#launchNow();
    this.#begin(definition, placement);
  }

  #begin(definition: TenantDefinition, placement: Placement): void {
    const { clock } = this.#options;
    const open = this.#options.open(definition, placement);
    const words: string[] = [];
    const link = startTenantProcess({
      plan: placement.plan,
      environment: placement.environment,
      inheritStderr: open.logFile === null,
      said: (line) => {
        if (words.push(line) > LAST_WORDS) words.shift();
      },
      received: (message) => this.#received(run, message),
    });
    const run: Run = {
      link,
      definition,
      placement,
      beats: new BeatWatch(),
      memory: new MemoryWatch(placement.plan.watchBytes),
      startedAtMs: clock.monotonicMs(),
      words,
      metrics: new Map(),
      tree: [],
      asked: null,
      reason: null,
      ended: false,
    };
    this.#run = run;
    this.#starts++;
    this.#startedAt = new Date(clock.wallMs()).toISOString();
    this.#measures = placement.plan.measures;
    if (link.pid !== null) {
      const refused = placement.join(link.pid);
      if (refused) this.#log.warn({}, `its limits hold only in part: ${refused}`);
    }
    link.send(open);
    void link.gone.then((end) => this.#ended(run, end));
    this.#options.changed(this.view());
  }

  #received(run: Run, message: FromTenant): void {
    run.beats.heard();
    if (run.ended) return;
    switch (message.type) {
      case 'beat':
        this.#eventLoopDelayMs = message.eventLoopDelayMs;
        return;
      case 'progress':
        this.#options.progress(this.id, message.model, message.done, message.total);
        return;
      case 'metrics':
        run.metrics.get(message.id)?.(message.metrics);
        return;
      case 'refused':
        run.reason = new AppError(codeOf(message.code), message.message);
        return;
      case 'settings-taken':
        if (message.restartNeeded.length === 0 || run.asked) return;
        this.#log.info(
          { settings: message.restartNeeded },
          `it is started anew for ${message.restartNeeded.join(', ')}`,
        );
        this.restart();
        return;
      case 'ready':
        this.#becameReady(run, message);
        return;
    }
  }

  #becameReady(run: Run, { adminKey, visibleGpus, roles }: Extract<FromTenant, { type: 'ready' }>): void {
    const { clock } = this.#options;
    // Also where it is to end already: it is made once, and nobody else will ever see it.
    if (adminKey !== null) this.#options.adminKey(this.id, adminKey);
    if (run.asked) return;
    this.#visibleGpus = visibleGpus;
    this.#readyAt = new Date(clock.wallMs()).toISOString();
    this.#usualStartMs = clock.monotonicMs() - run.startedAtMs;
    this.#proved = run.definition;
    this.#schedule.ready(clock.monotonicMs());
    this.#log.info({ roles, startMs: Math.round(this.#usualStartMs) }, `tenant ${this.id} is ready`);
    this.#move('ready', null);
  }

  #ask(asked: Ask, withinMs: number): void {
    const run = this.#run;
    if (!run) return;
    // Stopping outweighs all else, and is not taken back by less.
    if (run.asked !== 'stop' || this.#wanted) run.asked = asked;
    if (this.#killer) return;
    const starting = this.#state === 'starting';
    this.#move('draining', run.reason);
    run.link.send({ type: 'stop' });
    const within = starting ? Math.min(withinMs, STARTING_CLOSES_WITHIN_MS) : withinMs;
    this.#killer = setTimeout(() => {
      if (!starting) this.#log.warn({}, `it did not close within ${within / 1000} s, and is killed`);
      run.reason ??= new AppError('TENANT_HUNG', `it did not close within ${within / 1000} s`);
      run.link.kill();
    }, within);
  }

  #ended(run: Run, end: ProcessEnd): void {
    const { clock } = this.#options;
    run.ended = true;
    this.#run = null;
    if (this.#killer) clearTimeout(this.#killer);
    this.#killer = null;
    for (const answer of run.metrics.values()) answer([]);
    this.#sweepLater(run);
    const closed = run.asked !== null && end.exitCode === 0;
    const reason = run.reason ?? (closed ? null : diedOf(end, run.words));
    this.#lastEnd = {
      how: closed ? 'closed' : end.seen ? 'died' : 'gone',
      exitCode: end.exitCode,
      signal: end.signal,
      at: new Date(clock.wallMs()).toISOString(),
      code: reason?.code ?? null,
    };
    this.#readyAt = null;
    this.#startedAt = null;
    this.#memoryBytes = null;
    this.#eventLoopDelayMs = null;
    this.#visibleGpus = null;
    if (run.words.length > 0 && !closed) this.#log.warn({ said: run.words }, 'what it said last');
    for (const done of this.#waitingForEnd.splice(0)) done();
    this.#goOn(run, end, reason);
  }

  /** Its process is gone: what now. */
  #goOn(run: Run, end: ProcessEnd, reason: AppError | null): void {
    const { clock } = this.#options;
    if (!this.#wanted) {
      run.placement.leave();
      this.#move('stopped', null);
      return;
    }
    const changed = run.definition !== this.#definition && !sameSettings(run.definition, this.#definition);
    if (run.asked === 'restart' || run.asked === 'stop' || changed) {
      this.#move('waiting', reason);
      this.#launch();
      return;
    }
    const worked = this.#proved !== null && sameSettings(this.#proved, run.definition);
    if (hasRefused(end) && !worked) {
      this.#move('refused', reason);
      return;
    }
    const { delayMs, isLoop } = this.#schedule.ended(clock.monotonicMs());
    this.#dueAtMs = clock.monotonicMs() + delayMs;
    this.#timer = setTimeout(() => this.#launch(), delayMs);
    this.#move(isLoop ? 'crash_loop' : 'waiting', reason);
  }

  #cancelTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#dueAtMs = null;
  }

  /**
   * Its children notice and go; one that was stopped, or hangs in a driver, does not. One that was started after the last look, within
   * a second of its end, is left to itself.
   */
  #sweepLater({ tree, link }: Run): void {
    const children = tree.filter(({ pid }) => pid !== link.pid);
    if (children.length === 0) return;
    const timer = setTimeout(() => {
      this.#sweeps.delete(timer);
      const left = endLeftovers(children);
      if (left.length > 0)
        this.#log.warn({ pids: left }, `${left.length} of its processes did not go by themselves, and were killed`);
    }, CHILDREN_GO_WITHIN_MS);
    timer.unref();
    this.#sweeps.set(timer, children);
  }

  #retryAfterSeconds(): number | null {
    if (this.#state === 'ready' || this.#state === 'refused' || this.#state === 'stopped') return null;
    if (this.#state === 'draining' && this.#run?.asked === 'stop') return null;
    const now = this.#options.clock.monotonicMs();
    const pauseMs = this.#dueAtMs === null ? 0 : Math.max(0, this.#dueAtMs - now);
    const begunMs = this.#state === 'starting' && this.#run ? now - this.#run.startedAtMs : 0;
    return Math.max(1, Math.ceil((pauseMs + this.#usualStartMs - begunMs) / 1000));
  }
}

function sameSettings(one: TenantDefinition, other: TenantDefinition): boolean {
  if (one.settings instanceof AppError || other.settings instanceof AppError) {
    const [a, b] = [one.settings, other.settings].map((each) => (each instanceof AppError ? each.message : null));
    return a === b;
  }
  return !needsAnotherProcess(one, other) && JSON.stringify(one.settings) === JSON.stringify(other.settings);
}

function codeOf(code: string): ErrorCode {
  return code in ERROR_CODES ? (code as ErrorCode) : 'INTERNAL';
}

function diedOf({ exitCode, signal, seen, error }: ProcessEnd, words: readonly string[]): AppError {
  if (!seen)
    return new AppError('TENANT_DIED', `its process could not be started: ${error?.message ?? 'nobody knows why'}`);
  const how = signal ? `signal ${signal}` : `exit code ${exitCode}`;
  const last = words.findLast((line) => /error|fatal|abort/i.test(line));
  return new AppError('TENANT_DIED', `its process ended with ${how}${last ? `: ${last.slice(0, 200)}` : ''}`);
}
