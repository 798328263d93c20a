import type { AccessEvent } from '../api/api-types.ts';

/**
 * What was heard since the history was read, before what was read.
 * @param past newest first.
 * @param upTo what was read goes up to this number.
 * @param heard ascending.
 * @returns newest first.
 */
export function historyRows(
  past: readonly AccessEvent[],
  upTo: number,
  heard: readonly AccessEvent[],
  isAskedFor: (event: AccessEvent) => boolean,
): AccessEvent[] {
  const rows: AccessEvent[] = [];
  for (let i = heard.length - 1; i >= 0 && heard[i]!.sequence > upTo; i -= 1)
    if (isAskedFor(heard[i]!)) rows.push(heard[i]!);
  rows.push(...past);
  return rows;
}

export interface Day {
  /** The day; told apart where it comes twice, since the clock was set back. */
  readonly key: string;
  /** When the newest of them was. */
  readonly at: string;
  readonly events: readonly AccessEvent[];
}

/** Cuts the list where the day changes, by this browser's clock. */
export function byDay(events: readonly AccessEvent[]): Day[] {
  const days: { key: string; at: string; events: AccessEvent[] }[] = [];
  const times = new Map<string, number>();
  let day = '';
  for (const event of events) {
    const own = new Date(event.decidedAt).toDateString();
    if (own !== day) {
      const before = times.get(own) ?? 0;
      times.set(own, before + 1);
      days.push({ key: `${own} ${before}`, at: event.decidedAt, events: [] });
    }
    day = own;
    days.at(-1)!.events.push(event);
  }
  return days;
}
