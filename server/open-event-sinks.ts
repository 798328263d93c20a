import type { ErrorCode } from '../config/error-codes.ts';
import type { SinkSettings } from '../config/sink-settings.ts';
import type { Clock, EventSink, Logger } from '../pipeline/ports.ts';
import { EventOutlet, type OutletLog, type OutletView } from '../sinks/event-outlet.ts';
import { JsonLinesFile } from '../sinks/json-lines-file.ts';

/** What a sink may need of the tenant. */
export interface SinkSurroundings {
  readonly dataDir: string;
  readonly tenant: string;
  readonly version: string;
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
}

/**
 * Opens the sinks of the settings, each with an outlet of its own. Nothing is delivered before `start`.
 *
 * @throws {AppError} CONFIG_INVALID when a sink cannot be what the settings want; one whose other side is down opens all the same.
 */
export async function openEventSinks({ settings, events, fault, ...o }: EventSinksOptions): Promise<EventSinks> {
  await using opened = new AsyncDisposableStack();
  const outlets: EventOutlet[] = [];
  for (const one of settings) {
    const sink = await openSink(one, o);
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
    // All at once: each may take seconds to deliver what is left.
    async [Symbol.asyncDispose]() {
      await Promise.all(outlets.map((outlet) => outlet.close()));
    },
  };
}

async function openSink(settings: SinkSettings, _o: SinkSurroundings): Promise<EventSink> {
  switch (settings.type) {
    case 'file':
      return new JsonLinesFile(settings);
    case 'webhook':
    case 'mqtt':
      throw new Error(`sinks of type ${settings.type} are not built in yet`);
  }
}
