import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import type { ErrorCode } from '../../config/error-codes.ts';
import type { WebhookSettings } from '../../config/sink-settings.ts';
import type { Clock, Logger } from '../../pipeline/ports.ts';
import { endpointFingerprint } from '../../sinks/webhook/endpoint-fingerprint.ts';
import type { DeadLetter } from '../../sinks/webhook/outbox.ts';
import { sendTest, type WebhookTest } from '../../sinks/webhook/send-test.ts';
import { WebhookEndpoint } from '../../sinks/webhook/webhook-endpoint.ts';
import { WebhookSink } from '../../sinks/webhook/webhook-sink.ts';
import { WebhookOutbox } from './webhook-outbox.ts';

export interface WebhooksOptions {
  readonly dataDir: string;
  readonly tenant: string;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** Appends a fault event. */
  readonly fault: (code: ErrorCode) => void;
}

/** What may be asked of webhooks besides delivering. All of it throws SINK_NOT_FOUND and SINK_STORE_UNAVAILABLE. */
export interface WebhookDesk {
  /** The newest first. */
  dead(id: string, o: { limit: number }): readonly DeadLetter[];
  /** Tries dead letters again: those with these event ids, or all. Returns how many. */
  resend(id: string, ids: readonly string[] | 'all'): number;
  /** Returns whether it was disabled. */
  enable(id: string): boolean;
  /** Posts a test event once, whatever the state of the endpoint. */
  test(id: string): Promise<WebhookTest>;
}

/** The file with what webhooks have taken over. */
export const outboxFile = (dataDir: string): string => join(dataDir, 'webhooks.db');

/** The webhooks of a tenant, and the outbox that they share, which is opened with the first of them. */
export class Webhooks implements WebhookDesk {
  readonly #o: WebhooksOptions;
  readonly #open = new Map<string, { settings: WebhookSettings; sink: WebhookSink }>();
  #outbox: WebhookOutbox | null = null;

  constructor(options: WebhooksOptions) {
    this.#o = options;
  }

  /** @throws {AppError} CONFIG_INVALID when its certificates cannot be read; SINK_STORE_UNAVAILABLE */
  open(settings: WebhookSettings): WebhookSink {
    const { dataDir, clock, log, fault, version } = this.#o;
    const endpoint = webhookEndpoint(settings, { clock, version });
    this.#outbox ??= new WebhookOutbox({ file: outboxFile(dataDir), clock, log });
    const sink = new WebhookSink({
      id: settings.id,
      endpoint,
      fingerprint: endpointFingerprint(settings),
      outbox: this.#outbox,
      clock,
      log: log.child({ sink: settings.id }),
      fault,
    });
    this.#open.set(settings.id, { settings, sink });
    return sink;
  }

  dead(id: string, o: { limit: number }): readonly DeadLetter[] {
    this.#get(id);
    return this.#outbox?.dead(id, o) ?? [];
  }

  resend(id: string, ids: readonly string[] | 'all'): number {
    return this.#get(id).sink.resend(ids);
  }

  enable(id: string): boolean {
    return this.#get(id).sink.enable();
  }

  async test(id: string): Promise<WebhookTest> {
    const { settings } = this.#get(id);
    const { tenant, clock, version } = this.#o;
    const endpoint = webhookEndpoint(settings, { clock, version });
    try {
      return await sendTest(endpoint, { tenant, clock });
    } finally {
      endpoint.close();
    }
  }

  /** Closes the outbox; whoever was given a sink closes it before. Idempotent. */
  close(): void {
    this.#outbox?.close();
  }

  #get(id: string) {
    const found = this.#open.get(id);
    if (found) return found;
    throw new AppError('SINK_NOT_FOUND', `there is no webhook "${id}"`);
  }
}

/** @throws {AppError} CONFIG_INVALID when its certificates cannot be read. */
export function webhookEndpoint(
  { id, url, secrets, ca }: WebhookSettings,
  o: { clock: Clock; version: string },
): WebhookEndpoint {
  return new WebhookEndpoint({ url, secrets, ca: ca === undefined ? undefined : certificatesIn(ca, id), ...o });
}

function certificatesIn(file: string, id: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const said = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new AppError('CONFIG_INVALID', `the file "ca" of the webhook "${id}", ${file}, cannot be read (${said})`, {
      cause,
    });
  }
}
