import { AppError } from '../../config/app-error.ts';
import type { InferenceLink } from './inference-link.ts';
import { restartDelayMs } from './restart-delay.ts';
import type { RoleProof } from './role-report.ts';
import { worstProofs } from './worst-proofs.ts';

export interface SupervisionOptions {
  /** Starts a process. */
  readonly open: () => InferenceLink;
  /** How many; null: one, and `cores` of them once it has proved to run on nothing but the CPU. */
  readonly processes: number | null;
  readonly cores: number;
  readonly tell: (type: ProcessEvent, link: InferenceLink, error: AppError | null, message: string) => void;
  /** What the networks run on: at the start and after each replacement. */
  readonly proved: (proofs: readonly RoleProof[]) => void;
  /** A process has become ready. */
  readonly readied: () => void;
  /** No process is left, and none will come. */
  readonly failed: (error: AppError) => void;
}

/**
 * `died`: it ended by itself. `hung`: it did not answer in time and was killed. `replaced`: its successor is ready.
 * `failed`: its successor cannot start, and no other will be tried.
 */
export type ProcessEvent = 'died' | 'hung' | 'replaced' | 'failed';

/** Keeps as many inference processes running as there should be: each one that ends gets a successor. */
export class SupervisedProcesses {
  readonly #options: SupervisionOptions;
  /** Those that are ready. */
  readonly #links = new Set<InferenceLink>();
  /** All that were started and have not been seen to end, ready or not. */
  readonly #alive = new Set<InferenceLink>();
  /** Their end has been told as `hung`. */
  readonly #hung = new WeakSet<InferenceLink>();
  readonly #restartTimers = new Set<NodeJS.Timeout>();
  readonly #proofs = new WeakMap<InferenceLink, readonly RoleProof[]>();
  /** Of the newest process: what is told while none runs. */
  #newest: readonly RoleProof[] = [];
  #restarts = 0;
  #closed = false;

  constructor(options: SupervisionOptions) {
    this.#options = options;
  }

  /** Those that are ready. */
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

  /** @throws {AppError} why a process cannot start. */
  async start(): Promise<void> {
    const { processes, cores } = this.#options;
    const links = await this.#startSome(processes ?? 1);
    if (processes === null && this.#newest.every(({ provider }) => provider === 'cpu')) {
      links.push(...(await this.#startSome(cores - 1)));
    }
    for (const link of links) this.#admit(link, 0);
    this.#options.proved(this.proofs);
  }

  /** Takes a process that does not answer out and ends it. */
  giveUpOn(link: InferenceLink, error: AppError): void {
    this.#options.tell('hung', link, error, error.message);
    this.#hung.add(link);
    this.#links.delete(link);
    link.kill();
  }

  /** Rejects what is inside the processes, ends them and resolves when they are gone. Idempotent. */
  async close(reason: AppError): Promise<void> {
    this.#closed = true;
    for (const timer of this.#restartTimers) clearTimeout(timer);
    const alive = [...this.#alive];
    for (const link of alive) {
      link.rejectAll(reason);
      link.kill();
    }
    await Promise.all(alive.map((link) => link.gone));
  }

  async #startSome(count: number): Promise<InferenceLink[]> {
    const links = Array.from({ length: count }, () => this.#open());
    await Promise.all(links.map(async (link) => this.#prove(link, await link.ready)));
    return links;
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

  /** @param failures processes of this place that ended without having answered anything, one after the other. */
  #admit(link: InferenceLink, failures: number): void {
    this.#links.add(link);
    link.gone.then((how) => {
      this.#links.delete(link);
      if (this.#closed) return;
      const error = new AppError('INFERENCE_DIED', `${link.name} ended with ${how}`);
      if (!this.#hung.has(link)) this.#options.tell('died', link, error, error.message);
      this.#replace(link, link.answered ? 1 : failures + 1);
    });
    this.#options.readied();
  }

  #replace(gone: InferenceLink, failures: number): void {
    const timer = setTimeout(async () => {
      this.#restartTimers.delete(timer);
      const link = this.#open();
      try {
        this.#prove(link, await link.ready);
        if (this.#closed) return;
        this.#restarts += 1;
        this.#options.tell('replaced', link, null, `${link.name} took the place of ${gone.pid}`);
        this.#admit(link, failures);
        this.#options.proved(this.proofs);
      } catch (reason) {
        const error = AppError.from(reason, 'INFERENCE_DIED');
        await link.gone;
        if (this.#closed) return;
        if (link.hopeless) this.#giveUp(link, error);
        else {
          this.#options.tell('died', link, error, error.message);
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
}
