import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { MqttMessage } from './broker.ts';
import type { Topics } from './topics.ts';

/**
 * An event as it is published on its own topic: the whole envelope, never retained. A grant whose life is over by now says
 * `replay: true`, whatever it was when it was handed over.
 *
 * @param nowMs wall clock, milliseconds since 1970.
 */
export function eventMessage(event: AccessEvent, topics: Topics, nowMs: number): MqttMessage {
  const late = event.expiresAt !== null && Date.parse(event.expiresAt) <= nowMs;
  const told = late ? { ...event, replay: true } : event;
  return {
    topic: topics.event(event),
    payload: JSON.stringify(told),
    retain: false,
    expiresInS: lifeOf(told, nowMs),
  };
}

/**
 * What is left of a grant's life in the unit that MQTT 5 has for it (§3.3.2.3.3): whole seconds, rounded down, at least 1
 * since brokers take 0 for no end at all. Null for what is no grant, and for a replay: it opens nothing, however late.
 */
export function lifeOf(event: Pick<AccessEvent, 'expiresAt' | 'replay'>, nowMs: number): number | null {
  if (event.expiresAt === null || event.replay) return null;
  return Math.max(1, Math.floor((Date.parse(event.expiresAt) - nowMs) / 1000));
}
