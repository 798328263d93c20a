import type { ErrorCode } from '../config/error-codes.ts';
import type { SinkSettings } from '../config/sink-settings.ts';
import type { Clock, EventSink, Logger } from '../pipeline/ports.ts';
import { EventOutlet, type OutletLog, type OutletView } from '../sinks/event-outlet.ts';
import { JsonLinesFile } from '../sinks/json-lines-file.ts';
import type { CamerasNow, DoorsNow } from '../sinks/mqtt/surroundings.ts';
import { type WebhookDesk, Webhooks } from './sinks/webhooks.ts';

/** What a sink may need of the tenant. */
export interface SinkSurroundings {
  readonly dataDir: string;
  readonly tenant: string;
  readonly version: string;
  readonly cameras: CamerasNow;
  readonly doors: DoorsNow;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface EventSinksOptions extends SinkSurroundings {
  readonly settings: readonly SinkSettings[];
  readonly events: OutletLog;
  /** Appends a fault event. */
  readonly fault: (code: ErrorCode) => void;
}

export interface EventSinks extends AsyncDisposable {
  /** Each from where it had got; a new one from now on. */
  start(): void;
  /** In the order of the settings. */
  views(): OutletView[];
  readonly webhooks: WebhookDesk;
}

/**
 * Opens the sinks of the settings, each with an outlet of its own. Nothing is handed over before `start`; a webhook goes on with
 * what it had taken over before.
 *
 * @throws {AppError} CONFIG_INVALID when a sink cannot be what the settings want; one whose other side is down opens all the same.
 */
export async function openEventSinks({ settings, events, fault, ...o }: EventSinksOptions): Promise<EventSinks> {
  await using opened = new AsyncDisposableStack();
  const outlets: EventOutlet[] = [];
  const webhooks = new Webhooks({ ...o, fault });
  opened.defer(() => webhooks.close());
  for (const one of settings) {
    const sink = await openSink(one, { ...o, webhooks });
    const { type, types, doors } = one;
    outlets.push(
      new EventOutlet({ sink, type, filter: { types, doors }, log: events, clock: o.clock, logger: o.log, fault }),
    );
    opened.use(outlets.at(-1));
  }
  opened.move();
  return {
    start() {
      for (const outlet of outlets) outlet.start();
    },
    views: () => outlets.map((outlet) => outlet.view()),
    webhooks,
    // All at once: each may take seconds to deliver what is left.
    async [Symbol.asyncDispose]() {
      await Promise.all(outlets.map((outlet) => outlet.close()));
      webhooks.close();
    },
  };
}

async function openSink(
  settings: SinkSettings,
  { webhooks, ...o }: SinkSurroundings & { webhooks: Webhooks },
): Promise<EventSink> {
  switch (settings.type) {
    case 'file':
      return new JsonLinesFile(settings);
    case 'webhook':
      return webhooks.open(settings);
    case 'mqtt':
      // Of use to nobody else: 6 MB and 60 ms of every start.
      return (await import('../sinks/mqtt/open-mqtt-sink.ts')).openMqttSink(settings, o);
  }
}
