import type { CameraSettings } from '../config/settings-schema.ts';
import type { FrameTracer } from '../pipeline/frame-trace.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { CameraSource } from './camera-source.ts';
import { cameraAddresses, checkedAddresses } from './connect/camera-addresses.ts';
import type { FfmpegBinary } from './ffmpeg/ffmpeg-binary.ts';
import { frameDemands } from './ffmpeg/frame-demands.ts';

export interface CreateSourceOptions {
  ffmpeg: FfmpegBinary;
  clock: Clock;
  log: Logger;
  /** What relative paths (`file:`, `passwordFile`, `tls.ca`) are relative to. */
  baseDir: string;
  /** Frames whose pixels may be held at once. Default 8. */
  buffers?: number;
  /** End after so many frames. */
  frames?: number;
  /** When it chooses its pictures, beside other cameras (`FrameDemands`). Default: whenever they come. */
  turn?: () => number | null;
  /** Follows the frames. Default: nobody does. */
  tracer?: FrameTracer | undefined;
}

/**
 * What makes the frames of one camera. Nothing is opened before `frames()` is subscribed to.
 *
 * @throws {SourceError} SOURCE_URL_INVALID when a URL is malformed or of a kind that is not supported, or the settings of the camera
 *   do not fit together.
 */
export function createSource(camera: CameraSettings, options: CreateSourceOptions): CameraSource {
  const where = { baseDir: options.baseDir, platform: process.platform };
  const [first] = checkedAddresses(camera, where);
  return new CameraSource({
    id: camera.id,
    address: first!,
    addresses: () => cameraAddresses(camera, where),
    demands: {
      ...frameDemands(camera),
      ...(options.turn && { turn: options.turn }),
      ...(options.frames === undefined ? {} : { frames: options.frames }),
    },
    ffmpeg: options.ffmpeg,
    clock: options.clock,
    log: options.log,
    tracer: options.tracer,
    ...(options.buffers === undefined ? {} : { buffers: options.buffers }),
  });
}
