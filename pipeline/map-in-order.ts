import { from, Observable, type ObservableInput, type OperatorFunction, type Subscription } from 'rxjs';

/** A place at whatever does the work; see {@link MapInOrderOptions.reserve}. */
export interface Place {
  release(): void;
}

export interface MapInOrderOptions<T, P extends Place, R> {
  /** Values in flight at most, counted until their result was emitted. Default 2. */
  concurrency?: number;
  /**
   * What waits while none may start: `newest` keeps one value and drops the one it replaces (live video), `all` keeps
   * every value in order (files, whose source stops by itself). Default `newest`.
   */
  waiting?: 'newest' | 'all';
  /**
   * Waits for a place before a value is taken from those waiting, so that a value that grows old in the queue is still
   * replaced by a newer one. Whoever gets a place and has no value left gives it back. A rejection ends the stream.
   * Default: a place is always free.
   */
  reserve?: (signal: AbortSignal) => Promise<P>;
  /**
   * Asked once for each value where the newest waits. One whose turn it is not waits for nothing by itself; where one waits already, it
   * takes that one's place, being newer. Default: it is everyone's turn.
   */
  isDue?: (value: T) => boolean;
  /**
   * Called for a value that will never be projected: `busy`, a newer one took its place before anything was free; `thinned`, there was
   * one too many (see `isDue`); `closed`, the stream ended.
   */
  onDrop?: (value: T, reason: 'busy' | 'thinned' | 'closed') => void;
  /** Called for a result that was ready and will not be emitted, because the stream was unsubscribed. */
  onDiscard?: (result: R) => void;
}

interface InFlight<R> {
  readonly results: R[];
  settled: boolean;
  subscription: Subscription | null;
}

const ALWAYS_FREE: Place = { release: () => undefined };

/**
 * Maps each value with up to `concurrency` in flight and emits the results in the order of the values. A projection may
 * emit nothing, which skips its value. An error of the source or of a projection ends the stream at once.
 */
export function mapInOrder<T, R, P extends Place = Place>(
  project: (value: T, place: P) => ObservableInput<R>,
  options: MapInOrderOptions<T, P, R> = {},
): OperatorFunction<T, R> {
  const { concurrency = 2, waiting: keep = 'newest', reserve, isDue, onDrop, onDiscard } = options;
  return (source) =>
    new Observable<R>((subscriber) => {
      const waiting: T[] = [];
      const inFlight: InFlight<R>[] = [];
      const abort = new AbortController();
      let reserving = false;
      let sourceDone = false;
      let closed = false;

      const fail = (error: unknown) => subscriber.error(error);
      const completeIfDone = () => {
        if (sourceDone && waiting.length === 0 && inFlight.length === 0) subscriber.complete();
      };

      const emitReady = () => {
        while (inFlight[0]?.settled && !closed) {
          const { results } = inFlight.shift() as InFlight<R>;
          for (const result of results) {
            if (closed) onDiscard?.(result);
            else subscriber.next(result);
          }
        }
        startWaiting();
        completeIfDone();
      };

      const start = (value: T, place: P) => {
        const flight: InFlight<R> = { results: [], settled: false, subscription: null };
        inFlight.push(flight);
        let projected: ObservableInput<R>;
        try {
          projected = project(value, place);
        } catch (error) {
          fail(error);
          return;
        }
        flight.subscription = from(projected).subscribe({
          next: (result) => {
            if (closed) onDiscard?.(result);
            else flight.results.push(result);
          },
          error: fail,
          complete: () => {
            flight.settled = true;
            emitReady();
          },
        });
      };

      const startWaiting = () => {
        while (!closed && !reserving && waiting.length > 0 && inFlight.length < concurrency) {
          if (!reserve) {
            start(waiting.shift() as T, ALWAYS_FREE as P);
            continue;
          }
          reserving = true;
          reserve(abort.signal).then(
            (place) => {
              reserving = false;
              if (closed || waiting.length === 0) place.release();
              else start(waiting.shift() as T, place);
              startWaiting();
            },
            (error: unknown) => {
              reserving = false;
              if (!closed) fail(error);
            },
          );
        }
      };

      subscriber.add(() => {
        closed = true;
        abort.abort();
        for (const value of waiting.splice(0)) onDrop?.(value, 'closed');
        for (const { results, subscription } of inFlight.splice(0)) {
          subscription?.unsubscribe();
          for (const result of results) onDiscard?.(result);
        }
      });
      subscriber.add(
        source.subscribe({
          next: (value) => {
            if (closed) {
              onDrop?.(value, 'closed');
              return;
            }
            if (keep === 'newest') {
              const due = isDue?.(value) ?? true;
              if (!due && waiting.length === 0) {
                onDrop?.(value, 'thinned');
                return;
              }
              for (const replaced of waiting.splice(0)) onDrop?.(replaced, due ? 'busy' : 'thinned');
            }
            waiting.push(value);
            startWaiting();
          },
          error: fail,
          complete: () => {
            sourceDone = true;
            completeIfDone();
          },
        }),
      );
    });
}
