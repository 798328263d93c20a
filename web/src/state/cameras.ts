import type { CameraView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from './loaded.ts';

const loaded = createLoaded<CameraView[]>(facegateApi.cameras);

export const cameras = loaded.value;
export const camerasError = loaded.error;
export const refreshCameras = loaded.refresh;

let soon: ReturnType<typeof setTimeout> | undefined;

/** For a burst of camera events: one request a moment later. */
export function refreshCamerasSoon(): void {
  clearTimeout(soon);
  soon = setTimeout(refreshCameras, 150);
}

/** The name that people know it by. */
export function cameraName(id: string | null): string {
  if (id === null) return '';
  return cameras.value?.find((camera) => camera.id === id)?.name ?? id;
}
