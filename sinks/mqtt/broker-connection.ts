import { once } from 'node:events';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { AppError } from '../../config/app-error.ts';
import { type Broker, brokerUrl, type MqttMessage, type ReceivedMessage } from './broker.ts';
import { connectionTrouble, refusal } from './broker-trouble.ts';

export interface ConnectionOptions {
  readonly broker: Broker;
  readonly clientId: string;
  /** What the broker publishes when the connection ends without a goodbye. */
  readonly will: MqttMessage;
  readonly onMessage: (message: ReceivedMessage) => void;
  readonly signal: AbortSignal;
}

const CONNECT_TIMEOUT_MS = 10_000;
/** A broker that answers nothing for this long is given up. */
const ACK_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 10;
/** Messages that may be on their way at once, unless the broker allows fewer. */
const MOST_IN_FLIGHT = 64;
const GOODBYE_MS = 2000;

/**
 * One connection, from CONNECT to its end; it is never made anew. mqtt.js would keep what was not acknowledged and send it
 * again after it has reconnected, however late that is: a grant would come with the life it had when it was first sent.
 * So a lost connection takes what is unacknowledged with it, and those who asked for it are told.
 */
export class BrokerConnection implements AsyncDisposable {
  /** Resolves with the reason when the connection has ended, whoever ended it; null when it was `close`. */
  readonly ended: Promise<AppError | null>;
  readonly #broker: Broker;
  readonly #client: MqttClient;
  readonly #window: number;
  readonly #waiting: (() => void)[] = [];
  readonly #unanswered = new Set<(why: AppError) => void>();
  #inFlight = 0;
  readonly #end: (why: AppError | null) => void;
  #trouble: AppError | null = null;
  #closing: Promise<void> | null = null;

  private constructor(broker: Broker, client: MqttClient, window: number) {
    this.#broker = broker;
    this.#client = client;
    this.#window = window;
    const { promise, resolve } = Promise.withResolvers<AppError | null>();
    this.ended = promise;
    this.#end = resolve;
  }

  /** @throws {AppError} MQTT_CONNECTION_FAILED, MQTT_AUTH_FAILED, MQTT_TLS_FAILED, MQTT_TIMEOUT, MQTT_REFUSED */
  static async open(options: ConnectionOptions): Promise<BrokerConnection> {
    const { broker, signal, onMessage } = options;
    signal.throwIfAborted();
    const client = mqtt.connect(clientOptions(options));
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    let connection: BrokerConnection | null = null;
    let trouble: unknown = null;
    // One listener for all its life: an `error` that nobody hears would end the program.
    client.on('error', (error) => {
      trouble ??= error;
      if (connection) connection.#fail(connectionTrouble(broker, error));
      else reject(error);
    });
    client.on('disconnect', ({ reasonCode }) => {
      if (!reasonCode) return;
      const said = Object.assign(new Error(`reason code ${reasonCode}`), { code: reasonCode });
      trouble ??= said;
      if (connection) connection.#fail(connectionTrouble(broker, said));
    });
    client.on('close', () => {
      const gone = connectionTrouble(broker, trouble ?? new Error('the connection was closed'));
      if (connection) connection.#fail(gone);
      else reject(gone);
    });
    client.on('connect', ({ properties }) => {
      resolve(Math.min(MOST_IN_FLIGHT, properties?.receiveMaximum ?? MOST_IN_FLIGHT));
    });
    client.on('message', (topic, payload, { retain }) => {
      onMessage({ topic, payload: payload.toString('utf8'), retained: retain });
    });
    const abort = () => reject(new AppError('SHUTTING_DOWN', 'facegate is stopping'));
    signal.addEventListener('abort', abort, { once: true });
    try {
      const window = await promise;
      connection = new BrokerConnection(broker, client, window);
      return connection;
    } catch (error) {
      client.end(true);
      throw connectionTrouble(broker, error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Messages that were handed over and are not acknowledged. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /**
   * Resolves when the broker has acknowledged it (PUBACK). Messages go out in the order of the calls; one that is given as
   * a function is made when its turn has come, and left out where that gives null.
   *
   * @throws {AppError} MQTT_REFUSED when the broker does not take it; else why the connection ended meanwhile.
   */
  async publish(message: MqttMessage | (() => MqttMessage | null)): Promise<void> {
    await this.#place();
    try {
      const made = typeof message === 'function' ? message() : message;
      if (made === null) return;
      const { topic, payload, retain, expiresInS } = made;
      await this.#answered(
        () =>
          this.#client.publishAsync(topic, payload, {
            qos: 1,
            retain,
            ...(expiresInS !== null && { properties: { messageExpiryInterval: expiresInS } }),
          }),
        `a message to ${topic}`,
      );
    } finally {
      // The place goes over to who waits longest, so that nobody who comes now gets ahead.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inFlight -= 1;
    }
  }

  /** @throws {AppError} MQTT_REFUSED */
  async subscribe(filter: string, { retained }: { retained: boolean }): Promise<void> {
    // MQTT 5: `rap` shows whether a message was sent to be retained, `rh` 2 asks for none that was kept.
    const options = { qos: 1, rap: true, nl: true, rh: retained ? 0 : 2 } as const;
    await this.#answered(() => this.#client.subscribeAsync(filter, options), `a subscription to ${filter}`);
  }

  /** @throws {AppError} MQTT_REFUSED */
  async unsubscribe(filter: string): Promise<void> {
    await this.#answered(() => this.#client.unsubscribeAsync(filter), `the end of a subscription to ${filter}`);
  }

  /** Says goodbye, so that the will is not published, and waits until the socket is closed. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const alive = this.#trouble === null;
    this.#settle(new AppError('SHUTTING_DOWN', `the connection to ${brokerUrl(this.#broker)} was closed`), null);
    const { stream, outgoing } = this.#client;
    if (stream.destroyed) return;
    const gone = once(stream, 'close');
    const timer = setTimeout(() => stream.destroy(), GOODBYE_MS);
    // mqtt.js would wait for what is unacknowledged before it says goodbye.
    for (const id of Object.keys(outgoing)) this.#client.removeOutgoingMessage(Number(id));
    if (alive) this.#client.end();
    await gone;
    clearTimeout(timer);
  }

  #fail(why: AppError): void {
    if (this.#settle(why, why)) this.#client.end(true);
  }

  /** The first reason counts. From then on nothing is sent, and nobody waits for an answer. */
  #settle(why: AppError, told: AppError | null): boolean {
    if (this.#trouble) return false;
    this.#trouble = why;
    this.#end(told);
    for (const reject of this.#unanswered) reject(why);
    for (const go of this.#waiting.splice(0)) go();
    return true;
  }

  async #place(): Promise<void> {
    if (this.#trouble) throw this.#trouble;
    if (this.#inFlight < this.#window) {
      this.#inFlight += 1;
      return;
    }
    await new Promise<void>((go) => this.#waiting.push(go));
    if (this.#trouble) throw this.#trouble;
  }

  async #answered(ask: () => Promise<unknown>, what: string): Promise<void> {
    if (this.#trouble) throw this.#trouble;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      const url = brokerUrl(this.#broker);
      this.#fail(new AppError('MQTT_TIMEOUT', `the broker ${url} did not answer within ${ACK_TIMEOUT_MS / 1000} s`));
    }, ACK_TIMEOUT_MS);
    this.#unanswered.add(reject);
    ask().then(
      () => resolve(),
      (error: unknown) => reject(refusal(this.#broker, what, error)),
    );
    try {
      await promise;
    } finally {
      this.#unanswered.delete(reject);
      clearTimeout(timer);
    }
  }
}

function clientOptions({ broker, clientId, will }: ConnectionOptions): IClientOptions {
  const { host, port, tls, version, username, password } = broker;
  return {
    host,
    port,
    protocol: tls ? 'mqtts' : 'mqtt',
    ...(tls && { rejectUnauthorized: !tls.insecure, ...(tls.ca !== undefined && { ca: tls.ca }) }),
    protocolVersion: version,
    clientId,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    // No session: what the broker was told for us while we were away (a switch that was set) is not to reach us late.
    clean: true,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: will.retain },
    // It would print what it sends where DEBUG is set in the environment.
    log: () => undefined,
  };
}
