import type { Guidance, Hint } from './guide-face.ts';

export interface SteadyShot<T> {
  /**
   * One more frame.
   * @param nowMs monotonic milliseconds.
   * @returns the best frame of the moment once it was good for long enough; else null.
   */
  push(guidance: Guidance, frame: T, nowMs: number): T | null;
  /** What to say: it stays long enough to be read. */
  readonly hint: Hint | null;
  /** How much of the moment is over, 0..1. */
  readonly progress: number;
  /** Another pose, another camera, after a shot. */
  reset(): void;
}

interface SteadyShotOptions {
  /** How long every frame must be good. Default 800. */
  holdMs?: number;
  /** So many frames at least, however slowly they come. Default 3. */
  leastFrames?: number;
  /** A hint stays for so long, unless it is good news. Default 700. */
  readMs?: number;
}

/** Waits until the face was fit for a moment, and keeps the best picture of that moment. */
export function createSteadyShot<T>({
  holdMs = 800,
  leastFrames = 3,
  readMs = 700,
}: SteadyShotOptions = {}): SteadyShot<T> {
  let since: number | null = null;
  let frames = 0;
  let best: { frame: T; quality: number } | null = null;
  let progress = 0;
  let hint: Hint | null = null;
  let hintAtMs = 0;

  const restart = () => {
    since = null;
    frames = 0;
    best = null;
    progress = 0;
  };
  const say = (next: Hint, nowMs: number) => {
    if (next === hint || (hint !== null && next !== 'good' && nowMs - hintAtMs < readMs)) return;
    hint = next;
    hintAtMs = nowMs;
  };
  return {
    push(guidance, frame, nowMs) {
      say(guidance.hint, nowMs);
      if (guidance.hint !== 'good') {
        restart();
        return null;
      }
      since ??= nowMs;
      frames += 1;
      const quality = guidance.face?.quality ?? 0;
      if (!best || quality > best.quality) best = { frame, quality };
      progress = Math.min(1, (nowMs - since) / holdMs, frames / leastFrames);
      if (progress < 1) return null;
      const taken = best.frame;
      restart();
      return taken;
    },
    get hint() {
      return hint;
    },
    get progress() {
      return progress;
    },
    reset() {
      restart();
      hint = null;
    },
  };
}
