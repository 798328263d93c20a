import { type Signal, signal } from '@preact/signals';
import { ApiError } from '../api/api-error.ts';

/** A list from the server: null until it came once; `error` is why the newest attempt failed. */
export interface Loaded<T> {
  readonly value: Signal<T | null>;
  readonly error: Signal<Error | null>;
  /** @returns whether the server was reached. Parallel calls share one request. */
  refresh(): Promise<boolean>;
  /** The same by a request that begins now or later: one under way may not know what was just done. */
  renew(): Promise<boolean>;
}

export function createLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const value = signal<T | null>(null);
  const error = signal<Error | null>(null);
  let running: Promise<boolean> | null = null;
  const run = async () => {
    try {
      value.value = await load();
      error.value = null;
      return true;
    } catch (thrown) {
      error.value = thrown instanceof Error ? thrown : new Error(String(thrown));
      return !(thrown instanceof ApiError && thrown.unreachable);
    } finally {
      running = null;
    }
  };
  const refresh = () => {
    running ??= run();
    return running;
  };
  return { value, error, refresh, renew: () => (running ? running.then(refresh) : refresh()) };
}
