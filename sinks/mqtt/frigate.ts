import type { AccessEvent } from '../../pipeline/access-event.ts';
import type { MqttMessage } from './broker.ts';
import { isOnline } from './state-messages.ts';
import type { CameraNow } from './surroundings.ts';

/** Frigate's own words for what facegate has to say (docs.frigate.video/integrations/mqtt). */
export class Frigate {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get available(): string {
    return `${this.#prefix}/available`;
  }

  /** Topic → payload, retained. */
  present(cameras: readonly CameraNow[]): Map<string, string> {
    return new Map(
      cameras.map(({ id, state }) => [`${this.#prefix}/${id}/status/detect`, isOnline(state) ? 'online' : 'offline']),
    );
  }

  /**
   * Somebody was recognised, or a door saw somebody whom nobody knows; null for all else. Replays are left out: there is no
   * word for them, and whoever listens takes each one for now.
   */
  face(event: AccessEvent): MqttMessage | null {
    const { type, id, camera, subject, similarity, capturedAt, decidedAt, replay, reason } = event;
    if (camera === null || replay) return null;
    if (type !== 'person.seen' && !(type === 'access.denied' && reason === 'unknown')) return null;
    const face = {
      type: 'face',
      id,
      name: subject?.name ?? null,
      score: similarity === null ? 0 : Math.min(1, Math.max(0, similarity)),
      camera,
      // Seconds since 1970, as Frigate has them.
      timestamp: Date.parse(capturedAt ?? decidedAt) / 1000,
    };
    const topic = `${this.#prefix}/tracked_object_update`;
    return { topic, payload: JSON.stringify(face), retain: false, expiresInS: null };
  }
}
