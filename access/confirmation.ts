import type { Frame } from '../pipeline/frame.ts';
import { takenAtMs } from './judge-frame.ts';
import { isSamePicture, type PictureId } from './same-picture.ts';

export interface ConfirmationOptions {
  /** Distinct pictures that must show it. */
  matches: number;
  /** The time within which all of them were taken, milliseconds. */
  withinMs: number;
  /** The oldest picture that is noted, milliseconds from taking to noting. */
  maxAgeMs: number;
}

interface Sighting extends PictureId {
  readonly takenAtMs: number;
  /** It was part of a confirmation already. */
  spent: boolean;
}

/**
 * Counts the distinct pictures of one camera, over one connection, that show the same somebody, and confirms when enough
 * of them were taken within the window.
 *
 * Distinct is what has another PTS; where the stream has none, another frame sequence. The window is measured in the time
 * the pictures were taken (monotonic arrival minus age), and by PTS as well where there is one: a backlog handed over in
 * one burst is as long as it was when it was filmed. Over a new connection counting begins anew, because a server may
 * send its last pictures again, under another PTS. The wall clock plays no part.
 */
export class Confirmation {
  readonly #matches: number;
  readonly #withinMs: number;
  readonly #keptMs: number;
  readonly #sightings = new Map<string, Sighting[]>();

  constructor({ matches, withinMs, maxAgeMs }: ConfirmationOptions) {
    this.#matches = matches;
    this.#withinMs = withinMs;
    this.#keptMs = withinMs + maxAgeMs;
  }

  /**
   * @param who anything that stands for somebody, e.g. a subject's id.
   * @param frame a usable frame (`judgeFrame`), which shows them.
   * @param nowMs monotonic.
   * @returns true when this picture completed a confirmation; the pictures that made it up do not count again.
   */
  note(who: string, frame: Frame, nowMs: number): boolean {
    this.#forgetBefore(nowMs - this.#keptMs);
    const sighting: Sighting = {
      connection: frame.connection,
      sequence: frame.sequence,
      ptsSeconds: Number.isFinite(frame.ptsSeconds) ? frame.ptsSeconds : null,
      takenAtMs: takenAtMs(frame),
      spent: false,
    };
    const key = `${frame.cameraId}/${who}`;
    const sightings = this.#sightings.get(key) ?? [];
    if (sightings.some((other) => isSamePicture(other, sighting))) return false;
    sightings.push(sighting);
    this.#sightings.set(key, sightings);
    const counted = sightings.filter((other) => !other.spent && this.#leadsUpTo(other, sighting));
    if (!(counted.length >= this.#matches)) return false;
    // All of them, so that pictures which come late or out of order cannot eke out a second confirmation.
    for (const other of sightings) other.spent = true;
    return true;
  }

  /** What was noted so far, of `who` on one camera or, without them, at all, counts no more; nor does it when it comes again. */
  withdraw(who?: string, cameraId?: string): void {
    for (const [key, sightings] of this.#sightings) {
      if (who === undefined || key === `${cameraId}/${who}`) for (const sighting of sightings) sighting.spent = true;
    }
  }

  /** `other` was taken before `sighting` or is it, and not longer before than the window. */
  #leadsUpTo(other: Sighting, sighting: Sighting): boolean {
    if (other.connection !== sighting.connection) return false;
    const within = (ms: number) => ms >= 0 && ms <= this.#withinMs;
    if (!within(sighting.takenAtMs - other.takenAtMs)) return false;
    if (other.ptsSeconds === null || sighting.ptsSeconds === null) return true;
    return within((sighting.ptsSeconds - other.ptsSeconds) * 1000);
  }

  #forgetBefore(ms: number): void {
    for (const [key, sightings] of this.#sightings) {
      if (sightings.every((sighting) => sighting.takenAtMs >= ms)) continue;
      const kept = sightings.filter((sighting) => sighting.takenAtMs >= ms);
      if (kept.length > 0) this.#sightings.set(key, kept);
      else this.#sightings.delete(key);
    }
  }
}
