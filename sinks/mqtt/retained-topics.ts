import { AppError } from '../../config/app-error.ts';
import type { BrokerConnection } from './broker-connection.ts';

/** Topic → payload. Null: it is ours, and the broker keeps what it has. */
export type Retained = ReadonlyMap<string, string | null>;

/**
 * What the broker should keep for us, and what it was told on this connection. A refresh sends the difference; while one is
 * on its way there is at most one more, so that nothing queues up.
 */
export class RetainedTopics {
  readonly #wanted: () => Retained;
  readonly #refused: ((refusal: AppError) => void) | null;
  readonly #told = new Map<string, string>();
  /** Topics that were ours since this program started; what is wanted no more is taken away at the broker. */
  readonly #ours = new Set<string>();
  #connection: BrokerConnection | null = null;
  #refreshing: Promise<void> | null = null;
  #again = false;

  /** @param refused hears what the broker does not take, once for each connection and payload; default: that is thrown. */
  constructor(wanted: () => Retained, refused: ((refusal: AppError) => void) | null = null) {
    this.#wanted = wanted;
    this.#refused = refused;
  }

  /** Tells a new connection all of it, and goes on with that one. */
  begin(connection: BrokerConnection): Promise<void> {
    this.#connection = connection;
    return this.tellAgain();
  }

  /** As if nothing had been told yet. */
  tellAgain(): Promise<void> {
    this.#told.clear();
    return this.refresh();
  }

  /**
   * Tells what has changed; resolves when the broker has acknowledged a state that is no older than this call. Without a
   * connection there is nothing to tell: the next one is told all.
   *
   * @throws {AppError} what the connection says
   */
  async refresh(): Promise<void> {
    if (this.#refreshing) {
      this.#again = true;
      return await this.#refreshing;
    }
    this.#refreshing = this.#refresh().finally(() => {
      this.#refreshing = null;
    });
    return await this.#refreshing;
  }

  async #refresh(): Promise<void> {
    do {
      this.#again = false;
      if (this.#connection) await this.#tell(this.#connection);
    } while (this.#again);
  }

  async #tell(connection: BrokerConnection): Promise<void> {
    const wanted = this.#wanted();
    const gone = [...this.#ours].filter((topic) => !wanted.has(topic));
    for (const topic of wanted.keys()) this.#ours.add(topic);
    await Promise.all([
      ...[...wanted].map(async ([topic, payload]) => {
        if (payload === null || this.#told.get(topic) === payload) return;
        await this.#keep(connection, topic, payload);
        this.#told.set(topic, payload);
      }),
      ...gone.map(async (topic) => {
        await this.#keep(connection, topic, '');
        this.#told.delete(topic);
        this.#ours.delete(topic);
      }),
    ]);
  }

  async #keep(connection: BrokerConnection, topic: string, payload: string): Promise<void> {
    try {
      await connection.publish({ topic, payload, retain: true, expiresInS: null });
    } catch (error) {
      if (!this.#refused || !(error instanceof AppError) || error.code !== 'MQTT_REFUSED') throw error;
      this.#refused(error);
    }
  }
}
