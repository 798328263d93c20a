import type { AccessEvent } from '../api/api-types.ts';
import type { EventsQuery } from '../api/facegate-api.ts';
import { EVENT_KINDS, type EventKind, eventKind, typesOf } from './event-words.ts';

/** Which events are wanted: those that are of everything that is named here. */
export interface EventQuery {
  /** Empty: every kind. */
  readonly kinds: readonly EventKind[];
  readonly door: string | null;
  readonly camera: string | null;
  /** A name or an id. */
  readonly person: string | null;
}

export const EVERYTHING: EventQuery = { kinds: [], door: null, camera: null, person: null };

/** From the page's address: `kinds=granted,denied&door=lobby&camera=front&person=Ada`. What is not understood is left out. */
export function parseEventQuery(text: string): EventQuery {
  const asked = new URLSearchParams(text);
  const kinds = asked.get('kinds')?.split(',') ?? [];
  const one = (name: string) => asked.get(name)?.trim() || null;
  return {
    kinds: EVENT_KINDS.filter((kind) => kinds.includes(kind)),
    door: one('door'),
    camera: one('camera'),
    person: one('person'),
  };
}

/** The address of the page that shows these. */
export function eventsHref(query: Partial<EventQuery>): string {
  const { kinds, ...others } = { ...EVERYTHING, ...query };
  const asked = new URLSearchParams();
  if (kinds.length > 0) asked.set('kinds', EVENT_KINDS.filter((kind) => kinds.includes(kind)).join(','));
  for (const [name, value] of Object.entries(others)) if (value !== null && value !== '') asked.set(name, value);
  // Commas are no trouble in an address, and easier to read.
  return asked.size === 0 ? '#/events' : `#/events?${String(asked).replaceAll('%2C', ',')}`;
}

/** The same question to the server. */
export function askedOfServer({ kinds, door, camera, person }: EventQuery): Partial<EventsQuery> {
  return {
    ...(kinds.length > 0 && { types: typesOf(kinds).join(',') }),
    ...(door !== null && { doors: door }),
    ...(camera !== null && { camera }),
    ...(person !== null && { subject: person }),
  };
}

/** Whether an event that was heard is one of them, as the server would have it. */
export function isAskedFor(event: AccessEvent, { kinds, door, camera, person }: EventQuery): boolean {
  return (
    (kinds.length === 0 || kinds.includes(eventKind(event.type))) &&
    (door === null || event.door === door) &&
    (camera === null || event.camera === camera) &&
    (person === null || event.subject?.id === person || event.subject?.name === person)
  );
}

/** The parts that leave something out, each with the question without it. */
export function partsOf(query: EventQuery): { part: keyof EventQuery; without: EventQuery }[] {
  const parts = Object.keys(EVERYTHING) as (keyof EventQuery)[];
  return parts
    .filter((part) => query[part] !== null && query[part]!.length > 0)
    .map((part) => ({ part, without: { ...query, [part]: EVERYTHING[part] } }));
}
