import type { ObservableInput, OperatorFunction } from 'rxjs';
import { type MapInOrderOptions, mapInOrder, type Place } from './map-in-order.ts';

export type LatestMapOptions<T, P extends Place, R> = Omit<MapInOrderOptions<T, P, R>, 'waiting'>;

/**
 * `mapInOrder` for live streams: one value waits, and a newer one takes its place (`exhaustMap` would drop the *newer*
 * ones). `concurrency` is 1 unless said otherwise.
 */
export function latestMap<T, R, P extends Place = Place>(
  project: (value: T, place: P) => ObservableInput<R>,
  options: LatestMapOptions<T, P, R> = {},
): OperatorFunction<T, R> {
  return mapInOrder(project, { concurrency: 1, ...options, waiting: 'newest' });
}
