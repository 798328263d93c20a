import type { AllowEntry } from '../config/door-settings.ts';
import type { AccessEvent } from '../pipeline/access-event.ts';
import type { DoorStats } from './door.ts';

/** Since when nothing opens a door, and who saw to that. */
export interface Lockdown {
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly by: string;
  readonly reason: string | null;
}

/** A door as people and programs are shown it. */
export interface DoorView {
  readonly id: string;
  readonly name: string;
  readonly cameras: readonly string[];
  readonly allow: readonly AllowEntry[];
  readonly schedule: string | null;
  readonly liveness: boolean;
  readonly confirm: { readonly matches: number; readonly withinMs: number };
  readonly maxAgeMs: number;
  readonly cooldownMs: number;
  /** By its schedule; a lock-down is not counted in. */
  readonly openNow: boolean;
  readonly lockdown: Lockdown | null;
  /** The newest event about it. */
  readonly last: AccessEvent | null;
  readonly stats: DoorStats;
}
