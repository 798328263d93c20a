import type { FrameTrace } from './frame-trace.ts';
import type { PixelImage } from './pixel-image.ts';

/**
 * One picture of a camera. Its pixels lie in a pooled buffer with one owner: the source hands the frame over with one
 * reference held; whoever needs it beyond the call that gave it calls `retain()`, and `release()` when done. The buffer
 * returns to its pool when the last reference is released, and must not be read after that.
 */
export interface Frame extends PixelImage {
  readonly cameraId: string;
  /** Counts the frames that the source emitted for this camera since the server started, from 1, across reconnects. */
  readonly sequence: number;
  /** Which connection to the camera this frame came over, from 1. A PTS is comparable within one connection only. */
  readonly connection: number;
  /** Presentation timestamp of the stream, seconds; null where the stream carries none. */
  readonly ptsSeconds: number | null;
  /** When the picture was taken as far as can be told: wall-clock arrival minus age, milliseconds since 1970. */
  readonly capturedAtMs: number;
  /** Monotonic clock at arrival, milliseconds (`Clock.monotonicMs`). */
  readonly arrivedAtMs: number;
  /** How much later than the fastest recent frame this one arrived, ≥ 0, milliseconds. Delay inside the camera is invisible. */
  readonly ageMs: number;
  /**
   * Good enough to show, not to decide on: a decode error happened within the last second; it cannot be told (yet) how old the
   * pictures of this connection are; the picture repeats the one before it, or belongs to a frozen one;
   * or the camera was seen to hang while the picture was being analysed.
   */
  readonly degraded: boolean;
  /** Told what is done with it; absent where nobody follows this frame. */
  readonly trace?: FrameTrace | undefined;
  retain(): void;
  release(): void;
}

/** Age of the frame's picture at the monotonic time `nowMs`, milliseconds. */
export function ageAt(frame: Pick<Frame, 'ageMs' | 'arrivedAtMs'>, nowMs: number): number {
  return frame.ageMs + Math.max(0, nowMs - frame.arrivedAtMs);
}
