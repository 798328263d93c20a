export interface JobLineOptions {
  /** Jobs that are worked on at once, at most. */
  readonly most: number;
  /** How long a job that comes to idle networks waits for others, milliseconds. */
  readonly withinMs: number;
}

/**
 * Jobs in the order in which they came, handed on in batches, one batch at a time. Those that came while networks ran have
 * waited already and go on at once, together.
 */
export class JobLine<Job> {
  readonly #work: (jobs: Job[]) => Promise<void>;
  readonly #options: JobLineOptions;
  readonly #waiting: Job[] = [];
  #full: (() => void) | null = null;
  #draining = false;
  #drained: Promise<void> = Promise.resolve();

  /** @param work never rejects. */
  constructor(work: (jobs: Job[]) => Promise<void>, options: JobLineOptions) {
    this.#work = work;
    this.#options = options;
  }

  add(job: Job): void {
    this.#waiting.push(job);
    if (this.#waiting.length >= this.#options.most) this.#full?.();
    if (this.#draining) return;
    this.#draining = true;
    this.#drained = this.#drain();
  }

  /** Forgets what waits, and resolves when what is worked on is done. */
  async stop(): Promise<void> {
    this.#waiting.length = 0;
    this.#full?.();
    await this.#drained;
  }

  async #drain(): Promise<void> {
    const { most } = this.#options;
    for (let afterRun = false; ; afterRun = true) {
      // A network that runs blocks the thread: what came meanwhile is read only now.
      if (most > 1) await new Promise(setImmediate);
      if (this.#waiting.length === 0) {
        // In the same breath as the look: a job that comes right after it starts anew.
        this.#draining = false;
        return;
      }
      if (!afterRun && this.#waiting.length < most) await this.#untilFull();
      const jobs = this.#waiting.splice(0, most);
      if (jobs.length > 0) await this.#work(jobs);
    }
  }

  #untilFull(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#full?.(), this.#options.withinMs);
      this.#full = () => {
        clearTimeout(timer);
        this.#full = null;
        resolve();
      };
    });
  }
}
