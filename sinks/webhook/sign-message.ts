import { Webhook } from 'standardwebhooks';
import type { AccessEvent } from '../../pipeline/access-event.ts';

/** Standard Webhooks asks for less. Our envelopes have about 600 bytes. */
export const MOST_BODY_BYTES = 20_000;

export interface Message {
  readonly id: string;
  readonly body: string;
}

/** The event as a webhook carries it; `replay` is what it says of itself. */
export function messageOf(event: AccessEvent, replay: boolean): Message {
  const { id, type, decidedAt } = event;
  return { id, body: JSON.stringify({ type, timestamp: decidedAt, data: { ...event, replay } }) };
}

/**
 * The headers of Standard Webhooks 1.0.0: one signature for each secret, so that a receiver may know any of them.
 *
 * @param secrets `whsec_…`, valid (config/webhook-secret.ts).
 * @param nowMs wall clock at the sending: receivers refuse what is too old.
 */
export function signMessage({ id, body }: Message, secrets: readonly string[], nowMs: number): Record<string, string> {
  const at = new Date(nowMs);
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(nowMs / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, at, body)).join(' '),
  };
}
