import { isMainThread, threadId } from 'node:worker_threads';
import type { AnalysisTrace, FrameStage, StageSpan } from '../../pipeline/frame-trace.ts';
import { machineMs } from '../../pipeline/machine-clock.ts';

/**
 * What one call of the networks spends its time on: each lap ends where the next one begins, so that nothing between the first and the
 * last moment is left out. Times are those of the machine's clock, since another process reads them.
 */
export class StageLaps {
  readonly #spans: StageSpan[] = [];
  readonly #now: () => number;
  #fromMs: number;

  constructor(now: () => number = machineMs) {
    this.#now = now;
    this.#fromMs = now();
  }

  /** What was done since the last lap. */
  lap(stage: FrameStage): void {
    const untilMs = this.#now();
    const before = this.#spans.at(-1);
    if (before?.stage === stage) this.#spans[this.#spans.length - 1] = { ...before, untilMs };
    else this.#spans.push({ stage, fromMs: this.#fromMs, untilMs });
    this.#fromMs = untilMs;
  }

  get trace(): AnalysisTrace {
    const thread = isMainThread ? '' : ` thread ${threadId}`;
    return { place: `process ${process.pid}${thread}`, spans: this.#spans };
  }
}
