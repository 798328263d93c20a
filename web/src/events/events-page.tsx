import { useEffect } from 'preact/hooks';
import { events } from '../state/events.ts';
import { Failure } from '../ui/failure.tsx';
import { Tabs } from '../ui/tabs.tsx';
import { eventHistory, historyEvents, keepHistory, wanted } from './event-history.ts';
import { parseEventQuery, partsOf } from './event-query.ts';
import { EVENT_TABS } from './event-tabs.ts';
import { HistoryEmpty } from './history-empty.tsx';
import { HistoryFilter } from './history-filter.tsx';
import { HistoryList } from './history-list.tsx';

/** Everything that is in the log, and what comes; `query` is what the address asks for. */
export function EventsPage({ query }: { query: string }) {
  useEffect(() => {
    wanted.value = parseEventQuery(query);
  }, [query]);
  useEffect(keepHistory, []);
  const { more, busy, error } = eventHistory.shown.value;
  const list = historyEvents.value;
  const newest = events.value?.at(-1)?.sequence;
  const filtered = partsOf(wanted.value).length > 0;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Events</h1>
        <Tabs tabs={EVENT_TABS} label="Events and unknown people" />
        {newest !== undefined && <span class="muted figure">newest: no. {newest}</span>}
      </div>
      <HistoryFilter />
      {error !== null && <Failure what="The events could not be read." error={error} onRetry={eventHistory.refresh} />}
      {!list && error === null && <p class="muted">Loading …</p>}
      {list?.length === 0 && !busy && <HistoryEmpty query={wanted.value} />}
      {list && list.length > 0 && (
        <section class={busy ? 'panel people-busy' : 'panel'} aria-label="Events, newest first" aria-busy={busy}>
          <HistoryList events={list} />
        </section>
      )}
      {more && (
        <button type="button" class="button" disabled={busy} onClick={eventHistory.more}>
          {busy ? 'Loading …' : 'Show older ones'}
        </button>
      )}
      {list && list.length > 0 && !more && !busy && (
        <p class="muted small">{filtered ? 'That is all that fits.' : 'That is all that the log keeps.'}</p>
      )}
    </div>
  );
}
