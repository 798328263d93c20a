export interface Backoff {
  /** Milliseconds to wait before the next attempt. */
  next(): number;
  reset(): void;
}

/**
 * Doubles from `firstMs` to `maxMs`, each with up to a third taken off at random, so that the consoles of a restarted
 * server do not all come back in the same instant.
 */
export function createBackoff(options: { firstMs?: number; maxMs?: number; random?: () => number } = {}): Backoff {
  const { firstMs = 500, maxMs = 15_000, random = Math.random } = options;
  let attempt = 0;
  return {
    next() {
      const full = Math.min(maxMs, firstMs * 2 ** attempt);
      if (full < maxMs) attempt += 1;
      return Math.round(full * (1 - random() / 3));
    },
    reset() {
      attempt = 0;
    },
  };
}
