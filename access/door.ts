import type { DoorSettings } from '../config/settings-schema.ts';
import type { EventDraft } from '../pipeline/access-event.ts';
import { ageAt, type Frame } from '../pipeline/frame.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { Clock } from '../pipeline/ports.ts';
import { createAllowList } from './allow-list.ts';
import { Confirmation } from './confirmation.ts';
import { Cooldown } from './cooldown.ts';
import { judgeFrame } from './judge-frame.ts';
import { RecentBoxes } from './recent-boxes.ts';
import { type DecidableFace, type RecognisedFace, recognisedFaces, unknownFaces } from './recognised-faces.ts';

export interface Door {
  readonly id: string;
  /**
   * What the door says to one result of one of its cameras; usually nothing. Call it as soon as the result is there: age
   * is judged at the moment of the call. Never throws.
   */
  decide(result: FrameResult): EventDraft[];
  stats(): DoorStats;
}

/** Since the door was made. The last three count pictures with a face that might have been decided on. */
export interface DoorStats {
  readonly granted: number;
  readonly denied: number;
  /** Too old when their turn came; never decided on later. */
  readonly stale: number;
  /** Taken within a second of a decode error, or while the age of the connection's pictures was not known. */
  readonly degraded: number;
  /** One of their times was not a number. */
  readonly broken: number;
}

/** A grant is void this long after its picture was taken, whatever happens to it on its way. */
const GRANT_LIFE_MS = 2000;
/** Stands for everybody who is unknown; no subject has an empty id. */
const UNKNOWN = '';

/**
 * A door that opens for those on its list, and for nobody else.
 *
 * Granted is who is on the list and confirmed: recognised, fit, in as many distinct pictures of one camera as `confirm`
 * asks for, taken within its window, none degraded, none older than `maxAge` when its turn came, and none older than a
 * grant lives. Denied is who is confirmed and not on the list (`not_allowed`), and who is confirmed as unknown
 * (`unknown`): as many pictures with a fit face that is nobody's. There is no tracker, so a fit unknown face does not
 * count where, within the window, somebody was recognised in about the same place: one bad picture of Ada is not a
 * stranger. Everything else is silence, which opens nothing.
 *
 * After a decision the door is silent about that subject, or about unknown ones, for `cooldown`, and then needs a whole new
 * confirmation.
 */
export function createDoor(settings: DoorSettings, options: { clock: Clock }): Door {
  const { id, confirm, maxAge: maxAgeMs, cooldown } = settings;
  const { clock } = options;
  const cameras = new Set(settings.cameras);
  const isAllowed = createAllowList(settings.allow);
  const confirmation = new Confirmation({ matches: confirm.matches, withinMs: confirm.within, maxAgeMs });
  const recognisedAt = new RecentBoxes(confirm.within);
  const silence = new Cooldown(cooldown);
  const stats = { granted: 0, denied: 0, stale: 0, degraded: 0, broken: 0 };

  const isConfirmed = (who: string, frame: Frame, nowMs: number): boolean => {
    if (silence.isRunning(who, nowMs) || !confirmation.note(who, frame, nowMs)) return false;
    silence.start(who, nowMs);
    return true;
  };

  const draft = (
    { frame, threshold }: FrameResult,
    face: DecidableFace,
    decision: Pick<EventDraft, 'type' | 'subject' | 'reason' | 'decidedAtMs' | 'expiresAtMs'>,
  ): EventDraft => ({
    ...decision,
    door: id,
    camera: frame.cameraId,
    similarity: face.similarity,
    threshold,
    margin: face.margin,
    quality: face.quality,
    frameSequence: frame.sequence,
    capturedAtMs: frame.capturedAtMs,
  });

  const decide = (result: FrameResult): EventDraft[] => {
    const { frame } = result;
    if (!cameras.has(frame.cameraId)) return [];
    const recognised = recognisedFaces(result);
    const unknown = unknownFaces(result);
    if (recognised.length === 0 && unknown.length === 0) return [];

    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    const judgement = judgeFrame(frame, nowMs, Math.min(maxAgeMs, GRANT_LIFE_MS));
    if (judgement !== 'usable') {
      stats[judgement] += 1;
      return [];
    }
    // The earlier of two ways to say when it was taken, in case the wall clock was set meanwhile.
    const expiresAtMs = Math.min(frame.capturedAtMs, wallMs - ageAt(frame, nowMs)) + GRANT_LIFE_MS;
    if (!(expiresAtMs > wallMs)) {
      stats.stale += 1;
      return [];
    }

    const answerTo = (face: RecognisedFace): EventDraft[] => {
      const { subject } = face;
      recognisedAt.note(frame, face.box);
      if (!isConfirmed(subject.id, frame, nowMs)) return [];
      if (!isAllowed(subject)) {
        stats.denied += 1;
        const denied = { type: 'access.denied', reason: 'not_allowed', expiresAtMs: null } as const;
        return [draft(result, face, { ...denied, subject, decidedAtMs: wallMs })];
      }
      stats.granted += 1;
      const granted = { type: 'access.granted', reason: null, expiresAtMs } as const;
      return [draft(result, face, { ...granted, subject, decidedAtMs: wallMs })];
    };
    const answers = recognised.flatMap(answerTo);

    const stranger = unknown.find(({ box }) => !recognisedAt.covers(frame, box));
    if (!stranger || !isConfirmed(UNKNOWN, frame, nowMs)) return answers;
    stats.denied += 1;
    const denied = { type: 'access.denied', reason: 'unknown', subject: null, expiresAtMs: null } as const;
    return [...answers, draft(result, stranger, { ...denied, decidedAtMs: wallMs })];
  };

  return { id, decide, stats: () => ({ ...stats }) };
}
