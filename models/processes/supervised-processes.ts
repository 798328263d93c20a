import { setTimeout as wait } from 'node:timers/promises';
import { AppError } from '../../config/app-error.ts';
import type { Clock } from '../../pipeline/ports.ts';
import type { InferenceLink } from './inference-link.ts';
import { residentMb } from './resident-memory.ts';
import { restartDelayMs } from './restart-delay.ts';
import type { RoleProof } from './role-report.ts';
import { worstProofs } from './worst-proofs.ts';

export interface SupervisionOptions {
  /** Starts a process. */
  readonly open: () => InferenceLink;
  /** How many; null: one, and `cores` of them once it has proved to run on nothing but the CPU. */
  readonly processes: number | null;
  readonly cores: number;
  /** One that takes more is replaced, MiB; null: no limit. */
  readonly memoryLimitMb: number | null;
  readonly clock: Clock;
  /**
   * After `TROUBLES_BEFORE_LIGHTER` in a row: makes whatever is opened from now on lighter.
   *
   * @returns false where nothing lighter can be had.
   */
  readonly lighten: (reason: AppError) => Promise<boolean>;
  readonly tell: (type: ProcessEvent, link: InferenceLink, error: AppError | null, message: string) => void;
  /** What the networks run on: at the start and after each replacement. */
  readonly proved: (proofs: readonly RoleProof[]) => void;
  /** A process has become ready. */
  readonly readied: () => void;
  /** No process is left, and none will come. */
  readonly failed: (error: AppError) => void;
}

/**
 * `died`: it ended by itself. `hung`: it did not answer in time and was killed. `outgrew`: it took more memory than it may;
 * it finishes what it has. `replaced`: its successor is ready. `failed`: its successor cannot start, and no other will be
 * tried.
 */
export type ProcessEvent = 'died' | 'hung' | 'outgrew' | 'replaced' | 'failed';

/** Ends of processes for want of memory, or by their device, after which something lighter is tried. */
export const TROUBLES_BEFORE_LIGHTER = 3;

/** A process that ran this long before such an end, milliseconds, begins a new row of them. */
const STEADY_MS = 600_000;

/** Milliseconds between two looks at the memory of the processes. */
const LOOK_EVERY_MS = 2000;

/** How a ready process came to its end, where it did not just die. */
type End = 'hung' | 'outgrew' | 'outdated';

/**
 * Keeps as many inference processes running as there should be: each one that ends gets a successor, the later the more
 * often its kind has ended without having been of use.
 */
export class SupervisedProcesses {
  readonly #options: SupervisionOptions;
  /** Those that are ready and take pictures. */
  readonly #links = new Set<InferenceLink>();
  /** All that were started and have not been seen to end, ready or not. */
  readonly #alive = new Set<InferenceLink>();
  /** Why they were sent away. */
  readonly #ends = new WeakMap<InferenceLink, End>();
  /** Those of before something lighter was taken. */
  readonly #outdated = new WeakSet<InferenceLink>();
  readonly #restartTimers = new Set<NodeJS.Timeout>();
  readonly #closing = new AbortController();
  #looking: NodeJS.Timeout | null = null;
  readonly #proofs = new WeakMap<InferenceLink, readonly RoleProof[]>();
  /** Of the newest process: what is told while none runs. */
  #newest: readonly RoleProof[] = [];
  #restarts = 0;
  #outOfMemory = 0;
  /** Ends in a row for want of memory, or by the device. */
  #troubles = 0;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** Those that are ready and take pictures. */
  get links(): ReadonlySet<InferenceLink> {
    return this.#links;
  }

  /** What each network runs on, in the process that is worst off. */
  get proofs(): readonly RoleProof[] {
    const running = worstProofs([...this.#links].map((link) => this.#proofs.get(link) ?? []));
    return running.length > 0 ? running : this.#newest;
  }

  /** Processes that took the place of another. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Processes that ran out of memory, or took more than they may. */
  get outOfMemory(): number {
    return this.#outOfMemory;
  }

  /** @throws {AppError} why a process cannot start. */
  async start(): Promise<void> {
    const { processes, cores, memoryLimitMb } = this.#options;
    const links = await this.#startSome(processes ?? 1);
    if (processes === null && this.#newest.every(({ provider }) => provider === 'cpu')) {
      links.push(...(await this.#startSome(cores - 1)));
    }
    for (const link of links) this.#admit(link, 0);
    this.#options.proved(this.proofs);
    if (memoryLimitMb === null) return;
    this.#looking = setInterval(() => this.#lookAtMemory(memoryLimitMb), LOOK_EVERY_MS);
    this.#looking.unref();
  }

  /** Takes a process that does not answer out and ends it. */
  giveUpOn(link: InferenceLink, error: AppError): void {
    this.#options.tell('hung', link, error, error.message);
    this.#ends.set(link, 'hung');
    this.#links.delete(link);
    link.kill();
  }

  /** Rejects what is inside the processes, ends them and resolves when they are gone. Idempotent. */
  async close(reason: AppError): Promise<void> {
    this.#closing.abort();
    if (this.#looking) clearInterval(this.#looking);
    for (const timer of this.#restartTimers) clearTimeout(timer);
    const alive = [...this.#alive];
    for (const link of alive) {
      link.rejectAll(reason);
      link.kill();
    }
    await Promise.all(alive.map((link) => link.gone));
  }

  /** Tries again, and then with something lighter, where memory or device are in the way. */
  async #startSome(count: number): Promise<InferenceLink[]> {
    for (;;) {
      const links = Array.from({ length: count }, () => this.#open());
      const started = await Promise.allSettled(links.map(async (link) => this.#prove(link, await link.ready)));
      const failure = started.find((one) => one.status === 'rejected');
      if (!failure) return links;
      for (const link of links) link.kill();
      const ends = await Promise.all(links.map((link) => link.gone));
      const troubled = links.findIndex((link) => link.trouble !== null);
      if (troubled < 0 || this.#closing.signal.aborted) throw failure.reason;
      this.#count(links[troubled]!);
      this.#options.tell('died', links[troubled]!, ends[troubled]!, ends[troubled]!.message);
      if (this.#troubles >= TROUBLES_BEFORE_LIGHTER && !(await this.#tryLighter(ends[troubled]!))) throw failure.reason;
      await wait(restartDelayMs(this.#troubles), undefined, { signal: this.#closing.signal }).catch(() => {
        throw failure.reason;
      });
    }
  }

  #prove(link: InferenceLink, proofs: readonly RoleProof[]): void {
    this.#proofs.set(link, proofs);
    this.#newest = proofs;
  }

  #open(): InferenceLink {
    const link = this.#options.open();
    this.#alive.add(link);
    link.gone.then(() => this.#alive.delete(link));
    return link;
  }

  /** @param failures processes of this place that ended without having been of use, one after the other. */
  #admit(link: InferenceLink, failures: number): void {
    this.#links.add(link);
    const readyMs = this.#options.clock.monotonicMs();
    link.gone.then(async (error) => {
      this.#links.delete(link);
      if (this.#closing.signal.aborted) return;
      const end = this.#ends.get(link);
      if (end === undefined) this.#options.tell('died', link, error, error.message);
      const steady = this.#options.clock.monotonicMs() - readyMs >= STEADY_MS;
      if (end === 'outgrew' || link.trouble) {
        if (steady) this.#troubles = 0;
        this.#count(link);
        if (this.#troubles >= TROUBLES_BEFORE_LIGHTER) await this.#tryLighter(error);
        if (this.#closing.signal.aborted) return;
        this.#replace(link, steady ? 1 : failures + 1);
      } else {
        if (end !== 'outdated') this.#troubles = 0;
        this.#replace(link, link.answered || end === 'outdated' ? 1 : failures + 1);
      }
    });
    this.#options.readied();
    this.#sendAwayOneOutdated();
  }

  #replace(gone: InferenceLink, failures: number): void {
    const timer = setTimeout(async () => {
      this.#restartTimers.delete(timer);
      const link = this.#open();
      try {
        this.#prove(link, await link.ready);
        if (this.#closing.signal.aborted) return;
        this.#restarts += 1;
        this.#options.tell('replaced', link, null, `${link.name} took the place of ${gone.pid}`);
        this.#admit(link, failures);
        this.#options.proved(this.proofs);
      } catch (reason) {
        const error = AppError.from(reason, 'INFERENCE_DIED');
        await link.gone;
        if (this.#closing.signal.aborted) return;
        if (link.hopeless) this.#giveUp(link, error);
        else {
          this.#options.tell('died', link, error, error.message);
          if (link.trouble) {
            this.#count(link);
            if (this.#troubles >= TROUBLES_BEFORE_LIGHTER) await this.#tryLighter(error);
            if (this.#closing.signal.aborted) return;
          }
          this.#replace(link, failures + 1);
        }
      }
    }, restartDelayMs(failures));
    this.#restartTimers.add(timer);
  }

  #giveUp(link: InferenceLink, error: AppError): void {
    this.#options.tell('failed', link, error, error.message);
    if (this.#links.size > 0 || this.#alive.size > 0 || this.#restartTimers.size > 0) return;
    this.#options.failed(error);
  }

  #count(link: InferenceLink): void {
    this.#troubles += 1;
    if (link.trouble !== 'INFERENCE_DEVICE_FAILED') this.#outOfMemory += 1;
  }

  async #tryLighter(reason: AppError): Promise<boolean> {
    if (!(await this.#options.lighten(reason))) return false;
    this.#troubles = 0;
    for (const link of this.#alive) this.#outdated.add(link);
    return true;
  }

  /** One after the other: each one's successor is there before the next one goes. */
  #sendAwayOneOutdated(): void {
    const outdated = [...this.#links].find((link) => this.#outdated.has(link));
    if (outdated) this.#sendAway(outdated, 'outdated');
  }

  async #lookAtMemory(limitMb: number): Promise<void> {
    for (const link of [...this.#links]) {
      const takesMb = await residentMb(link.pid);
      if (takesMb === null || takesMb <= limitMb || !this.#links.has(link)) continue;
      const message = `${link.name} takes ${Math.ceil(takesMb)} MiB of memory, more than the ${limitMb} that it may`;
      this.#options.tell('outgrew', link, new AppError('INFERENCE_OUT_OF_MEMORY', message), message);
      this.#sendAway(link, 'outgrew');
    }
  }

  /** It gets nothing more, and goes when it has answered what it has. */
  #sendAway(link: InferenceLink, why: End): void {
    this.#ends.set(link, why);
    this.#links.delete(link);
    link.whenIdle().then(() => link.kill());
  }
}
