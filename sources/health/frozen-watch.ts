import type { PixelImage } from '../../pipeline/pixel-image.ts';
import {
  isAlike,
  type PictureDifference,
  type PictureSignature,
  pictureDifference,
  pictureSignature,
} from './picture-signature.ts';

export interface WatchedPicture {
  readonly image: PixelImage;
  /** Null where the stream carries no timestamps. */
  readonly ptsMs: number | null;
  /** Monotonic. */
  readonly arrivedAtMs: number;
  /** Key frames decoded so far, this picture's included, across connections. */
  readonly keyFrames: number;
  /** Every picture is coded by itself (MJPEG, a webcam's raw pictures): a repeated one is the same to the last bit. */
  readonly intraOnly: boolean;
}

export interface PictureLife {
  /** Not a bit new since the picture before: it shows nothing that was not known. */
  readonly repeated: boolean;
  readonly frozen: boolean;
}

/** Stillness that is called frozen, milliseconds of the stream; and the pairs of pictures that must show it. */
const FROZEN_AFTER_MS = 2000;
/** The same for a camera that never sent copies; some time may pass before an encoder does. */
const COPIES_AFTER_MS = 1600;
const LEAST_PAIRS = 2;
/** A step between two pictures counts for no more than this, milliseconds: what happened in a gap was not seen. */
const LONGEST_STEP_MS = 1100;
/** A frozen picture that no longer looks like one has come alive after so long, milliseconds. */
const DOUBT_MS = 6000;

// Levels of 0..255, measured on 1080p clips scaled to 720p, before and after they were frozen, and on night scenes with sensor noise
// (test/sources/health/frozen-watch.test.ts makes them): the block that differs most.
/** Something moved. */
const MOVED = 4;
/**
 * As much as that, over a key frame: an encoder of little bitrate writes a frozen picture anew with errors of up to 10.4. A little
 * everywhere is no movement: coarse noise drawn anew comes to a mean of 2.7.
 */
const MOVED_AT_KEY = 12;
/** Something is alive without moving: noise, a screen, leaves. */
const LIVELY_MEAN = 0.15;
/** Two pictures on either side of a key frame that are the same: frozen ones come to 0 to 0.5, noise drawn anew to 0.8 and more. */
const SAME = 0.6;
/** Two pictures on either side of a key frame that are not: their noise was drawn anew. */
const ANEW = 1.1;
/** So often in a row must that be seen: an encoder that comes to rest also changes a frozen picture a few times. */
const ANEW_TIMES = 4;
/** Two successive pictures of which the encoder took the second for a copy of the first. */
const COPIED: PictureDifference = { mean: 0.05, block: 0.3 };
const COPIED_ON_AVERAGE = 0.03;
/** So long must a camera have been seen alive before its standing still means anything, milliseconds. */
const LIVING_MS = 2000;

/** Pictures of a run that are kept to be compared with, and their distance, milliseconds. */
const KEPT = 24;
const KEPT_EVERY_MS = 180;

interface Kept {
  readonly signature: PictureSignature;
  readonly group: number;
}

/** Pictures in which nothing moved. A *group* is what lies between two key frames. */
interface Run {
  readonly sinceMs: number;
  readonly firstGroup: number;
  kept: Kept[];
  keptAtMs: number;
  pairs: number;
  /** Since when each picture was a copy of the one before it, but for key frames; null while they are not. */
  copies: { readonly sinceMs: number; pairs: number; sum: number } | null;
  /** The last picture of the latest whole group. */
  groupEnd: Kept | null;
  /** How many groups in a row ended in another picture than the one before. */
  drawnAnew: number;
}

/**
 * Tells a source that repeats one picture from a scene in which nothing happens.
 *
 * Equality does not tell them apart: an encoder writes a repeated picture a little differently at every key frame, and takes the
 * faint noise of a night scene for no change at all between two of them. What does is noise. It is drawn anew by the world, never by
 * a source that hangs:
 *
 * - pictures on either side of a key frame that are the same show one and the same noise, that is, one picture;
 * - a camera whose pictures always differed a little, and which now sends copies, has stopped. This is not held against a camera
 *   that was once seen to send copies until the next key frame drew the noise anew.
 *
 * Where every picture is coded by itself, a repeated one is equal to the last bit.
 *
 * Limits: a picture with a running clock in it moves; a scene without any noise (below 0.5 levels) looks frozen; an encoder that goes
 * on refining a frozen picture for want of other work (a constant bitrate, much too high) makes it look alive.
 */
export class FrozenWatch {
  #elapsedMs = 0;
  #last: { signature: PictureSignature; ptsMs: number | null; arrivedAtMs: number; group: number } | null = null;
  #run: Run | null = null;
  #livingMs = 0;
  #drawsAnew = false;
  #frozen = false;
  #evidenceMs = 0;

  /** @param picture the next one; not retained. */
  look(picture: WatchedPicture): PictureLife {
    const signature = pictureSignature(picture.image);
    const last = this.#last;
    const { ptsMs, arrivedAtMs, keyFrames: group } = picture;
    this.#last = { signature, ptsMs, arrivedAtMs, group };
    if (!last) return { repeated: false, frozen: false };
    const stepMs = stepBetween(last, picture);
    const beforeMs = this.#elapsedMs;
    this.#elapsedMs += stepMs;
    const difference = pictureDifference(signature, last.signature);
    const repeated = difference.mean === 0;
    const isAtKey = !picture.intraOnly && group !== last.group;
    if (difference.block > (isAtKey ? MOVED_AT_KEY : MOVED)) {
      this.#run = null;
      this.#livingMs += stepMs;
      this.#frozen = false;
      return { repeated, frozen: false };
    }
    this.#run ??= {
      sinceMs: beforeMs,
      firstGroup: last.group,
      kept: [{ signature: last.signature, group: last.group }],
      keptAtMs: beforeMs,
      pairs: 0,
      copies: null,
      groupEnd: null,
      drawnAnew: 0,
    };
    const run = this.#run;
    run.pairs += 1;
    if (picture.intraOnly) {
      this.#countCopies(run, repeated, 0, beforeMs);
      this.#decide(this.#areCopies(run, FROZEN_AFTER_MS));
    } else {
      if (isAtKey) this.#endGroup(run, { signature: last.signature, group: last.group });
      else {
        this.#countCopies(run, isCopy(difference), difference.mean, beforeMs);
        if (difference.mean >= LIVELY_MEAN) this.#livingMs += stepMs;
      }
      const stopped = this.#areCopies(run, COPIES_AFTER_MS) && this.#livingMs >= LIVING_MS && !this.#drawsAnew;
      this.#decide(stopped || this.#isOnePicture(run, signature, group));
    }
    this.#keep(run, { signature, group });
    return { repeated, frozen: this.#frozen };
  }

  #decide(evidence: boolean): void {
    if (evidence) {
      this.#frozen = true;
      this.#evidenceMs = this.#elapsedMs;
    } else if (this.#elapsedMs - this.#evidenceMs > DOUBT_MS) this.#frozen = false;
  }

  #countCopies(run: Run, copy: boolean, mean: number, beforeMs: number): void {
    if (!copy) {
      run.copies = null;
      return;
    }
    run.copies ??= { sinceMs: beforeMs, pairs: 0, sum: 0 };
    run.copies.pairs += 1;
    run.copies.sum += mean;
  }

  #areCopies({ copies }: Run, afterMs: number): boolean {
    return (
      copies !== null &&
      copies.pairs >= LEAST_PAIRS &&
      this.#elapsedMs - copies.sinceMs >= afterMs &&
      copies.sum / copies.pairs <= COPIED_ON_AVERAGE
    );
  }

  #isOnePicture(run: Run, signature: PictureSignature, group: number): boolean {
    if (run.pairs < LEAST_PAIRS || this.#elapsedMs - run.sinceMs < FROZEN_AFTER_MS) return false;
    return run.kept.some((kept) => kept.group !== group && isAlike(kept.signature, signature, SAME));
  }

  /** Groups without movement that each end in another picture than the one before: what lies between them is the world's noise. */
  #endGroup(run: Run, end: Kept): void {
    // While the picture comes to rest, its first group says nothing.
    if (end.group === run.firstGroup) return;
    const before = run.groupEnd;
    run.groupEnd = end;
    if (!before) return;
    run.drawnAnew = run.copies && !isAlike(before.signature, end.signature, ANEW) ? run.drawnAnew + 1 : 0;
    if (run.drawnAnew < ANEW_TIMES) return;
    this.#drawsAnew = true;
    this.#frozen = false;
  }

  #keep(run: Run, picture: Kept): void {
    if (this.#elapsedMs - run.keptAtMs < KEPT_EVERY_MS) return;
    run.keptAtMs = this.#elapsedMs;
    run.kept.push(picture);
    if (run.kept.length > KEPT) run.kept.shift();
  }
}

/** By the stream's own time, since a backlog comes faster than it was taken; by ours where that jumps or is missing. */
function stepBetween(
  last: { ptsMs: number | null; arrivedAtMs: number },
  now: { ptsMs: number | null; arrivedAtMs: number },
): number {
  const byPts = last.ptsMs === null || now.ptsMs === null ? -1 : now.ptsMs - last.ptsMs;
  const step = byPts > 0 && byPts < 5000 ? byPts : now.arrivedAtMs - last.arrivedAtMs;
  return Math.min(Math.max(step, 0), LONGEST_STEP_MS);
}

function isCopy({ mean, block }: PictureDifference): boolean {
  return mean <= COPIED.mean && block <= COPIED.block;
}
