import { asyncScheduler, interval, Observable, type OperatorFunction, type SchedulerLike } from 'rxjs';

export interface FirstPictureWatchOptions {
  /** How long the first value may take, milliseconds; asked at every tick, since it depends on what is known meanwhile. */
  withinMs: () => number;
  /** What the stream ends with when it took longer. */
  error: (afterMs: number) => Error;
  scheduler?: SchedulerLike;
}

const TICK_MS = 250;

/** Gives a stream up whose first value does not come. Counted in ticks, for the reason that `stallWatch` has. */
export function firstPictureWatch<T>(options: FirstPictureWatchOptions): OperatorFunction<T, T> {
  return (source) =>
    new Observable((subscriber) => {
      let silentMs = 0;
      const ticks = interval(TICK_MS, options.scheduler ?? asyncScheduler).subscribe(() => {
        silentMs += TICK_MS;
        const withinMs = options.withinMs();
        if (silentMs >= withinMs) subscriber.error(options.error(withinMs));
      });
      subscriber.add(ticks);
      subscriber.add(
        source.subscribe({
          next: (value) => {
            ticks.unsubscribe();
            subscriber.next(value);
          },
          error: (error) => subscriber.error(error),
          complete: () => subscriber.complete(),
        }),
      );
    });
}
