import { setTimeout } from 'node:timers/promises';
import { firstValueFrom, take, timeout } from 'rxjs';
import { AppError, SourceError } from '../config/app-error.ts';
import type { ErrorCode } from '../config/error-codes.ts';
import { redact } from '../config/redact.ts';
import type { CameraSettings } from '../config/settings-schema.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import type { CameraSource } from './camera-source.ts';
import { createSource } from './create-source.ts';
import type { FfmpegBinary } from './ffmpeg/ffmpeg-binary.ts';

export interface ProbeCameraOptions {
  ffmpeg: FfmpegBinary;
  /** What a relative `file:` path is relative to. */
  baseDir: string;
  /** Default 10 s. */
  timeoutMs?: number;
}

export type CameraProbe =
  | {
      readonly ok: true;
      /** The video as the camera sends it, before scaling, pixels. */
      readonly width: number;
      readonly height: number;
      /** ffmpeg's name, e.g. `h264`. */
      readonly codec: string;
      /** Frames a second that the stream announces; null where it does not. */
      readonly fps: number | null;
      /** The first picture, at most `camera.width` wide; its pixels are the caller's. */
      readonly picture: PixelImage;
    }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string };

const LEAVE_MS = 800;

/**
 * Tries a camera once: connects, decodes one picture, disconnects. A camera that cannot be read is an answer, not an
 * exception; it comes within the time limit and a second.
 */
export async function probeCamera(camera: CameraSettings, options: ProbeCameraOptions): Promise<CameraProbe> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  let source: CameraSource | null = null;
  try {
    const once = { ...camera, timeout: Math.min(camera.timeout, timeoutMs), loop: false };
    source = createSource(once, {
      ffmpeg: options.ffmpeg,
      baseDir: options.baseDir,
      clock: systemClock,
      log: silentLog,
      buffers: 1,
      frames: 1,
    });
    const frame = await firstValueFrom(
      source.frames().pipe(
        take(1),
        timeout({
          first: timeoutMs,
          with: () => {
            throw new SourceError('STREAM_TIMEOUT', `no picture came within ${Math.round(timeoutMs / 100) / 10} s`);
          },
        }),
      ),
    );
    // The buffer is this source's only one, and the source is not used again: nobody overwrites it.
    const picture: PixelImage = { width: frame.width, height: frame.height, format: 'rgb24', data: frame.data };
    const { stream } = source;
    return {
      ok: true,
      width: stream?.width ?? frame.width,
      height: stream?.height ?? frame.height,
      codec: stream?.codec ?? 'unknown',
      fps: stream?.fps ?? null,
      picture,
    };
  } catch (error) {
    const { code, message } = AppError.from(error);
    return { ok: false, code, message: redact(message) };
  } finally {
    // A camera that serves one client at a time is free again when the answer is there, if that takes no longer.
    if (source) await Promise.race([source.gone(), setTimeout(LEAVE_MS, undefined, { ref: false })]);
  }
}
