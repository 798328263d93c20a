import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

/** The client comes back so long after it was cut off, milliseconds. */
const RETRY_MS = 2000;
const CLOSE_WAIT_MS = 1000;
const CLOSING = 2;
const CLOSED = 3;

/**
 * Server-Sent Events (WHATWG HTML, 9.2) over an HTTP answer, with the ways of a WebSocket: what is sent must be in the form of
 * `asServerSentEvent`. There is no close code: a client that was cut off comes back with `Last-Event-ID`.
 */
export class EventStreamSocket extends EventEmitter implements ViewerSocket {
  readonly #raw: ServerResponse;
  #state = OPEN as number;

  /** @param headers stand beside those of the stream itself. */
  constructor(raw: ServerResponse, headers: Readonly<Record<string, string | number | string[] | undefined>>) {
    super();
    this.#raw = raw;
    raw.on('error', () => this.emit('error'));
    raw.on('close', () => {
      this.#state = CLOSED;
      this.emit('close');
    });
    const given = Object.entries(headers).filter(
      (one): one is [string, string | number | string[]] => one[1] !== undefined,
    );
    raw.writeHead(200, {
      ...Object.fromEntries(given),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      // Proxies (nginx) would hold events back to send many at once.
      'x-accel-buffering': 'no',
    });
    raw.write(`retry: ${RETRY_MS}\n\n`);
  }

  get readyState(): number {
    return this.#state;
  }

  get bufferedAmount(): number {
    return this.#raw.writableLength;
  }

  send(data: Buffer | string, _options: { binary: boolean }, done: (error?: Error | null) => void): void {
    if (this.#state === OPEN) this.#raw.write(data, done);
    else done(new Error('the stream has ended'));
  }

  /** A comment. `pong` is when the operating system has taken it: a client that is gone takes nothing for long. */
  ping(): void {
    if (this.#state !== OPEN) return;
    this.#raw.write(':\n\n', (error) => {
      if (!error) this.emit('pong');
    });
  }

  /** Ends the stream after what was sent; a client that does not take it is cut off a second later. */
  close(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSING;
    this.#raw.end();
    setTimeout(() => this.terminate(), CLOSE_WAIT_MS).unref();
  }

  terminate(): void {
    this.#raw.destroy();
  }
}

/** @param sequence the id that a client comes back with; null for what is no event of the log, which is of the kind `error`. */
export function asServerSentEvent(json: string, sequence: number | null): string {
  return `${sequence === null ? 'event: error' : `id: ${sequence}`}\ndata: ${json}\n\n`;
}
