import { AppError } from '../../config/app-error.ts';

interface Waiting {
  readonly start: () => void;
}

/**
 * Lets few requests with pictures work at a time: each may hold a picture of 16 million pixels in memory. The others wait
 * with their bodies unread, so that TCP holds the senders back.
 */
export class Admission {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  readonly #waiting: Waiting[] = [];
  #working = 0;

  constructor({ atOnce, maxWaiting }: { atOnce: number; maxWaiting: number }) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  /**
   * Runs `work` when there is room.
   * @throws {AppError} INFERENCE_BUSY when too many wait already; the signal's reason when it fires before the start.
   */
  async run<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next.start();
      else this.#working -= 1;
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#working < this.#atOnce) {
      this.#working += 1;
      return Promise.resolve();
    }
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new AppError('INFERENCE_BUSY', 'too many pictures are being worked on; try again in a moment');
    }
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(signal.reason);
      };
      const entry: Waiting = {
        start: () => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      this.#waiting.push(entry);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }
}
