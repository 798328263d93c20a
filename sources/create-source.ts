import type { CameraSettings } from '../config/settings-schema.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import type { FfmpegBinary } from './ffmpeg-binary.ts';
import { FfmpegSource } from './ffmpeg-source.ts';
import { frameDemands } from './frame-demands.ts';
import { sourceAddress } from './source-address.ts';

export interface CreateSourceOptions {
  ffmpeg: FfmpegBinary;
  clock: Clock;
  log: Logger;
  /** What a relative `file:` path is relative to. */
  baseDir: string;
}

/**
 * What makes the frames of one camera. Nothing is opened before `frames()` is subscribed to.
 *
 * @throws {SourceError} SOURCE_URL_INVALID when the URL is malformed or of a kind that is not supported.
 */
export function createSource(camera: CameraSettings, options: CreateSourceOptions): FfmpegSource {
  return new FfmpegSource({
    id: camera.id,
    address: sourceAddress(camera.url, { baseDir: options.baseDir, platform: process.platform }),
    demands: frameDemands(camera),
    ffmpeg: options.ffmpeg,
    clock: options.clock,
    log: options.log,
  });
}
