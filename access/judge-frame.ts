import { ageAt, type Frame } from '../pipeline/frame.ts';

/** What may be decided on a frame: `usable`, or why nothing may. */
export type FrameJudgement = 'usable' | 'degraded' | 'stale' | 'broken';

/**
 * Whether a decision may rest on the frame at the monotonic time `nowMs`. `broken`: one of its times is not a number, or
 * it arrived in the future.
 */
export function judgeFrame(frame: Frame, nowMs: number, maxAgeMs: number): FrameJudgement {
  const { ageMs, arrivedAtMs, capturedAtMs, sequence, connection } = frame;
  const times = [nowMs, ageMs, arrivedAtMs, capturedAtMs, sequence, connection];
  if (!times.every(Number.isFinite) || ageMs < 0 || arrivedAtMs > nowMs) return 'broken';
  if (!(ageAt(frame, nowMs) <= maxAgeMs)) return 'stale';
  return frame.degraded ? 'degraded' : 'usable';
}

/**
 * When the picture was taken, on the monotonic clock, milliseconds. Pictures that waited in a queue and came in one burst
 * lie as far apart as they were taken, and a step of the wall clock moves none of them.
 */
export function takenAtMs(frame: Pick<Frame, 'arrivedAtMs' | 'ageMs'>): number {
  return frame.arrivedAtMs - frame.ageMs;
}
