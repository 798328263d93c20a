import { computed, effect, signal } from '@preact/signals';
import { looksLikeId } from '../../../pipeline/name-key.ts';
import type { AccessEvent } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { subjectNamed } from '../people/subject-lookup.ts';
import { events, logVersion } from '../state/events.ts';
import { createPagedList } from '../state/paged-list.ts';
import { askedOfServer, EVERYTHING, type EventQuery, isAskedFor } from './event-query.ts';
import { historyRows } from './history-rows.ts';

const PAGE = 100;
/** As the server: it gives no more in one answer. */
const MOST_AT_ONCE = 1000;

/** What is asked for: the page's address says it. */
export const wanted = signal<EventQuery>(EVERYTHING);

/** What the list that is shown answers: its question, and up to which number it was read. */
let answered: { query: EventQuery; upTo: number } = { query: EVERYTHING, upTo: Number.POSITIVE_INFINITY };

/** The question as the server was asked it, for the list that is shown. */
export const answeredQuery = (): EventQuery => answered.query;

export const eventHistory = createPagedList<AccessEvent>({
  async load(after, least, signal) {
    const query = after === null ? await spelledAsInLog(wanted.peek(), signal) : answered.query;
    const { events, latest, previous } = await facegateApi.events(
      {
        limit: Math.min(MOST_AT_ONCE, Math.max(PAGE, least)),
        ...(after !== null && { before: Number(after) }),
        ...askedOfServer(query),
      },
      signal,
    );
    if (after === null && !signal.aborted) answered = { query, upTo: latest };
    return { items: events.toReversed(), next: previous === null ? null : String(previous) };
  },
  keyOf: ({ sequence }) => String(sequence),
});

/** Newest first, what was heard meanwhile too; null until they came. */
export const historyEvents = computed(() => {
  const { items } = eventHistory.shown.value;
  return items && historyRows(items, answered.upTo, events.value ?? [], (event) => isAskedFor(event, answered.query));
});

/** The log knows names as they were written; people type them in any case. */
async function spelledAsInLog(query: EventQuery, signal: AbortSignal): Promise<EventQuery> {
  if (query.person === null || looksLikeId(query.person)) return query;
  const subject = await subjectNamed(query.person, signal).catch(() => null);
  return subject ? { ...query, person: subject.name } : query;
}

const AFTER_TYPING_MS = 250;

/** While the page is open. @returns ends it. */
export function keepHistory(): () => void {
  let typing: ReturnType<typeof setTimeout> | undefined;
  let before: EventQuery | null = null;
  const stopAsking = effect(() => {
    const query = wanted.value;
    // Another log: its numbers mean other events.
    void logVersion.value;
    clearTimeout(typing);
    const typed = before !== null && before.person !== query.person;
    before = query;
    if (typed) typing = setTimeout(eventHistory.restart, AFTER_TYPING_MS);
    else void eventHistory.restart();
  });
  // Of what is heard only so many are held: whoever was away for longer has a gap.
  const stopGaps = effect(() => {
    const oldestHeard = events.value?.[0]?.sequence ?? 0;
    if (oldestHeard > answered.upTo + 1 && !eventHistory.shown.peek().busy) void eventHistory.refresh();
  });
  return () => {
    clearTimeout(typing);
    stopAsking();
    stopGaps();
  };
}
