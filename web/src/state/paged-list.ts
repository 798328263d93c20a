import { type Signal, signal } from '@preact/signals';

export interface Page<T> {
  readonly items: readonly T[];
  /** Where the next page begins; null on the last one. */
  readonly next: string | null;
}

export interface Paged<T> {
  /** Null until the first page came. */
  readonly items: readonly T[] | null;
  /** Whether there are more than these. */
  readonly more: boolean;
  readonly busy: boolean;
  readonly error: unknown;
}

export interface PagedList<T> {
  readonly shown: Signal<Paged<T>>;
  /** From the beginning, as after another search. What is shown stays until the answer is there. */
  restart(): Promise<void>;
  /** The same again, as much of it as is shown: something in it may have changed. */
  refresh(): Promise<void>;
  /** The next page. */
  more(): Promise<void>;
}

interface PagedListOptions<T> {
  /** @param least how many are wanted at least; the page's own size where it is 0. */
  load(after: string | null, least: number, signal: AbortSignal): Promise<Page<T>>;
  keyOf(item: T): string;
}

/** A list that is longer than anybody wants at once. The newest question wins: a late answer to an older one is dropped. */
export function createPagedList<T>({ load, keyOf }: PagedListOptions<T>): PagedList<T> {
  const shown = signal<Paged<T>>({ items: null, more: false, busy: false, error: null });
  let next: string | null = null;
  let asking: AbortController | null = null;

  const run = async (after: string | null, least: number) => {
    asking?.abort();
    const own = new AbortController();
    asking = own;
    shown.value = { ...shown.peek(), busy: true };
    try {
      const page = await load(after, least, own.signal);
      if (asking !== own) return;
      const before = after === null ? [] : (shown.peek().items ?? []);
      const known = new Set(before.map(keyOf));
      // Somebody who was renamed meanwhile may come a second time.
      const items = [...before, ...page.items.filter((item) => !known.has(keyOf(item)))];
      next = page.next;
      shown.value = { items, more: next !== null, busy: false, error: null };
    } catch (error) {
      if (asking === own) shown.value = { ...shown.peek(), busy: false, error };
    }
  };
  return {
    shown,
    restart: () => run(null, 0),
    refresh: () => run(null, shown.peek().items?.length ?? 0),
    async more() {
      if (next !== null && !shown.peek().busy) await run(next, 0);
    },
  };
}
