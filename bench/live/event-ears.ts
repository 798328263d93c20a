import { once } from 'node:events';
import mqtt from 'mqtt';
import { Webhook } from 'standardwebhooks';
import { WebSocket } from 'ws';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { machineMs } from '../../pipeline/machine-clock.ts';
import type { WebhookReceiver } from '../../test/support/webhook-receiver.ts';
import type { HeardEvent } from './event-account.ts';

export type Feed = 'WebSocket' | 'SSE' | 'MQTT' | 'webhook';

export interface EventEarsOptions {
  /** Of facegate: `http://127.0.0.1:41325`. */
  address: string;
  /** That facegate sends webhooks to, signed with this secret. */
  receiver: WebhookReceiver;
  secret: string;
  /** Of the broker on this machine that facegate publishes at; null where there is none. */
  mqttPort: number | null;
}

/** A real client at each feed of a facegate. It keeps each event as that feed told it first. */
export class EventEars implements AsyncDisposable {
  /** By feed, in the order of the tables, and by the event's id. */
  readonly heard: ReadonlyMap<Feed, ReadonlyMap<string, HeardEvent>>;
  readonly #opened: AsyncDisposableStack;

  private constructor(heard: EventEars['heard'], opened: AsyncDisposableStack) {
    this.heard = heard;
    this.#opened = opened;
  }

  /** Resolves when all of them are listening. */
  static async open({ address, receiver, secret, mqttPort }: EventEarsOptions): Promise<EventEars> {
    await using opened = new AsyncDisposableStack();
    const heard = new Map<Feed, Map<string, HeardEvent>>();
    const ear = (feed: Feed) => {
      const events = new Map<string, HeardEvent>();
      heard.set(feed, events);
      return (event: AccessEvent, { atMs, wallMs } = now()) => {
        if (!events.has(event.id)) events.set(event.id, { event, atMs, wallMs });
      };
    };
    opened.defer(await listenAtSocket(`${address.replace('http', 'ws')}/ws/events`, ear('WebSocket')));
    opened.defer(await listenAtStream(`${address}/events/stream`, ear('SSE')));
    if (mqttPort !== null) opened.defer(await listenAtBroker(mqttPort, ear('MQTT')));
    opened.defer(listenAtHook(receiver, secret, ear('webhook')));
    return new EventEars(heard, opened.move());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#opened.disposeAsync();
  }
}

type Hear = (event: AccessEvent, at?: Moment) => void;
type Moment = Pick<HeardEvent, 'atMs' | 'wallMs'>;

/** Read before an event is taken apart: that is the client's business. */
function now(): Moment {
  return { atMs: machineMs(), wallMs: Date.now() };
}

async function listenAtSocket(url: string, hear: Hear): Promise<() => void> {
  const socket = new WebSocket(url);
  socket.on('message', (data: Buffer) => {
    const at = now();
    hear(JSON.parse(data.toString()) as AccessEvent, at);
  });
  await once(socket, 'open');
  return () => socket.terminate();
}

async function listenAtStream(url: string, hear: Hear): Promise<() => Promise<void>> {
  const end = new AbortController();
  const { ok, status, body } = await fetch(url, { signal: end.signal });
  if (!ok || !body) throw new Error(`GET /events/stream was answered ${status}`);
  const reading = (async () => {
    let waiting = '';
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      const at = now();
      const messages = (waiting + chunk).split('\n\n');
      waiting = messages.pop()!;
      for (const message of messages) {
        const data = /^data: (.*)$/m.exec(message)?.[1];
        if (data !== undefined) hear(JSON.parse(data) as AccessEvent, at);
      }
    }
  })().catch((error: unknown) => {
    if (!end.signal.aborted) throw error;
  });
  // Whoever ends it hears of what went wrong meanwhile.
  reading.catch(() => undefined);
  return () => {
    end.abort();
    return reading;
  };
}

async function listenAtBroker(port: number, hear: Hear): Promise<() => Promise<void>> {
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port, protocolVersion: 5 });
  client.on('message', (_, payload) => {
    const at = now();
    hear(JSON.parse(payload.toString()) as AccessEvent, at);
  });
  await client.subscribeAsync('facegate/events/#', { qos: 1 });
  return () => client.endAsync(true);
}

/** Answers 204 to what is signed by facegate, and 400 to what is not, which then counts as not heard. */
function listenAtHook(receiver: WebhookReceiver, secret: string, hear: Hear): () => void {
  const webhook = new Webhook(secret);
  const { answer } = receiver;
  receiver.answer = (response, { body, headers, data }) => {
    const at = now();
    try {
      webhook.verify(body, headers);
    } catch {
      response.writeHead(400).end();
      return;
    }
    response.writeHead(204).end();
    hear(data, at);
  };
  return () => {
    receiver.answer = answer;
  };
}
