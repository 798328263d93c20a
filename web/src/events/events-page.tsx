import { useState } from 'preact/hooks';
import { events } from '../state/events.ts';
import { Tabs } from '../ui/tabs.tsx';
import { EventFilter } from './event-filter.tsx';
import { EventList } from './event-list.tsx';
import { EVENT_TABS } from './event-tabs.ts';

const STEP = 200;

export function EventsPage() {
  const [most, setMost] = useState(STEP);
  const list = events.value;
  return (
    <div class="page">
      <div class="page-head">
        <h1>Events</h1>
        <Tabs tabs={EVENT_TABS} label="Events and unknown people" />
        {list && list.length > 0 && <span class="muted figure">newest: no. {list.at(-1)!.sequence}</span>}
      </div>
      <EventFilter />
      <section class="panel" aria-label="Events, newest first">
        <EventList most={most} onMore={() => setMost(most + STEP)} />
      </section>
    </div>
  );
}
