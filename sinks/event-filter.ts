import type { AccessEvent, AccessEventType } from '../pipeline/access-event.ts';

/** Which events somebody wants; without a list, all. */
export interface EventFilter {
  types?: readonly AccessEventType[] | undefined;
  /** Leaves out what is of no door. */
  doors?: readonly string[] | undefined;
}

/** Events of a filter, as they are read from the log. */
export interface EventPage {
  /** Ascending. */
  readonly events: readonly AccessEvent[];
  /** Up to this number there is nothing more of the filter. */
  readonly next: number;
  /** Whether there is more in the log. */
  readonly more: boolean;
}

export function isWanted({ type, door }: AccessEvent, { types, doors }: EventFilter): boolean {
  return (types?.includes(type) ?? true) && (doors === undefined || (door !== null && doors.includes(door)));
}
