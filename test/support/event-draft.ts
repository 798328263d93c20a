import type { EventDraft } from '../../pipeline/access-event.ts';

/** What a door might say. */
export function eventDraft(fields: Partial<EventDraft> = {}): EventDraft {
  return {
    type: 'person.seen',
    door: null,
    camera: 'front',
    subject: { id: '01900000-0000-7000-8000-000000000001', name: 'Ada' },
    similarity: 0.71,
    threshold: 0.45,
    margin: 0.22,
    quality: 0.83,
    reason: null,
    frameSequence: 812,
    capturedAtMs: Date.UTC(2026, 10, 21, 9, 0, 0, 120),
    decidedAtMs: Date.UTC(2026, 10, 21, 9, 0, 0, 200),
    expiresAtMs: null,
    ...fields,
  };
}
