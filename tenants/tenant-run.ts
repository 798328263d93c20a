import { AppError } from '../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../config/error-codes.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { BeatWatch } from './beat-watch.ts';
import { MemoryWatch } from './limits/memory-watch.ts';
import type { TreeProcess } from './limits/process-tree.ts';
import type { Placement } from './place-tenant.ts';
import type { TenantEnd, TenantState } from './tenant-contract.ts';
import type { TenantDefinition } from './tenant-definition.ts';
import { hasRefused, type ProcessEnd, startTenantProcess, type TenantLink } from './tenant-link.ts';
import type { FromTenant, OpenMessage } from './tenant-messages.ts';

const METRICS_WITHIN_MS = 2_000;
const LAST_WORDS = 20;

/** Why a process that runs is to end. */
export type Ask =
  /** For good, or until `start`. */
  | 'stop'
  /** Somebody wants another one, or the settings do. */
  | 'restart'
  | 'outgrew';

/** What its supervision decides on; all else that a process says is between the two of them. */
export type NewsOfTenant = Extract<FromTenant, { type: 'ready' | 'progress' | 'settings-taken' }>;

export interface TenantRunOptions {
  readonly definition: TenantDefinition;
  readonly placement: Placement;
  readonly open: OpenMessage;
  readonly news: (message: NewsOfTenant) => void;
  /** It takes more memory than it may, and there is time to close it. */
  readonly outgrew: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** How it went. */
export interface RunEnd {
  readonly end: TenantEnd;
  /** null: it was asked to, and did. */
  readonly reason: AppError | null;
  /** It said itself that starting it again would not mend it. */
  readonly refused: boolean;
}

/** One process of a tenant, from its start to its end: what it is told and says, and the watch over it. Never started again. */
export class TenantRun {
  readonly definition: TenantDefinition;
  readonly placement: Placement;
  readonly startedAtMs: number;
  readonly startedAt: string;
  /** Resolves when it is gone, and nothing is waited for any more. */
  readonly gone: Promise<RunEnd>;
  /** Why it is to end; null while nobody wants that. */
  asked: Ask | null = null;
  readonly #options: TenantRunOptions;
  readonly #link: TenantLink;
  readonly #beats = new BeatWatch();
  readonly #memory: MemoryWatch;
  readonly #words: string[] = [];
  readonly #questions = new Map<number, (metrics: unknown[]) => void>();
  #asking = 0;
  #tree: readonly TreeProcess[] = [];
  #memoryBytes: number | null = null;
  #eventLoopDelayMs: number | null = null;
  #ready: { at: string; visibleGpus: number | null } | null = null;
  #reason: AppError | null = null;
  #killer: NodeJS.Timeout | null = null;
  #isKilled = false;
  #hasEnded = false;

  constructor(options: TenantRunOptions) {
    const { definition, placement, open, clock, log } = options;
    this.#options = options;
    this.definition = definition;
    this.placement = placement;
    this.startedAtMs = clock.monotonicMs();
    this.startedAt = new Date(clock.wallMs()).toISOString();
    this.#memory = new MemoryWatch(placement.plan.watchBytes);
    this.#link = startTenantProcess({
      plan: placement.plan,
      environment: placement.environment,
      inheritStderr: open.logFile === null,
      said: (line) => {
        if (this.#words.push(line) > LAST_WORDS) this.#words.shift();
      },
      received: (message) => this.#received(message),
    });
    if (this.pid !== null) {
      const refused = placement.join(this.pid);
      if (refused) log.warn({}, `its limits hold only in part: ${refused}`);
    }
    this.#link.send(open);
    this.gone = this.#link.gone.then((end) => this.#ended(end));
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  /** Of all its processes; null where nobody knows. */
  get memoryBytes(): number | null {
    return this.#memoryBytes;
  }

  get eventLoopDelayMs(): number | null {
    return this.#eventLoopDelayMs;
  }

  /** Since when it is; null: not yet. */
  get readyAt(): string | null {
    return this.#ready?.at ?? null;
  }

  /** Counted there, when it was ready; null where no network runs on one. */
  get visibleGpus(): number | null {
    return this.#ready?.visibleGpus ?? null;
  }

  /** Why it will be said to have ended; null: no reason yet. */
  get reason(): AppError | null {
    return this.#reason;
  }

  get isClosing(): boolean {
    return this.#killer !== null;
  }

  /** All below it, as they were seen last. */
  get children(): readonly TreeProcess[] {
    return this.#tree.filter(({ pid }) => pid !== this.pid);
  }

  /** prom-client's getMetricsAsJSON() of it; empty where it does not answer in time. */
  metrics(): Promise<unknown[]> {
    if (this.#hasEnded) return Promise.resolve([]);
    const id = ++this.#asking;
    return new Promise((resolve) => {
      const timer = setTimeout(() => answer([]), METRICS_WITHIN_MS);
      const answer = (metrics: unknown[]) => {
        clearTimeout(timer);
        this.#questions.delete(id);
        resolve(metrics);
      };
      this.#questions.set(id, answer);
      this.#link.send({ type: 'metrics', id });
    });
  }

  takeSettings(settings: Settings): void {
    this.#link.send({ type: 'settings', settings });
  }

  refuseSettings({ code, message }: AppError): void {
    this.#link.send({ type: 'settings-refused', code, message });
  }

  /** Twice a second. `treeOf` tells what runs below a process, where anybody knows. */
  tick(state: TenantState, treeOf: ((pid: number) => TreeProcess[]) | null): void {
    const { pid } = this;
    if (pid === null) return;
    const tree = treeOf?.(pid) ?? [];
    if (tree.length > 0) {
      this.#tree = tree;
      this.#memoryBytes = this.#memory.look(tree, this.#options.clock.monotonicMs());
      this.#heedMemory();
    }
    if (this.#beats.tick(pid, this.isClosing ? 'draining' : state)) {
      const why = this.#beats.why();
      this.#reason ??= new AppError('TENANT_HUNG', `its process ${why}`);
      this.#kill(`it ${why}, and is killed`);
    }
  }

  #heedMemory(): void {
    const { log, outgrew } = this.#options;
    const { verdict } = this.#memory;
    if (verdict === 'fine') return;
    const said = this.#memory.words();
    this.#reason ??= new AppError('TENANT_OUT_OF_MEMORY', said);
    if (verdict === 'runaway') {
      this.#kill(`${said}: it is killed`);
    } else if (!this.asked) {
      log.warn({}, `${said}: it is closed and started anew`);
      outgrew();
    }
  }

  /** Also where it takes a while to go: said once. */
  #kill(why: string): void {
    if (!this.#isKilled) this.#options.log.error({ pid: this.pid }, why);
    this.#isKilled = true;
    this.#link.kill();
  }

  /** It is to end by itself, and is killed where that takes longer. Only the first time counts. */
  close(withinMs: number): void {
    if (this.#killer || this.#hasEnded) return;
    this.#link.send({ type: 'stop' });
    this.#killer = setTimeout(() => {
      this.#reason ??= new AppError('TENANT_HUNG', `it did not close within ${withinMs / 1000} s`);
      // One that has not begun has nothing to lose.
      if (this.#ready) this.#options.log.warn({}, `it did not close within ${withinMs / 1000} s, and is killed`);
      this.#link.kill();
    }, withinMs);
  }

  #received(message: FromTenant): void {
    this.#beats.heard();
    if (this.#hasEnded) return;
    switch (message.type) {
      case 'beat':
        this.#eventLoopDelayMs = message.eventLoopDelayMs;
        return;
      case 'metrics':
        this.#questions.get(message.id)?.(message.metrics);
        return;
      case 'refused':
        this.#reason = new AppError(codeOf(message.code), message.message);
        return;
      case 'ready':
        if (!this.asked) {
          const at = new Date(this.#options.clock.wallMs()).toISOString();
          this.#ready = { at, visibleGpus: message.visibleGpus };
        }
        this.#options.news(message);
        return;
      default:
        this.#options.news(message);
    }
  }

  #ended(end: ProcessEnd): RunEnd {
    const { clock, log } = this.#options;
    this.#hasEnded = true;
    if (this.#killer) clearTimeout(this.#killer);
    for (const answer of this.#questions.values()) answer([]);
    const closed = this.asked !== null && end.exitCode === 0;
    if (this.#words.length > 0 && !closed) log.warn({ said: this.#words }, 'what it said last');
    const reason = this.#reason ?? (closed ? null : diedOf(end, this.#words));
    return {
      end: {
        how: closed ? 'closed' : end.seen ? 'died' : 'gone',
        exitCode: end.exitCode,
        signal: end.signal,
        at: new Date(clock.wallMs()).toISOString(),
        code: reason?.code ?? null,
      },
      reason,
      refused: hasRefused(end),
    };
  }
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
