import type { AccessEvent } from '../pipeline/access-event.ts';
import { type EventFilter, type EventPage, isWanted } from './event-filter.ts';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

export interface EventSubscriberOptions {
  socket: ViewerSocket;
  /** Number of the last event that the client has. */
  since: number;
  filter: EventFilter;
  page: (o: { since: number; limit: number }) => EventPage;
  /** The event as it happens; null where it is too late for that. */
  fresh: (sequence: number) => AccessEvent | null;
  /** What goes over the socket for an event. */
  encode: (json: string, sequence: number | null) => string;
  maxBufferedBytes: number;
  onSent: () => void;
  /** @param last number of the last event that was sent. */
  onTooSlow: (last: number) => void;
  onFault: (error: unknown) => void;
}

/** Events read from the log at once: one read takes about a millisecond. */
const PAGE = 200;
/** Events heard while an older one is still being read; beyond that they come from the log like the others. */
const MOST_HEARD = 1000;

/**
 * One client of the event feed. It listens before it reads, and joins the two by number: an event that was heard while the
 * log was being read is sent as heard, once, in its place; a number that was not heard is read from the log.
 */
export class EventSubscriber {
  readonly #options: EventSubscriberOptions;
  /** Heard and not sent, by number. */
  readonly #heard = new Map<number, AccessEvent>();
  /** Number of the last event that was sent, or left out. */
  #last: number;
  #replaying = false;
  #ended = false;

  constructor(options: EventSubscriberOptions) {
    this.#options = options;
    this.#last = options.since;
  }

  /** Sends what the client missed; `hear` may be called from now on. */
  start(): void {
    this.#replay();
  }

  hear(event: AccessEvent): void {
    if (this.#ended || event.sequence <= this.#last) return;
    const wanted = isWanted(event, this.#options.filter);
    if (!this.#replaying && event.sequence === this.#last + 1) {
      if (wanted) this.#send(event);
      else this.#last = event.sequence;
      return;
    }
    if (wanted) this.#heard.set(event.sequence, event);
    if (this.#heard.size > MOST_HEARD) this.#heard.delete(this.#heard.keys().next().value as number);
    // Not the next number: what lies between is in the log.
    if (!this.#replaying) this.#replay();
  }

  end(): void {
    this.#ended = true;
    this.#heard.clear();
  }

  /** Sends what the connection takes well, waits until it has taken that, and goes on until there is no more. */
  #replay(): void {
    if (this.#ended) return;
    this.#replaying = true;
    let page: EventPage;
    try {
      page = this.#options.page({ since: this.#last, limit: PAGE });
    } catch (error) {
      this.end();
      this.#options.onFault(error);
      return;
    }
    const { socket, maxBufferedBytes } = this.#options;
    for (const [i, read] of page.events.entries()) {
      // A replay waits for its reader; only one that falls behind what happens now is too slow.
      if (i > 0 && socket.bufferedAmount > maxBufferedBytes / 2) return;
      const event = this.#heard.get(read.sequence) ?? read;
      this.#heard.delete(read.sequence);
      this.#send(event);
      if (this.#ended) return;
    }
    if (page.events.length > 0) return;
    this.#last = Math.max(this.#last, page.next);
    if (page.more) {
      // Much is left out: others get their turn between two looks.
      setImmediate(() => this.#replay());
      return;
    }
    // Nothing is left to read, and nothing can be appended between that look and this line. What was heard and is not in
    // the log any more is sent nevertheless.
    this.#replaying = false;
    for (const [sequence, event] of this.#heard) {
      this.#heard.delete(sequence);
      if (sequence > this.#last) this.#send(event);
    }
  }

  #send(event: AccessEvent): void {
    const { socket, maxBufferedBytes, fresh, encode, onSent, onTooSlow } = this.#options;
    if (socket.readyState !== OPEN) return;
    if (socket.bufferedAmount > maxBufferedBytes) {
      this.end();
      onTooSlow(this.#last);
      return;
    }
    this.#last = event.sequence;
    const told = event.replay || fresh(event.sequence) ? event : { ...event, replay: true };
    socket.send(encode(JSON.stringify(told), event.sequence), { binary: false }, (error) => {
      if (error) return;
      onSent();
      if (this.#replaying && event.sequence === this.#last) this.#replay();
    });
  }
}
