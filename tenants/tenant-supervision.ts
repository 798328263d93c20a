import { AppError } from '../config/app-error.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { checkVisibleGpus } from './check-visible-gpus.ts';
import { Leftovers } from './leftovers.ts';
import { OUTGROWN_CLOSES_WITHIN_MS } from './limits/memory-watch.ts';
import type { TreeProcess } from './limits/process-tree.ts';
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
import {
  deviceWords,
  needsAnotherProcess,
  sameForTheProcess,
  sameSettings,
  type TenantDefinition,
} from './tenant-definition.ts';
import type { OpenMessage } from './tenant-messages.ts';
import { type Ask, type NewsOfTenant, type RunEnd, TenantRun } from './tenant-run.ts';

/** No new frames, results published, event log flushed: so long it has for that. */
const CLOSES_WITHIN_MS = 30_000;
/** One that has not begun has nothing to finish. */
const STARTING_CLOSES_WITHIN_MS = 3_000;
/** Before one was ever ready, nobody knows how long that takes. */
const USUAL_START_MS = 5_000;

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
  #run: TenantRun | null = null;
  #launching: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #dueAtMs: number | null = null;
  #starts = 0;
  #usualStartMs = USUAL_START_MS;
  #lastEnd: TenantEnd | null = null;
  #measures: readonly LimitMeasure[] = [];
  /** Settings that have worked: a later refusal of them is no fault of theirs. */
  #proved: TenantDefinition | null = null;
  /** Why the settings could not be read last time, while the process goes on with those that it has. */
  #unreadable: AppError | null = null;
  readonly #leftovers: Leftovers;
  #waitingForEnd: (() => void)[] = [];

  constructor(options: TenantSupervisionOptions) {
    this.#options = options;
    this.#definition = options.definition;
    this.id = options.definition.id;
    this.socketPath = options.socketPath;
    this.#log = options.log.child({ tenant: this.id });
    this.#leftovers = new Leftovers(this.#log);
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
    const run = this.#run;
    const why = this.#problem ?? (this.#state === 'ready' ? this.#unreadable : null);
    const problem = why && { code: why.code, message: why.message };
    return {
      id: this.id,
      name: this.name,
      state: this.#awaitsTurn ? 'starting' : this.#state,
      pid: run?.pid ?? null,
      startedAt: run?.startedAt ?? null,
      readyAt: run?.readyAt ?? null,
      restarts: Math.max(0, this.#starts - 1),
      lastEnd: this.#lastEnd,
      problem,
      device: run?.placement.device ?? deviceWords(this.#definition),
      visibleGpus: run?.visibleGpus ?? null,
      limits,
      measures: this.#measures,
      memoryBytes: run?.memoryBytes ?? null,
      eventLoopDelayMs: run?.eventLoopDelayMs ?? null,
      retryAfterSeconds: this.#retryAfterSeconds(),
    };
  }

  async metrics(): Promise<unknown[]> {
    return (this.#state === 'ready' && (await this.#run?.metrics())) || [];
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
    this.#leftovers.endNow();
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
        run.refuseSettings(settings);
        this.#understood(new AppError(settings.code, said));
        return;
      }
      this.#understood(null);
      if (needsAnotherProcess(run.definition, definition)) {
        this.#log.info({}, 'it is started anew: its settings have changed');
        this.restart();
      } else if (before.settings instanceof AppError || !sameSettings(settings, before.settings)) {
        run.takeSettings(settings);
      } else if (
        before.port !== definition.port ||
        JSON.stringify(before.limits) !== JSON.stringify(definition.limits)
      ) {
        this.#options.changed(this.view());
      }
      return;
    }
    if (!(settings instanceof AppError)) this.#unreadable = null;
    if (run || sameForTheProcess(before, definition)) return;
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
    this.#run?.tick(this.#state, treeOf);
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
    try {
      this.#begin(definition, placement);
    } catch (error) {
      // The machine has no room for another process, it may have later.
      this.#tryAgain(AppError.from(error));
    }
  }

  #begin(definition: TenantDefinition, placement: Placement): void {
    const { clock } = this.#options;
    const run: TenantRun = new TenantRun({
      definition,
      placement,
      open: this.#options.open(definition, placement),
      news: (message) => this.#heard(run, message),
      outgrew: () => this.#ask('outgrew', OUTGROWN_CLOSES_WITHIN_MS),
      clock,
      log: this.#log,
    });
    this.#run = run;
    this.#starts++;
    this.#measures = placement.plan.measures;
    void run.gone.then((ended) => this.#ended(run, ended));
    this.#options.changed(this.view());
  }

  #heard(run: TenantRun, message: NewsOfTenant): void {
    switch (message.type) {
      case 'progress':
        this.#options.progress(this.id, message.model, message.done, message.total);
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

  #becameReady(run: TenantRun, { adminKey, roles, visibleGpus }: Extract<NewsOfTenant, { type: 'ready' }>): void {
    const { clock } = this.#options;
    // Also where it is to end already: it is made once, and nobody else will ever see it.
    if (adminKey !== null) this.#options.adminKey(this.id, adminKey);
    if (run.asked) return;
    this.#usualStartMs = clock.monotonicMs() - run.startedAtMs;
    this.#proved = run.definition;
    this.#schedule.ready(clock.monotonicMs());
    this.#log.info({ roles, startMs: Math.round(this.#usualStartMs) }, `tenant ${this.id} is ready`);
    // It goes on: whom it takes memory from, or what it runs on instead, is for people to judge.
    const wrong = checkVisibleGpus(run.definition, visibleGpus);
    if (wrong) this.#log.error({ visibleGpus, device: run.placement.device }, wrong);
    this.#move('ready', null);
  }

  #ask(asked: Ask, withinMs: number): void {
    const run = this.#run;
    if (!run) return;
    // Stopping outweighs all else, and is not taken back by less.
    if (run.asked !== 'stop' || this.#wanted) run.asked = asked;
    if (run.isClosing) return;
    const starting = this.#state === 'starting';
    this.#move('draining', run.reason);
    run.close(starting ? Math.min(withinMs, STARTING_CLOSES_WITHIN_MS) : withinMs);
  }

  #ended(run: TenantRun, ended: RunEnd): void {
    this.#run = null;
    this.#leftovers.endLater(run.children);
    this.#lastEnd = ended.end;
    for (const done of this.#waitingForEnd.splice(0)) done();
    this.#goOn(run, ended);
  }

  /** Its process is gone: what now. */
  #goOn(run: TenantRun, { reason, refused }: RunEnd): void {
    if (!this.#wanted) {
      run.placement.leave();
      this.#move('stopped', null);
      return;
    }
    const changed = run.definition !== this.#definition && !sameForTheProcess(run.definition, this.#definition);
    if (run.asked === 'restart' || run.asked === 'stop' || changed) {
      this.#move('waiting', reason);
      this.#launch();
      return;
    }
    const worked = this.#proved !== null && sameForTheProcess(this.#proved, run.definition);
    if (refused && !worked) {
      this.#move('refused', reason);
      return;
    }
    this.#tryAgain(reason);
  }

  #tryAgain(reason: AppError | null): void {
    const { clock } = this.#options;
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

  #retryAfterSeconds(): number | null {
    if (this.#state === 'ready' || this.#state === 'refused' || this.#state === 'stopped') return null;
    if (this.#state === 'draining' && this.#run?.asked === 'stop') return null;
    const now = this.#options.clock.monotonicMs();
    const pauseMs = this.#dueAtMs === null ? 0 : Math.max(0, this.#dueAtMs - now);
    const begunMs = this.#state === 'starting' && this.#run ? now - this.#run.startedAtMs : 0;
    return Math.max(1, Math.ceil((pauseMs + this.#usualStartMs - begunMs) / 1000));
  }
}
