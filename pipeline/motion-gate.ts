import type { Frame } from './frame.ts';
import { isOtherLight, type LightGrid, lightGrid } from './light-grid.ts';

export interface MotionGateOptions {
  /** An unchanged picture is analysed all the same so often, milliseconds: it closes the hole of what changes unseen. */
  lookEveryMs: number;
}

/** After a change every picture is analysed for so long, milliseconds: who has come is not known by their first picture. */
const OPEN_AFTER_CHANGE_MS = 1000;

interface Look {
  readonly light: LightGrid;
  readonly frame: Pick<Frame, 'connection' | 'width' | 'height'>;
}

/** When a picture was taken, by the stream and by this machine: either may stand still. */
type Moment = Pick<Frame, 'ptsSeconds' | 'arrivedAtMs'>;

/**
 * Decides which pictures of one camera need not be analysed, because nothing in them has changed since the last one that was. It
 * compares with that one and not with the picture before, so that what comes slowly adds up. While a face is in view, and for a while
 * after any change, every picture is analysed. Whoever appears changes the picture they appear in, and that one is analysed; where the
 * change is too small to be seen, the next look finds them.
 */
export class MotionGate {
  readonly #lookEveryMs: number;
  /** What was let through and is not analysed yet, by sequence. */
  readonly #underWay = new Map<number, Look>();
  #analysed: Look | null = null;
  #faceInView = false;
  #lookedAt: Moment | null = null;
  #changedAt: Moment | null = null;

  constructor({ lookEveryMs }: MotionGateOptions) {
    this.#lookEveryMs = lookEveryMs;
  }

  /** Whether the frame is to be analysed; then `analysed` or `missed` follows. Asked once for each frame, in order. */
  opens(frame: Frame): boolean {
    const { connection, width, height, ptsSeconds, arrivedAtMs } = frame;
    const look: Look = { light: lightGrid(frame), frame: { connection, width, height } };
    const now: Moment = { ptsSeconds, arrivedAtMs };
    if (this.#isNew(look)) this.#changedAt = now;
    else if (
      !this.#faceInView &&
      !this.#isWithin(this.#changedAt, OPEN_AFTER_CHANGE_MS, now) &&
      this.#isWithin(this.#lookedAt, this.#lookEveryMs, now)
    ) {
      return false;
    }
    this.#lookedAt = now;
    this.#underWay.set(frame.sequence, look);
    return true;
  }

  /** @param faces in the picture, of whomever, fit or not. */
  analysed({ sequence }: Pick<Frame, 'sequence'>, faces: number): void {
    this.#analysed = this.#underWay.get(sequence) ?? this.#analysed;
    this.#underWay.delete(sequence);
    this.#faceInView = faces > 0;
  }

  /** It was let through, and left out for another reason: nothing was seen, so the next picture is looked at. */
  missed({ sequence }: Pick<Frame, 'sequence'>): void {
    if (this.#underWay.delete(sequence)) this.#lookedAt = null;
  }

  #isNew({ light, frame }: Look): boolean {
    const before = this.#analysed;
    return (
      before === null ||
      before.frame.connection !== frame.connection ||
      before.frame.width !== frame.width ||
      before.frame.height !== frame.height ||
      isOtherLight(before.light, light)
    );
  }

  /** By the clock that has gone further; a clock that went back says nothing, so that the gate opens. */
  #isWithin(since: Moment | null, ms: number, now: Moment): boolean {
    if (since === null) return false;
    const arrived = now.arrivedAtMs - since.arrivedAtMs;
    const taken =
      now.ptsSeconds === null || since.ptsSeconds === null ? arrived : (now.ptsSeconds - since.ptsSeconds) * 1000;
    return Math.min(arrived, taken) >= 0 && Math.max(arrived, taken) < ms;
  }
}
