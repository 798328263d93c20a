import { randomUUID } from 'node:crypto';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { eventEnvelope } from './event-envelope.ts';

let sequence = 0;

/** What the event log hands over: Ada was seen at `front`. */
export function accessEvent(fields: Partial<AccessEvent> = {}): AccessEvent {
  sequence += 1;
  const now = Date.now();
  return eventEnvelope(sequence, {
    id: randomUUID(),
    subject: { id: '01900000-0000-7000-8000-000000000001', name: 'Ada' },
    capturedAt: new Date(now - 80).toISOString(),
    decidedAt: new Date(now).toISOString(),
    ...fields,
  });
}

/** Ada may pass `lobby` for so long. */
export function grant(lifeMs = 2000, fields: Partial<AccessEvent> = {}): AccessEvent {
  const expiresAt = new Date(Date.now() + lifeMs).toISOString();
  return accessEvent({ type: 'access.granted', door: 'lobby', expiresAt, ...fields });
}
