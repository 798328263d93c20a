import { useRef, useState } from 'preact/hooks';
import type { AccessEvent } from '../api/api-types.ts';
import { minute, now } from '../state/now.ts';
import { dayWords } from '../ui/time-words.ts';
import { EventRow } from './event-row.tsx';
import { byDay } from './history-rows.ts';

const TIMES = 'button.event-time';

/** Newest first, day by day. One stop for the Tab key; arrows go from event to event. */
export function HistoryList({ events }: { events: readonly AccessEvent[] }) {
  const element = useRef<HTMLDivElement>(null);
  const [current, setCurrent] = useState<number | null>(null);
  void minute.value;
  const stop = events.some(({ sequence }) => sequence === current) ? current : (events[0]?.sequence ?? null);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined || !(event.target instanceof Element && event.target.matches(TIMES))) return;
    const times = [...element.current!.querySelectorAll<HTMLElement>(TIMES)];
    const next = times[times.indexOf(event.target as HTMLElement) + step];
    if (!next) return;
    event.preventDefault();
    next.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons in it are what is worked; this only moves between them.
    <div ref={element} class="history" onKeyDown={move}>
      {byDay(events).map((day) => (
        <section key={day.key}>
          <h2 class="event-day">{dayWords(day.at, now.peek())}</h2>
          <ol class="events">
            {day.events.map((event) => (
              <EventRow
                key={event.sequence}
                event={event}
                inHistory={{ isStop: event.sequence === stop, onFocus: () => setCurrent(event.sequence) }}
              />
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}
