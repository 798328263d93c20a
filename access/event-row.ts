import type { AccessEvent, AccessEventType } from '../pipeline/access-event.ts';

/** An event as it lies in the log: a row of its table. */
export interface EventRow {
  readonly sequence: number;
  readonly id: string;
  readonly type: AccessEventType;
  readonly tenant: string;
  readonly door: string | null;
  readonly camera: string | null;
  readonly subject_id: string | null;
  readonly subject_name: string | null;
  readonly similarity: number | null;
  readonly threshold: number | null;
  readonly margin: number | null;
  readonly quality: number | null;
  readonly reason: string | null;
  readonly frame_sequence: number | null;
  readonly captured_at_ms: number | null;
  readonly decided_at_ms: number;
  readonly expires_at_ms: number | null;
  /** 1: a picture of the moment was kept. */
  readonly pictured: number;
}

/** The fields in the order of the wire format. Frozen, because every subscriber gets the same one. */
export function eventOfRow(row: EventRow, replay: boolean): AccessEvent {
  return Object.freeze({
    id: row.id,
    sequence: row.sequence,
    type: row.type,
    tenant: row.tenant,
    door: row.door,
    camera: row.camera,
    subject: row.subject_id === null ? null : { id: row.subject_id, name: row.subject_name ?? '' },
    similarity: row.similarity,
    threshold: row.threshold,
    margin: row.margin,
    quality: row.quality,
    reason: row.reason,
    frameSequence: row.frame_sequence,
    capturedAt: iso(row.captured_at_ms),
    decidedAt: new Date(row.decided_at_ms).toISOString(),
    expiresAt: iso(row.expires_at_ms),
    ...(row.pictured === 1 && { snapshotUrl: `/events/${row.id}/snapshot` }),
    replay,
  });
}

function iso(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString();
}
