import type { CameraState } from '../../pipeline/camera-status.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';

/** In these a camera's last pictures show what was, not what is. */
const HANGS: ReadonlySet<CameraState> = new Set(['stalled', 'frozen']);

/**
 * What a result is worth now. A picture may have been with the networks while its camera was seen to hang; it is `degraded` then,
 * however young it is and whatever a door's `maxAge` says: good enough to show, not to decide on.
 *
 * @param state of the camera at this moment.
 */
export function resultNow(result: FrameResult, state: CameraState): FrameResult {
  if (!HANGS.has(state) || result.frame.degraded) return result;
  return { ...result, frame: { ...result.frame, degraded: true } };
}
