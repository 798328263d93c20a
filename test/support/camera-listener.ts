import type { CameraListener } from '../../server/cameras/running-camera.ts';

/** Takes no notice of what cameras do, but for what is given. */
export function cameraListener(heard: Partial<CameraListener> = {}): CameraListener {
  return {
    received: () => undefined,
    dropped: () => undefined,
    analysing: () => undefined,
    result: () => undefined,
    status: () => undefined,
    fault: () => undefined,
    streamChanged: () => undefined,
    restarted: () => undefined,
    removed: () => undefined,
    ...heard,
  };
}
