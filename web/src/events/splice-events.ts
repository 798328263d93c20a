import type { AccessEvent } from '../api/api-types.ts';

/** 0 where there is none. */
export const newestSequence = (events: readonly AccessEvent[]) => events.at(-1)?.sequence ?? 0;

/**
 * Puts events into a list that is ascending by sequence and without doubles. The first copy of an event stays: one heard
 * live remains live when a reconnect reads it back from the log.
 * @param most the newest so many are kept.
 * @returns `events` itself where nothing is new.
 */
export function spliceEvents(
  events: readonly AccessEvent[],
  incoming: readonly AccessEvent[],
  most: number,
): AccessEvent[] {
  const list = events as AccessEvent[];
  const known = new Set<number>();
  // Only the tail can overlap with what comes in.
  const from = incoming.reduce((low, event) => Math.min(low, event.sequence), Number.POSITIVE_INFINITY);
  for (let i = list.length - 1; i >= 0 && list[i]!.sequence >= from; i -= 1) known.add(list[i]!.sequence);
  const fresh = incoming.filter((event) => {
    if (known.has(event.sequence)) return false;
    known.add(event.sequence);
    return true;
  });
  if (fresh.length === 0) return list;
  return [...list, ...fresh].sort((a, b) => a.sequence - b.sequence).slice(-most);
}
