import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { CameraState } from '../../pipeline/camera-status.ts';
import type { MqttMessage } from './broker.ts';
import { lifeOf } from './event-message.ts';
import type { CameraNow, DoorNow } from './surroundings.ts';
import type { Topics } from './topics.ts';

/** What stands where a name would, when names are not to be kept at the broker. */
const SOMEBODY = 'known';

/** A camera that is reconnecting is not seen through; what it was doing before does not matter. */
export function isOnline(state: CameraState): boolean {
  return state === 'running';
}

/** How cameras and doors are now: topic → payload, all of it retained. */
export function presentState(
  cameras: readonly CameraNow[],
  doors: readonly DoorNow[],
  topics: Topics,
): Map<string, string> {
  return new Map([
    ...cameras.map(({ id, state }): [string, string] => [
      topics.camera(id, 'online'),
      isOnline(state) ? 'online' : 'offline',
    ]),
    ...doors.map(({ id, lockdown }): [string, string] => [topics.door(id, 'lockdown'), lockdown ? 'ON' : 'OFF']),
  ]);
}

export interface LastStateOptions {
  readonly topics: Topics;
  readonly names: boolean;
  readonly nowMs: number;
}

/**
 * What the last of these events was, for each camera and door: topic → message. All of it is retained but what tells of a
 * grant, which passes by with the grant's own life, and is left out where that is over: a broker never has a grant to hand
 * to somebody who comes later.
 */
export function lastState(events: readonly AccessEvent[], options: LastStateOptions): Map<string, MqttMessage> {
  const found = new Map<string, MqttMessage>();
  for (const event of events) for (const message of statesOf(event, options)) found.set(message.topic, message);
  return found;
}

function statesOf(event: AccessEvent, { topics, names, nowMs }: LastStateOptions): MqttMessage[] {
  const { type, door, camera, subject, decidedAt: at, sequence, reason } = event;
  const isGrant = type === 'access.granted';
  const messages: MqttMessage[] = [];
  const add = (topic: string, state: Record<string, unknown>, tellsOfGrant: boolean) => {
    if (tellsOfGrant && (event.replay || Date.parse(event.expiresAt ?? '') <= nowMs)) return;
    const expiresInS = tellsOfGrant ? lifeOf(event, nowMs) : null;
    messages.push({ topic, payload: JSON.stringify(state), retain: !tellsOfGrant, expiresInS });
  };
  const person = subject && { person: names ? subject.name : SOMEBODY, at };
  if (camera !== null) {
    add(topics.camera(camera, 'last'), { type, door, reason, at, sequence }, isGrant);
    if (person && type === 'person.seen') add(topics.camera(camera, 'person'), person, false);
  }
  if (door !== null && (isGrant || type === 'access.denied')) {
    const answer = isGrant ? 'granted' : 'denied';
    add(topics.door(door, 'answer'), { answer, reason, at, sequence, expiresAt: event.expiresAt }, isGrant);
    // Whom the door last decided about, whatever it answered.
    if (person) add(topics.door(door, 'person'), person, false);
  }
  return messages;
}
