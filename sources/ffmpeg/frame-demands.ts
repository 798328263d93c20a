import type { CameraSettings } from '../../config/settings-schema.ts';
import type { FrameDemands } from './ffmpeg-arguments.ts';

/** What a camera's settings ask of ffmpeg. */
export function frameDemands(camera: CameraSettings): FrameDemands {
  return {
    fps: camera.fps,
    width: camera.width,
    transport: camera.transport,
    timeoutMs: camera.timeout,
    realtime: camera.realtime,
    loop: camera.loop,
    deviceFps: camera.deviceFps,
    deviceSize: camera.deviceSize,
    hwaccel: camera.hwaccel,
    masks: camera.masks,
  };
}
