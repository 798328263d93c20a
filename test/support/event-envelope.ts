import type { AccessEvent } from '../../pipeline/access-event.ts';

/** An envelope as a sink is given it; `sequence` makes it one of a kind. */
export function eventEnvelope(sequence: number, fields: Partial<AccessEvent> = {}): AccessEvent {
  return {
    id: `01900000-0000-7000-8000-${String(sequence).padStart(12, '0')}`,
    sequence,
    type: 'person.seen',
    tenant: 'default',
    door: null,
    camera: 'front',
    subject: { id: '0b5e', name: 'Ada' },
    similarity: 0.71,
    threshold: 0.45,
    margin: 0.22,
    quality: 0.83,
    reason: null,
    frameSequence: 812,
    capturedAt: '2026-11-21T09:00:00.120Z',
    decidedAt: '2026-11-21T09:00:00.200Z',
    expiresAt: null,
    replay: false,
    ...fields,
  };
}
