import { setTimeout as pause } from 'node:timers/promises';
import { AppError } from '../../config/app-error.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { type Broker, brokerUrl, type MqttMessage, type ReceivedMessage } from './broker.ts';
import { BrokerConnection } from './broker-connection.ts';
import { ReconnectPause } from './reconnect-pause.ts';

export interface BrokerLinkOptions {
  readonly broker: Broker;
  readonly clientId: string;
  /** Retained `online` while the link stands, `offline` afterwards: as last will, or said by `close`. */
  readonly availability: string;
  /** What a new connection begins with, before it is called online; an error ends it. */
  readonly greet: (connection: BrokerConnection) => Promise<void>;
  readonly onMessage: (message: ReceivedMessage) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export type LinkState = 'idle' | 'connecting' | 'online' | 'waiting' | 'closed';

/** Whoever asks for a connection waits this long for one before hearing why there is none. */
const WAIT_FOR_CONNECTION_MS = 2000;
/** A connection that lasted this long was no failure. */
const LASTED_MS = 5000;
/** So many that did not, one after the other, are no accident. */
const SHORT_IN_A_ROW = 3;
const OFFLINE_WITHIN_MS = 2000;

/** Keeps a connection to the broker, from `start` to `close`. What is published while there is none is refused. */
export class BrokerLink implements AsyncDisposable {
  readonly #options: BrokerLinkOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #state: LinkState = 'idle';
  #connection: BrokerConnection | null = null;
  #trouble: AppError | null = null;
  #said: string | null = null;
  /** Connections in a row that ended as soon as they had been made. */
  #shortLived = 0;
  #connections = 0;
  readonly #waiting = new Set<() => void>();
  /** The one that is open, greeted or not. */
  #open: BrokerConnection | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: BrokerLinkOptions) {
    this.#options = options;
  }

  /** Idempotent. */
  start(): void {
    if (this.#state !== 'closed') this.#running ??= this.#run();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Connections that came as far as being greeted. */
  get connections(): number {
    return this.#connections;
  }

  /** Why there is no connection; null while there is one. */
  get trouble(): AppError | null {
    return this.#connection ? null : this.#trouble;
  }

  /** The connection, if it is there now. */
  get current(): BrokerConnection | null {
    return this.#connection;
  }

  /**
   * The connection, waited for a little.
   *
   * @throws {AppError} why there is none; `signal`'s reason when it is aborted first.
   */
  async connection(signal: AbortSignal): Promise<BrokerConnection> {
    signal.throwIfAborted();
    this.#refuseWhenClosed();
    if (!this.#connection) await this.#arrival(signal);
    signal.throwIfAborted();
    if (this.#connection) return this.#connection;
    throw this.#trouble ?? new AppError('MQTT_TIMEOUT', `${brokerUrl(this.#options.broker)} has not answered yet`);
  }

  /** Says `offline`, then goodbye; resolves when the socket is closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#state = 'closed';
    if (this.#open) {
      const said = this.#open.publish(this.#availability('offline')).catch(() => undefined);
      await Promise.race([said, pause(OFFLINE_WITHIN_MS, undefined, { ref: false })]);
    }
    this.#abort.abort();
    await this.#open?.close();
    await this.#running;
    for (const go of this.#waiting) go();
  }

  async #run(): Promise<void> {
    const pauses = new ReconnectPause();
    const { clock } = this.#options;
    const { signal } = this.#abort;
    while (!signal.aborted) {
      this.#set('connecting');
      let since: number | null = null;
      try {
        await using connection = await this.#connect();
        since = clock.monotonicMs();
        this.#arrive(connection);
        const why = await connection.ended;
        if (why) throw why;
      } catch (error) {
        this.#trouble = AppError.from(error, 'MQTT_CONNECTION_FAILED');
      }
      this.#connection = null;
      this.#open = null;
      if (signal.aborted) break;
      if (since !== null) {
        const lasted = clock.monotonicMs() - since >= LASTED_MS;
        this.#shortLived = lasted ? 0 : this.#shortLived + 1;
        if (lasted) pauses.reset();
      }
      this.#complain();
      this.#set('waiting');
      const refused = this.#trouble?.code === 'MQTT_AUTH_FAILED';
      await pause(pauses.next({ refused }), undefined, { signal }).catch(() => undefined);
    }
  }

  async #connect(): Promise<BrokerConnection> {
    const { broker, clientId, greet, onMessage } = this.#options;
    const { signal } = this.#abort;
    const will = this.#availability('offline');
    const connection = await BrokerConnection.open({ broker, clientId, will, onMessage, signal });
    this.#open = connection;
    try {
      this.#refuseWhenClosed();
      await greet(connection);
      // `offline` may have been said meanwhile; nothing is to come after it.
      this.#refuseWhenClosed();
      await connection.publish(this.#availability('online'));
      return connection;
    } catch (error) {
      await connection.close();
      throw error;
    }
  }

  async #arrival(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const go = () => resolve();
    const timer = setTimeout(go, WAIT_FOR_CONNECTION_MS);
    signal.addEventListener('abort', go, { once: true });
    this.#waiting.add(go);
    await promise;
    this.#waiting.delete(go);
    signal.removeEventListener('abort', go);
    clearTimeout(timer);
  }

  #arrive(connection: BrokerConnection): void {
    this.#connection = connection;
    this.#connections += 1;
    this.#trouble = null;
    this.#set('online');
    // Two clients of one id push each other out for ever: that is said once.
    if (this.#shortLived < SHORT_IN_A_ROW) {
      this.#said = null;
      this.#options.log.info({ connections: this.#connections }, `connected to ${brokerUrl(this.#options.broker)}`);
    }
    for (const go of this.#waiting) go();
  }

  /** The same trouble again and again is one line of the log. */
  #complain(): void {
    if (!this.#trouble) return;
    const { code, message } = this.#trouble;
    const hint =
      this.#shortLived >= SHORT_IN_A_ROW
        ? `; ${SHORT_IN_A_ROW} connections and more ended as soon as they were made: another client may use the same clientId`
        : '';
    const text = `${message}${hint}; it is tried again`;
    if (text === this.#said) return;
    this.#said = text;
    this.#options.log.warn({ code }, text);
  }

  #refuseWhenClosed(): void {
    if (this.#state === 'closed') throw new AppError('SHUTTING_DOWN', 'facegate is stopping');
  }

  #set(state: LinkState): void {
    if (this.#state !== 'closed') this.#state = state;
  }

  #availability(payload: 'online' | 'offline'): MqttMessage {
    return { topic: this.#options.availability, payload, retain: true, expiresInS: null };
  }
}
