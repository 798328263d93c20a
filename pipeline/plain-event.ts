import type { EventDraft } from './access-event.ts';

const NOTHING_SEEN = {
  door: null,
  camera: null,
  subject: null,
  similarity: null,
  threshold: null,
  margin: null,
  quality: null,
  reason: null,
  frameSequence: null,
  capturedAtMs: null,
  expiresAtMs: null,
} as const;

/** An event that rests on no face: what is not told stays null. */
export function plainEvent(told: Pick<EventDraft, 'type' | 'decidedAtMs'> & Partial<EventDraft>): EventDraft {
  return { ...NOTHING_SEEN, ...told };
}

/** @param code what is the matter, of config/error-codes.ts. @param camera null where it is about no camera. */
export function faultEvent(code: string, camera: string | null, decidedAtMs: number): EventDraft {
  return plainEvent({ type: 'system.fault', camera, reason: code, decidedAtMs });
}
