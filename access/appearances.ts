import type { EventDraft } from '../pipeline/access-event.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { Clock } from '../pipeline/ports.ts';
import { Confirmation } from './confirmation.ts';
import { judgeFrame, takenAtMs } from './judge-frame.ts';
import { recognisedFaces } from './recognised-faces.ts';
import { isSamePicture, type PictureId } from './same-picture.ts';

export interface AppearancesOptions {
  clock: Clock;
  /** Who is not recognised for this long has left. Default 5000. */
  leftAfterMs?: number;
  /** Distinct pictures, taken within `leftAfterMs`, that begin an appearance. Default 2. */
  pictures?: number;
  /** Pictures older than this when their turn comes count for nothing. Default 2000. */
  maxAgeMs?: number;
}

export interface Appearances {
  /** Who left before this result, then who appeared with it. */
  note(result: FrameResult): EventDraft[];
  /** Who left; call it about once a second, since a camera that sends nothing notes nothing. */
  expire(): EventDraft[];
}

/**
 * Who is in front of one camera. `person.seen` once when a known subject appears, `person.left` once when they have not
 * been recognised for `leftAfterMs`; the two always alternate. A connection that breaks and comes back within that time
 * changes nothing; of a camera that is away for longer, everybody has left.
 */
export function createAppearances(cameraId: string, options: AppearancesOptions): Appearances {
  const { clock, leftAfterMs = 5000, pictures = 2, maxAgeMs = 2000 } = options;
  const confirmation = new Confirmation({ matches: pictures, withinMs: leftAfterMs, maxAgeMs });
  /** By subject: the last picture of them, when it was taken, and what was said of it. */
  const present = new Map<string, { picture: PictureId; takenAtMs: number; last: EventDraft }>();

  const expire = (): EventDraft[] => {
    const nowMs = clock.monotonicMs();
    const left: EventDraft[] = [];
    for (const [subjectId, { takenAtMs: atMs, last }] of present) {
      if (nowMs - atMs < leftAfterMs) continue;
      present.delete(subjectId);
      left.push({ ...last, type: 'person.left', decidedAtMs: clock.wallMs(), box: undefined });
    }
    return left;
  };

  const note = (result: FrameResult): EventDraft[] => {
    const drafts = expire();
    const { frame, threshold } = result;
    const nowMs = clock.monotonicMs();
    if (frame.cameraId !== cameraId || judgeFrame(frame, nowMs, maxAgeMs) !== 'usable') return drafts;
    for (const { subject, similarity, margin, quality, box } of recognisedFaces(result)) {
      const before = present.get(subject.id);
      const atMs = takenAtMs(frame);
      if (before) {
        if (atMs <= before.takenAtMs || isSamePicture(before.picture, frame)) continue;
      } else if (!confirmation.note(subject.id, frame, nowMs)) continue;
      const seen: EventDraft = {
        type: 'person.seen',
        door: null,
        camera: cameraId,
        subject,
        similarity,
        threshold,
        margin,
        quality,
        reason: null,
        frameSequence: frame.sequence,
        capturedAtMs: frame.capturedAtMs,
        decidedAtMs: clock.wallMs(),
        expiresAtMs: null,
        box,
      };
      const { connection, sequence, ptsSeconds } = frame;
      present.set(subject.id, { picture: { connection, sequence, ptsSeconds }, takenAtMs: atMs, last: seen });
      if (!before) drafts.push(seen);
    }
    return drafts;
  };

  return { note, expire };
}
