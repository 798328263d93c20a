import { connection } from '../state/connection.ts';
import { events } from '../state/events.ts';
import { Empty } from '../ui/empty.tsx';
import { clearPicked, pickedKinds } from './event-filter.tsx';
import { EventRow } from './event-row.tsx';
import { eventKind } from './event-words.ts';

interface EventListProps {
  /** Only this camera's, whatever the filter says. */
  camera?: string;
  /** Rows shown. */
  most: number;
}

/** The newest ones that were heard; the whole log is on the page of events. */
export function EventList({ camera, most }: EventListProps) {
  const all = events.value;
  if (!all) return <p class="muted pad">{connection.value.at === 'live' ? 'Loading …' : 'Waiting for the server …'}</p>;
  const picked = pickedKinds.value;
  const filtered = camera === undefined && picked.size > 0;
  const shown = [];
  for (let i = all.length - 1; i >= 0 && shown.length < most; i -= 1) {
    const event = all[i]!;
    if (camera !== undefined ? event.camera === camera : !filtered || picked.has(eventKind(event.type)))
      shown.push(event);
  }
  return (
    <div class="event-scroll">
      {shown.length === 0 &&
        (filtered && all.length > 0 ? (
          <div class="pad">
            <p class="muted">None of the picked kind among the newest {all.length}.</p>
            <button type="button" class="button" onClick={clearPicked}>
              Show every kind
            </button>
          </div>
        ) : (
          <Empty icon="events" title="No events yet">
            <p class="muted">They come when somebody is recognised, a door answers, or a camera changes its state.</p>
          </Empty>
        ))}
      <ol class="events">
        {shown.map((event) => (
          <EventRow key={event.sequence} event={event} />
        ))}
      </ol>
    </div>
  );
}
