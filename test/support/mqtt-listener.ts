import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { eventually } from './eventually.ts';

export interface HeardMessage {
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
  readonly qos: number;
  /** MQTT 5: what is left of its life, seconds. */
  readonly expiresInS: number | undefined;
  /** Wall clock, milliseconds. */
  readonly atMs: number;
}

/** A real MQTT client that hears everything, and can say something. */
export class MqttListener implements AsyncDisposable {
  readonly heard: HeardMessage[] = [];
  readonly #client: MqttClient;

  private constructor(client: MqttClient) {
    this.#client = client;
    client.on('error', () => undefined);
    client.on('message', (topic, payload, { retain, qos, properties }) => {
      this.heard.push({
        topic,
        payload: payload.toString(),
        retain,
        qos,
        expiresInS: properties?.messageExpiryInterval,
        atMs: Date.now(),
      });
    });
  }

  /** `filter` may be empty: nothing is subscribed to, for a session that is there already. */
  static async connect(port: number, filter: string, options: IClientOptions = {}): Promise<MqttListener> {
    const listener = new MqttListener(
      mqtt.connect({ host: '127.0.0.1', port, protocolVersion: 5, reconnectPeriod: 100, ...options }),
    );
    await new Promise<void>((resolve) => listener.#client.once('connect', () => resolve()));
    if (filter !== '') await listener.#client.subscribeAsync(filter, { qos: 1 });
    return listener;
  }

  async say(topic: string, payload: string, { retain = false } = {}): Promise<void> {
    await this.#client.publishAsync(topic, payload, { qos: 1, retain });
  }

  on(topic: string): HeardMessage[] {
    return this.heard.filter((message) => message.topic === topic);
  }

  /** The newest message of that topic, once its payload is as wanted. */
  hears(topic: string, payload?: string, withinMs = 15_000): Promise<HeardMessage> {
    const what = `${topic} ${payload ?? ''}`;
    const look = () => this.on(topic).findLast((message) => payload === undefined || message.payload === payload);
    return eventually(what, look, withinMs);
  }

  /** Without a goodbye: its session stays as it is. */
  async vanish(): Promise<void> {
    this.#client.stream.destroy();
    await this.#client.endAsync(true);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.endAsync(true);
  }
}
