import type { Logger } from '../pipeline/ports.ts';
import { endLeftovers, type TreeProcess } from './limits/process-tree.ts';

/** What children need to notice, say goodbye to cameras and go; ffmpeg's guard takes three seconds and one to look. */
const CHILDREN_GO_WITHIN_MS = 5_000;

/**
 * Children of processes that have ended: they notice and go; one that was stopped, or hangs in a driver, does not. One that was
 * started after the last look, within a second of its parent's end, is left to itself.
 */
export class Leftovers {
  readonly #log: Logger;
  readonly #waiting = new Map<NodeJS.Timeout, readonly TreeProcess[]>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** They have time to go by themselves. */
  endLater(children: readonly TreeProcess[]): void {
    if (children.length === 0) return;
    const timer = setTimeout(() => {
      this.#waiting.delete(timer);
      const left = endLeftovers(children);
      if (left.length > 0)
        this.#log.warn({ pids: left }, `${left.length} of its processes did not go by themselves, and were killed`);
    }, CHILDREN_GO_WITHIN_MS);
    timer.unref();
    this.#waiting.set(timer, children);
  }

  endNow(): void {
    for (const [timer, children] of this.#waiting) {
      clearTimeout(timer);
      endLeftovers(children);
    }
    this.#waiting.clear();
  }
}
