import type { AccessEvent } from '../../../pipeline/access-event.ts';

/** Somebody, by name or id, or everybody of a group; one of the two is null. Without a schedule: at all times. */
export interface AllowedView {
  subject: string | null;
  group: string | null;
  schedule: string | null;
}

/** Since when nothing opens a door, and who saw to that. */
export interface LockdownView {
  since: string;
  by: string;
  reason: string | null;
}

/** One of `GET /doors` (docs/protocol.md). Times are ISO 8601. */
export interface DoorView {
  id: string;
  name: string;
  cameras: readonly string[];
  allow: readonly AllowedView[];
  /** Of the whole door, by name; null: at all times. */
  schedule: string | null;
  liveness: boolean;
  confirm: { matches: number; withinMs: number };
  maxAgeMs: number;
  cooldownMs: number;
  /** By its schedule; a lock-down is not counted in. */
  openNow: boolean;
  lockdown: LockdownView | null;
  /** The newest event about it, whatever it says. */
  last: AccessEvent | null;
  /** Since the server started. */
  stats: { granted: number; denied: number; stale: number; degraded: number; broken: number };
}
