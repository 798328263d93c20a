import { useEffect, useState } from 'preact/hooks';
import { facegateApi } from '../api/facegate-api.ts';
import { cameraName } from '../state/cameras.ts';
import { doorName } from '../state/doors.ts';
import { Empty } from '../ui/empty.tsx';
import { answeredQuery } from './event-history.ts';
import { askedOfServer, type EventQuery, partsOf } from './event-query.ts';
import { KIND_WORDS } from './event-words.ts';
import { ask } from './history-filter.tsx';

function partWords(part: keyof EventQuery, query: EventQuery): string {
  switch (part) {
    case 'kinds':
      return query.kinds.map((kind) => KIND_WORDS[kind]).join(', ');
    case 'door':
      return `door ${doorName(query.door)}`;
    case 'camera':
      return `camera ${cameraName(query.camera)}`;
    case 'person':
      return `person ${query.person}`;
  }
}

/** Nothing fits: says which part of the question to let go, having looked what there is without it. */
export function HistoryEmpty({ query }: { query: EventQuery }) {
  const parts = partsOf(query);
  const [helps, setHelps] = useState<ReadonlySet<keyof EventQuery>>(new Set());
  useEffect(() => {
    const asking = new AbortController();
    setHelps(new Set());
    // As it was answered: a name is spelled there as the log has it.
    for (const { part, without } of partsOf(answeredQuery())) {
      facegateApi.events({ limit: 1, ...askedOfServer(without) }, asking.signal).then(
        ({ events }) => {
          if (events.length > 0) setHelps((before) => new Set([...before, part]));
        },
        () => {},
      );
    }
    return () => asking.abort();
  }, [query]);
  if (parts.length === 0) {
    return (
      <Empty icon="events" title="No events yet">
        <p class="muted">They come when somebody is recognised, a door answers, or a camera changes its state.</p>
      </Empty>
    );
  }
  const some = parts.some(({ part }) => helps.has(part));
  return (
    <Empty icon="events" title="No such event">
      <p class="muted">
        {some ? 'There are events where one of these is let go:' : 'Nothing in the log fits all of these together:'}
      </p>
      <div class="chips">
        {parts
          .filter(({ part }) => !some || helps.has(part))
          .map(({ part, without }) => (
            <button key={part} type="button" class="button" onClick={() => ask(without)}>
              Without {partWords(part, query)}
            </button>
          ))}
      </div>
    </Empty>
  );
}
