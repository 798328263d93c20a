import { signal } from '@preact/signals';
import { ApiError } from '../api/api-error.ts';
import type { AccessEvent } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { eventSentence } from '../events/event-words.ts';
import { newestSequence, spliceEvents } from '../events/splice-events.ts';
import { announce, announceFirst } from './announce.ts';
import { cameraName, refreshCamerasSoon } from './cameras.ts';
import { doorName, refreshDoorsSoon } from './doors.ts';

/** Ascending by sequence, without doubles; null until they came once. */
export const events = signal<AccessEvent[] | null>(null);
/** Another number whenever the log is another one: what was read from it before means nothing any more. */
export const logVersion = signal(0);

/** Wall-clock milliseconds at which an event was heard live, by its number; the server's clock may be another. */
export const heardAt = new Map<number, number>();

const PAGE = 200;
const MOST_KEPT = 5000;

/**
 * Reads the newest events the first time; later only asks whether the log is still the same one.
 * @returns the number after which the feed is to go on.
 */
export async function eventsCursor(): Promise<number> {
  const newest = events.peek()?.at(-1);
  if (newest && (await isStillThere(newest))) return newest.sequence;
  const answer = await facegateApi.events({ limit: PAGE });
  logVersion.value += 1;
  heardAt.clear();
  events.value = spliceEvents([], answer.events, MOST_KEPT);
  return answer.latest;
}

/** Numbers start again in another data folder, and events are not kept for ever: only the id tells that the log is the same. */
async function isStillThere({ sequence, id }: AccessEvent): Promise<boolean> {
  try {
    const answer = await facegateApi.events({ since: sequence - 1, limit: 1 });
    return answer.events[0]?.id === id;
  } catch (error) {
    if (error instanceof ApiError && error.code === 'EVENT_CURSOR_GONE') return false;
    throw error;
  }
}

/** One text message of `/ws/events`. */
export function takeEventMessage(data: unknown): void {
  if (typeof data !== 'string') return;
  let event: AccessEvent;
  try {
    event = JSON.parse(data);
  } catch {
    return;
  }
  if (!Number.isSafeInteger(event?.sequence) || typeof event.type !== 'string') return;
  const have = newestSequence(events.peek() ?? []);
  if (event.sequence > have + 1 && have > 0) void fill(have);
  if (!event.replay) {
    heardAt.set(event.sequence, Date.now());
    if (heardAt.size > MOST_KEPT) heardAt.delete(heardAt.keys().next().value!);
  }
  take([event]);
  // Whatever it says of a door, the list has it: its state, its counters. Also when it comes late.
  if (event.door !== null) refreshDoorsSoon();
  if (event.replay) return;
  if (event.type.startsWith('camera.')) refreshCamerasSoon();
  const say = () => eventSentence(event, { door: doorName, camera: cameraName });
  if (event.type.startsWith('door.')) announceFirst(say());
  else if (event.type.startsWith('access.')) announce(say());
}

function take(incoming: readonly AccessEvent[]): void {
  const before = events.peek() ?? [];
  const after = spliceEvents(before, incoming, MOST_KEPT);
  if (after !== before) events.value = after;
}

/** The feed leaves nothing out; should it ever, what is missing is read from the log. */
async function fill(since: number): Promise<void> {
  try {
    take((await facegateApi.events({ since, limit: PAGE })).events);
  } catch {
    // The next connection starts at what we have.
  }
}
