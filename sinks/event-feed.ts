import type { Observable, Subscription } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import type { AccessEvent } from '../pipeline/access-event.ts';
import type { Clock } from '../pipeline/ports.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { EventFilter, EventPage } from './event-filter.ts';
import { EventSubscriber } from './event-subscriber.ts';
import { FreshEvents } from './fresh-events.ts';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

/** The part of the event log that the feed reads. */
export interface EventLogReader {
  /**
   * Events after number `since`, ascending, at most `limit`.
   * @throws {AppError} EVENT_CURSOR_GONE when some of them are no longer kept.
   */
  page(o: { since: number; limit: number } & EventFilter): EventPage;
  /** Each event after it is durable, in order. */
  readonly events: Observable<AccessEvent>;
  readonly lastSequence: number;
  readonly oldestSequence: number;
}

export interface EventFeedClient extends EventFilter {
  /** Number of the last event that the client has. Default: what happens from now on. */
  since?: number | undefined;
  /** What goes over the socket for a text: of an event with its number, of an error with null. Default: the text. */
  encode?: (json: string, sequence: number | null) => string;
}

export interface EventFeedOptions {
  log: EventLogReader;
  /** Default: the machine's. */
  clock?: Clock;
  /** Bytes that may wait for a client before it is closed with 1013. Default 1 MiB. */
  maxBufferedBytes?: number;
}

export interface EventFeedStats {
  readonly clients: number;
  readonly sent: number;
  /** Clients that were closed because they did not keep up. */
  readonly tooSlow: number;
}

/** The number that a client asked for is not in the log: what it missed must be fetched or given up by decision. */
export const CLOSED_CURSOR_GONE = 4410;
/** "Try again later": the client did not keep up, and resumes from the last number it has. */
export const CLOSED_TOO_SLOW = 1013;

const CLOSE_WAIT_MS = 1000;

const plain = (json: string) => json;

/**
 * Sends access events to sockets, each event once, in order and without gaps. With `since` first those after that number
 * from the log (`replay: true`), then what is heard live; without it what happens from now on. What a client does not want is
 * left out. A client that does not keep up is closed with 1013 and loses nothing: it asks again from its last number.
 *
 * A cursor that is not in the log is answered by `{"type":"error","code":"EVENT_CURSOR_GONE",…,"oldest":N,"latest":M}` and
 * close code 4410; a log that cannot be read by `{"type":"error",…}` and 1011.
 */
export class EventFeed implements AsyncDisposable {
  readonly #log: EventLogReader;
  readonly #fresh: FreshEvents;
  readonly #maxBufferedBytes: number;
  readonly #clients = new Map<EventSubscriber, ViewerSocket>();
  readonly #subscription: Subscription;
  #sent = 0;
  #tooSlow = 0;
  #closing: Promise<void> | null = null;
  #allGone: (() => void) | null = null;

  constructor({ log, clock = systemClock, maxBufferedBytes = 1_048_576 }: EventFeedOptions) {
    this.#log = log;
    this.#fresh = new FreshEvents(clock);
    this.#maxBufferedBytes = maxBufferedBytes;
    this.#subscription = log.events.subscribe({
      next: (event) => {
        this.#fresh.add(event);
        for (const [client, socket] of this.#clients) {
          try {
            client.hear(event);
          } catch {
            // One socket in a bad state takes neither the others down nor the log.
            client.end();
            this.#leave(client);
            socket.terminate();
          }
        }
      },
      // The log ended; those who ask again are told why.
      error: () => undefined,
    });
  }

  /** Takes over an open socket until either side closes it. */
  add(socket: ViewerSocket, { since, types, doors, encode = plain }: EventFeedClient = {}): void {
    socket.on('error', () => undefined);
    if (this.#closing) {
      socket.close(1001, 'facegate is stopping');
      return;
    }
    if (socket.readyState !== OPEN) return;
    try {
      const client = new EventSubscriber({
        socket,
        since: since ?? this.#log.lastSequence,
        filter: { types, doors },
        page: (o) => this.#log.page({ ...o, types, doors }),
        fresh: (sequence) => this.#fresh.find(sequence),
        encode,
        maxBufferedBytes: this.#maxBufferedBytes,
        onSent: () => {
          this.#sent += 1;
        },
        onTooSlow: (last) => {
          this.#tooSlow += 1;
          this.#leave(client);
          socket.close(CLOSED_TOO_SLOW, `too slow; resume with since=${last}`);
        },
        onFault: (error) => {
          this.#leave(client);
          this.#refuse(socket, error, encode);
        },
      });
      socket.on('close', () => {
        client.end();
        this.#leave(client);
      });
      this.#clients.set(client, socket);
      client.start();
    } catch (error) {
      this.#refuse(socket, error, encode);
    }
  }

  stats(): EventFeedStats {
    return { clients: this.#clients.size, sent: this.#sent, tooSlow: this.#tooSlow };
  }

  /** Says goodbye to every client; resolves when they are gone. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #leave(client: EventSubscriber): void {
    this.#clients.delete(client);
    if (this.#clients.size === 0) this.#allGone?.();
  }

  #refuse(socket: ViewerSocket, error: unknown, encode: NonNullable<EventFeedClient['encode']>): void {
    const { code, message } = AppError.from(error, 'EVENT_LOG_UNAVAILABLE');
    const gone = code === 'EVENT_CURSOR_GONE';
    let numbers = {};
    try {
      if (gone) numbers = { oldest: this.#log.oldestSequence, latest: this.#log.lastSequence };
    } catch {
      // The refusal itself still says why.
    }
    const said = JSON.stringify({ type: 'error', code, message, ...numbers });
    socket.send(encode(said, null), { binary: false }, () => undefined);
    socket.close(gone ? CLOSED_CURSOR_GONE : 1011, code);
  }

  async #close(): Promise<void> {
    this.#subscription.unsubscribe();
    if (this.#clients.size === 0) return;
    const gone = new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
    for (const [client, socket] of this.#clients) {
      client.end();
      socket.close(1001, 'facegate is stopping');
    }
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_WAIT_MS);
    });
    await Promise.race([gone, late]);
    clearTimeout(timer);
    for (const socket of this.#clients.values()) socket.terminate();
    this.#clients.clear();
  }
}
