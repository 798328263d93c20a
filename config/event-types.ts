import { nearestName } from './nearest-name.ts';

/** Every kind of event there is; docs/protocol.md says when each one is made. Kinds are added, never taken away. */
export const EVENT_TYPES = [
  'person.seen',
  'person.left',
  'access.granted',
  'access.denied',
  'door.locked_down',
  'door.released',
  'door.policy_changed',
  'camera.connecting',
  'camera.running',
  'camera.stalled',
  'camera.frozen',
  'camera.reconnecting',
  'camera.closed',
  'camera.failed',
  /** The camera's video has another size or codec now; `reason` says which: `h264 1280x720`. */
  'camera.changed',
  'system.fault',
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Those that rest on a face in a picture of their own. */
export const PICTURED_TYPES = [
  'access.granted',
  'access.denied',
  'person.seen',
] as const satisfies readonly EventType[];

/** What must stand where the name of an event type was expected; follows the field's name. */
export function eventTypeExpectation(got: unknown): string {
  const near = typeof got === 'string' ? nearestName(got, EVENT_TYPES) : null;
  return `must be one of ${EVENT_TYPES.join(', ')}${near ? ` (did you mean ${near}?)` : ''}`;
}
