import { type MonoTypeOperatorFunction, Observable } from 'rxjs';
import type { Frame } from './frame.ts';

/** Gives each value's frame back once the subscribers have returned; who needs its pixels longer has retained it. */
export function releaseFrames<T extends { readonly frame: Frame }>(): MonoTypeOperatorFunction<T> {
  return (source) =>
    new Observable((subscriber) =>
      source.subscribe({
        next: (value) => {
          try {
            subscriber.next(value);
          } finally {
            value.frame.release();
          }
        },
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
}
