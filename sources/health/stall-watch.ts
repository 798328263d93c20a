import { asyncScheduler, interval, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';

export interface StallWatchOptions {
  /** Silence after which the stream counts as stalled, milliseconds. */
  stalledAfterMs: number;
  /** Silence after which it is given up, milliseconds. */
  restartAfterMs: number;
  onStalled(): void;
  /** What the stream ends with when it is given up. */
  error(): Error;
  scheduler?: SchedulerLike;
}

const TICK_MS = 250;

/**
 * Watches the values themselves, from the first one on: a camera that only keeps its connection alive defeats ffmpeg's own
 * timeout.
 *
 * Silence is counted in ticks of our own, not by the clock: after this process was stopped for ten seconds the clock
 * says ten seconds of silence, while the frames wait in the pipe.
 */
export function stallWatch<T>(options: StallWatchOptions): OperatorFunction<T, T> {
  return (source) =>
    new Observable((subscriber) => {
      let silentMs = 0;
      let first = true;
      const ticks = interval(TICK_MS, options.scheduler ?? asyncScheduler).subscribe(() => {
        if (first) return;
        const before = silentMs;
        silentMs += TICK_MS;
        if (silentMs >= options.restartAfterMs) subscriber.error(options.error());
        else if (before < options.stalledAfterMs && silentMs >= options.stalledAfterMs) options.onStalled();
      });
      subscriber.add(ticks);
      subscriber.add(
        source.subscribe({
          next: (value) => {
            first = false;
            // The tick under way does not count: never early, at most one tick late.
            silentMs = -TICK_MS;
            subscriber.next(value);
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}
