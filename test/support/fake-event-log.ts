import { Subject } from 'rxjs';
import { AppError } from '../../config/app-error.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { EventLogReader } from '../../sinks/event-feed.ts';
import { type EventFilter, type EventPage, isWanted } from '../../sinks/event-filter.ts';
import { eventEnvelope } from './event-envelope.ts';

/** An event log in memory, as small as the feed's view of one. */
export class FakeEventLog implements EventLogReader {
  readonly events = new Subject<AccessEvent>();
  readonly #kept: AccessEvent[] = [];
  /** Reads so far, by their `since`. */
  readonly reads: number[] = [];
  lastSequence = 0;

  get oldestSequence(): number {
    return this.#kept[0]?.sequence ?? this.lastSequence + 1;
  }

  /** Durable first, then heard, as the real one does. */
  append(fields: Partial<AccessEvent> = {}): AccessEvent {
    const event = this.store(fields);
    this.events.next(event);
    return event;
  }

  /** Durable and not heard yet: the moment between. */
  store(fields: Partial<AccessEvent> = {}): AccessEvent {
    this.lastSequence += 1;
    const event = eventEnvelope(this.lastSequence, { type: 'access.granted', door: 'lobby', ...fields });
    this.#kept.push(event);
    return event;
  }

  /** The oldest so many are no longer kept. */
  prune(count: number): void {
    this.#kept.splice(0, count);
  }

  page({ since, limit, types, doors }: { since: number; limit: number } & EventFilter): EventPage {
    this.reads.push(since);
    if (since > this.lastSequence || since + 1 < this.oldestSequence) {
      const { oldestSequence: oldest, lastSequence: latest } = this;
      throw new AppError('EVENT_CURSOR_GONE', `the events after ${since} are not here`, {
        details: { oldest, latest },
      });
    }
    const later = this.#kept.filter((event) => event.sequence > since);
    const wanted = later.filter((event) => isWanted(event, { types, doors }));
    const events = wanted.slice(0, limit).map((event) => ({ ...event, replay: true }));
    const next = events.length < limit ? this.lastSequence : events.at(-1)!.sequence;
    return { events, next, more: next < this.lastSequence };
  }
}
