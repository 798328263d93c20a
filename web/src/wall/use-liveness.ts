import { useRef } from 'preact/hooks';
import type { CameraView } from '../api/api-types.ts';
import { connection } from '../state/connection.ts';
import { glanceOf } from '../state/glances.ts';
import { now } from '../state/now.ts';
import { cameraLiveness, type Liveness } from './camera-liveness.ts';

/** Whether the camera may look live at this moment. */
export function useLiveness(camera: CameraView): Liveness {
  const openedAtMs = useRef(Date.now());
  const drawnAtMs = glanceOf(camera.id).value?.drawnAtMs ?? null;
  const nowMs = Math.max(now.value, drawnAtMs ?? 0);
  return cameraLiveness(camera, drawnAtMs, openedAtMs.current, connection.value.at === 'live', nowMs);
}
