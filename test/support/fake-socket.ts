import { EventEmitter } from 'node:events';
import type { ViewerSocket } from '../../sinks/viewer-socket.ts';

/** A socket whose client reads when the test says so. */
export class FakeSocket extends EventEmitter implements ViewerSocket {
  readyState = 1;
  /** Everything that was handed to `send`, in order; what is text as a string. */
  readonly sent: (Buffer | string)[] = [];
  /** The same as it was handed over. */
  readonly handed: (Buffer | string)[] = [];
  readonly #unread: { bytes: number; done: (error?: Error | null) => void }[] = [];
  closed: { code: number | undefined; reason: string | undefined } | null = null;
  terminated = false;
  /** The client takes every message at once. */
  reading: boolean;

  constructor(o: { reading?: boolean } = {}) {
    super();
    this.reading = o.reading ?? true;
  }

  get bufferedAmount(): number {
    return this.#unread.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** Messages that the client has not taken yet. */
  get unread(): number {
    return this.#unread.length;
  }

  send(data: Buffer | string, { binary }: { binary: boolean }, done: (error?: Error | null) => void): void {
    this.sent.push(binary ? data : data.toString());
    this.handed.push(data);
    this.#unread.push({ bytes: Buffer.byteLength(data), done });
    if (this.reading) queueMicrotask(() => this.read());
  }

  /** The client takes the oldest message. */
  read(): void {
    this.#unread.shift()?.done();
  }

  close(code?: number, reason?: string): void {
    this.closed = { code, reason };
    this.readyState = 2;
    if (this.reading) queueMicrotask(() => this.#gone());
  }

  terminate(): void {
    this.terminated = true;
    this.#gone();
  }

  #gone(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    for (const { done } of this.#unread.splice(0)) done(new Error('the socket was closed'));
    this.emit('close');
  }
}
