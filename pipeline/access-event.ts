import type { EventType } from '../config/event-types.ts';
import type { Box, SubjectRef } from './face.ts';

export type AccessEventType = EventType;

/** Whose events, metrics and logs they are where one facegate is one tenant. */
export const DEFAULT_TENANT = 'default';

/** An event before the log numbered it. Times are wall-clock milliseconds since 1970. */
export interface EventDraft {
  readonly type: AccessEventType;
  readonly door: string | null;
  readonly camera: string | null;
  readonly subject: SubjectRef | null;
  readonly similarity: number | null;
  readonly threshold: number | null;
  readonly margin: number | null;
  readonly quality: number | null;
  /** Machine-readable why: of a denial, a camera's state or a fault. */
  readonly reason: string | null;
  readonly frameSequence: number | null;
  readonly capturedAtMs: number | null;
  readonly decidedAtMs: number;
  /** A grant is void after this moment; null for everything else. */
  readonly expiresAtMs: number | null;
  /** Where in the frame the face is that it is about; absent where there is none. Not in the log. */
  readonly box?: Box | undefined;
  /** A picture of this moment is kept: the event says where. Default false. */
  readonly pictured?: boolean | undefined;
}

/** The envelope of every feed (SHAPES.md §1): what was appended to the event log. Times are ISO 8601, UTC. */
export interface AccessEvent {
  /** UUID version 7. */
  readonly id: string;
  /** Numbered without gaps from 1 within a tenant. */
  readonly sequence: number;
  readonly type: AccessEventType;
  readonly tenant: string;
  readonly door: string | null;
  readonly camera: string | null;
  readonly subject: SubjectRef | null;
  readonly similarity: number | null;
  readonly threshold: number | null;
  readonly margin: number | null;
  readonly quality: number | null;
  readonly reason: string | null;
  readonly frameSequence: number | null;
  readonly capturedAt: string | null;
  readonly decidedAt: string;
  readonly expiresAt: string | null;
  /** Path of the picture of the moment, as long as it is kept; absent where none was. */
  readonly snapshotUrl?: string;
  /**
   * False only where it is told for the first time, within 2 s after it was decided, by the facegate that decided it. A
   * replayed grant never opens a door.
   */
  readonly replay: boolean;
}
