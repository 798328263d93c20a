export interface NewestFirst<T> {
  push(item: T): void;
  /** What waits is dropped; what runs ends by itself. */
  stop(): void;
}

/**
 * Works on one item at a time. While it works the newest item waits and takes the place of an older one, so that what is
 * shown is never older than it must be.
 */
export function createNewestFirst<T>(work: (item: T) => Promise<void>): NewestFirst<T> {
  let waiting: { item: T } | null = null;
  let busy = false;
  let stopped = false;
  const run = async () => {
    busy = true;
    while (waiting && !stopped) {
      const { item } = waiting;
      waiting = null;
      try {
        await work(item);
      } catch {
        // A picture that does not decode is left out; the next one comes.
      }
    }
    busy = false;
  };
  return {
    push(item) {
      if (stopped) return;
      waiting = { item };
      if (!busy) void run();
    },
    stop() {
      stopped = true;
      waiting = null;
    },
  };
}
