import type { AuditEntryView } from '../api/api-types.ts';
import type { Page } from '../state/paged-list.ts';

/** `GET /audit`: ascending, after a number. */
export type AuditReader = (query: { after: number; limit: number }) => Promise<{
  entries: AuditEntryView[];
  /** The number of the newest entry. */
  latest: number;
}>;

interface ReadAuditOptions {
  read: AuditReader;
  /** Entries from this number downwards; null: from the newest. */
  from: number | null;
  wanted(entry: AuditEntryView): boolean;
  /** How many to find. */
  count: number;
}

/** Entries that are asked for at once. */
const CHUNK = 500;
/** More are not looked through at one go: the reader may ask for more. */
const MOST_LOOKED_THROUGH = 5000;

/**
 * The log backwards, newest first. Its numbers have no gaps, so that any stretch of it can be asked for.
 * @returns `next` is the number to go on from.
 */
export async function readAudit({ read, from, wanted, count }: ReadAuditOptions): Promise<Page<AuditEntryView>> {
  let top = from ?? (await read({ after: Number.MAX_SAFE_INTEGER, limit: 1 })).latest;
  const items: AuditEntryView[] = [];
  let looked = 0;
  while (top > 0 && items.length < count && looked < MOST_LOOKED_THROUGH) {
    const limit = Math.min(CHUNK, top);
    const { entries } = await read({ after: top - limit, limit });
    if (entries.length === 0) break;
    for (const entry of entries.toReversed()) {
      if (items.length === count) break;
      looked += 1;
      top = entry.number - 1;
      if (wanted(entry)) items.push(entry);
    }
  }
  return { items, next: top > 0 ? String(top) : null };
}
