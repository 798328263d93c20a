import type { Frame } from '../../pipeline/frame.ts';

/** A picture that is older on its arrival is too late to be of use; milliseconds. */
const BEHIND_MS = 2500;
/** For so long, and in so many pictures, it is waited whether the camera catches up by itself. */
const PATIENCE_MS = 1500;
const FEWEST = 3;
/** It does where at its pace it will be up to date in less than a new connection takes, milliseconds. */
const SOON_MS = 2000;
/** Between two connections given up for it; twice as long each time, up to … */
const AGAIN_AFTER_MS = 30_000;
const SLOWEST_AGAIN_MS = 32 * AGAIN_AFTER_MS;
/** ±20 %: cameras that fell behind together are not connected to together again and again. */
const JITTER = 0.2;
/** Ages are a guess for a while after timestamps went backwards (`StreamAge` carries the age before on), milliseconds. */
const DOUBT_MS = 3500;
/** Young pictures for so long make those before them forgotten. */
const SETTLED_MS = 300_000;

type Late = Pick<Frame, 'ageMs' | 'arrivedAtMs' | 'ptsSeconds'>;

/**
 * Sees when the pictures of a camera come later and later. Where the processor or the network cannot keep up, what was not read yet lies in
 * ffmpeg and in the kernel's buffers; it would be played to its end, and the camera would be shown as it was minutes ago. A new
 * connection begins with what the camera sees now. One camera's, over all its connections: an overload that a new connection does not cure
 * must not be made worse by many.
 */
export class BehindWatch {
  /** The first of those in a row that came too late. */
  #first: Late | null = null;
  #count = 0;
  #lastPtsSeconds: number | null = null;
  #youngSinceMs: number | null = null;
  #doubtUntilMs = Number.NEGATIVE_INFINITY;
  /** How often it gave up, and when it may again. */
  #gaveUp = { times: 0, againAtMs: Number.NEGATIVE_INFINITY };
  readonly #random: () => number;

  /** @param o.random 0 ≤ x < 1. Default `Math.random`. */
  constructor(o: { random?: () => number } = {}) {
    this.#random = o.random ?? Math.random;
  }

  /** A new connection: nothing that lay in the old one's way is in its. */
  reconnected(): void {
    this.#catchUp();
    this.#lastPtsSeconds = null;
    this.#doubtUntilMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Takes each picture.
   *
   * @returns milliseconds that the camera is behind, where this connection is to be given up now; else null.
   */
  note(frame: Late): number | null {
    const { ageMs, arrivedAtMs, ptsSeconds } = frame;
    const before = this.#lastPtsSeconds;
    this.#lastPtsSeconds = ptsSeconds;
    // Where timestamps are missing, stand still or jump back, the age says nothing.
    if (ptsSeconds === null || (before !== null && ptsSeconds <= before)) {
      this.#catchUp();
      this.#doubtUntilMs = arrivedAtMs + DOUBT_MS;
      return null;
    }
    if (arrivedAtMs < this.#doubtUntilMs) return null;
    if (ageMs < BEHIND_MS) {
      this.#catchUp();
      this.#youngSinceMs ??= arrivedAtMs;
      if (arrivedAtMs - this.#youngSinceMs >= SETTLED_MS) this.#gaveUp.times = 0;
      return null;
    }
    this.#youngSinceMs = null;
    this.#first ??= frame;
    this.#count += 1;
    const forMs = arrivedAtMs - this.#first.arrivedAtMs;
    if (forMs < PATIENCE_MS || this.#count < FEWEST) return null;
    const caughtUpMs = this.#first.ageMs - ageMs;
    if (caughtUpMs > 0 && (ageMs / caughtUpMs) * forMs < SOON_MS) return null;
    const { times, againAtMs } = this.#gaveUp;
    if (times > 0 && arrivedAtMs < againAtMs) return null;
    const pauseMs =
      Math.min(AGAIN_AFTER_MS * 2 ** times, SLOWEST_AGAIN_MS) * (1 - JITTER + 2 * JITTER * this.#random());
    this.#gaveUp = { times: times + 1, againAtMs: arrivedAtMs + pauseMs };
    return ageMs;
  }

  #catchUp(): void {
    this.#first = null;
    this.#count = 0;
  }
}
