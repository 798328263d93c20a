import { ApiError } from '../api/api-error.ts';
import { facegateApi } from '../api/facegate-api.ts';
import type { LiveFrame } from '../api/live-message.ts';
import { glanceOf, recentFrame } from '../state/glances.ts';

const ATTEMPTS = 6;
const PAUSE_MS = 150;

/**
 * One moment of a camera: a picture and the faces of that very picture, also while a video is shown instead of pictures.
 * @throws {ApiError} CAMERA_STALE where the camera shows nothing now.
 */
export async function takeMoment(camera: string): Promise<{ frame: LiveFrame; jpeg: Blob }> {
  const glance = glanceOf(camera).peek();
  if (glance?.jpeg) return { frame: glance.frame, jpeg: new Blob([glance.jpeg], { type: 'image/jpeg' }) };
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { jpeg, sequence } = await facegateApi.snapshot(camera);
    // Its faces come over the socket, at about the same time.
    for (let wait = 0; wait < 2; wait += 1) {
      const frame = sequence === null ? null : recentFrame(camera, sequence);
      if (frame) return { frame, jpeg };
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
  throw new ApiError('CAMERA_STALE', 0, 'No picture came together with its faces.');
}
