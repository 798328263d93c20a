import { signal } from '@preact/signals';
import type { AccessEvent } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { eventSentence } from '../events/event-words.ts';
import { newestSequence, spliceEvents } from '../events/splice-events.ts';
import { announce } from './announce.ts';
import { cameraName, refreshCamerasSoon } from './cameras.ts';
import { doorName } from './doors.ts';

/** Ascending by sequence, without doubles; null until they came once. */
export const events = signal<AccessEvent[] | null>(null);
/** The oldest one that the server still keeps. */
export const oldestKept = signal(1);
export const loadingEarlier = signal(false);

/** Wall-clock milliseconds at which an event was heard live, by its number; the server's clock may be another. */
export const heardAt = new Map<number, number>();

const PAGE = 200;
const MOST_KEPT = 5000;

/**
 * Reads the newest events the first time; later only asks whether the log is still the same one.
 * @returns the number after which the feed is to go on.
 */
export async function eventsCursor(): Promise<number> {
  const have = newestSequence(events.peek() ?? []);
  if (have > 0) {
    const { latest, oldest } = await facegateApi.events({ limit: 1 });
    oldestKept.value = oldest;
    // Below what we have: the server was given another data folder. Above with ours gone: away for too long.
    if (latest >= have && oldest <= have + 1) return have;
  }
  const answer = await facegateApi.events({ limit: PAGE });
  oldestKept.value = answer.oldest;
  heardAt.clear();
  events.value = spliceEvents([], answer.events, MOST_KEPT);
  return answer.latest;
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
  if (event.replay) return;
  if (event.type.startsWith('camera.')) refreshCamerasSoon();
  if (event.type.startsWith('access.')) announce(eventSentence(event, { door: doorName, camera: cameraName }));
}

export async function loadEarlier(): Promise<void> {
  const first = events.peek()?.[0]?.sequence;
  if (first === undefined || first <= oldestKept.peek() || loadingEarlier.peek()) return;
  loadingEarlier.value = true;
  try {
    const since = Math.max(0, oldestKept.peek() - 1, first - 1 - PAGE);
    const answer = await facegateApi.events({ since, limit: Math.min(PAGE, first - 1 - since) });
    oldestKept.value = answer.oldest;
    take(answer.events);
  } finally {
    loadingEarlier.value = false;
  }
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
