import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { deviceEnvironment } from '../config/device-environment.ts';
import { withDeviceOverrides } from '../config/device-overrides.ts';
import { mirrorsFrom } from '../config/mirrors.ts';
import { withModelPaths } from '../config/model-overrides.ts';
import { cameraSchema, type SettingsInput, settingsSchema } from '../config/settings-schema.ts';
import { type OpenedAnalyser, openAnalyser as openAnalyserOf } from '../models/open-analyser.ts';
import type { Clock, FrameSource, Logger } from '../pipeline/ports.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { createSource } from '../sources/create-source.ts';
import { findFfmpeg } from '../sources/ffmpeg/ffmpeg-binary.ts';

export interface OpenAnalyser {
  /** As `models:` in the configuration file. */
  models?: SettingsInput['models'];
  /** Quality below this is unfit, 0..1. Default 0.4. */
  oodThreshold?: number;
  /** Where weights are kept. Default `~/.local/share/facegate/models`. */
  modelsDir?: string;
  /** Folders or URLs with weights under their catalog names. Default: those of `FACEGATE_MODEL_MIRROR`. */
  mirrors?: readonly string[];
  /** A folder that is looked into right after `modelsDir`. Default: that of `FACEGATE_MODELS_DIR`. */
  modelsFolder?: string;
  /** Allow the weak starter models where the real weights cannot be had. Default false. */
  starter?: boolean;
  log?: Logger;
  clock?: Clock;
  onProgress?: (model: string, done: number, total: number | null) => void;
}

/** Finds or fetches the weights and starts the inference processes; close `analyser` (`await using`) when done. */
export function openAnalyser(o: OpenAnalyser = {}): Promise<OpenedAnalyser> {
  const modelsFolder = o.modelsFolder ?? process.env.FACEGATE_MODELS_DIR;
  const settings = settingsSchema.parse({
    ...(o.models && { models: o.models }),
    ...(o.oodThreshold !== undefined && { recognition: { oodThreshold: o.oodThreshold } }),
  });
  return openAnalyserOf({
    models: withModelPaths(withDeviceOverrides(settings.models, process.env), process.env, null),
    oodThreshold: settings.recognition.oodThreshold,
    dir: resolve(o.modelsDir ?? join(homedir(), '.local/share/facegate/models')),
    mirrors: o.mirrors ?? mirrorsFrom(process.env.FACEGATE_MODEL_MIRROR),
    modelsFolder: modelsFolder ? resolve(modelsFolder) : null,
    starter: o.starter ?? false,
    environment: deviceEnvironment(process.env),
    clock: o.clock ?? systemClock,
    log: o.log ?? silentLog,
    ...(o.onProgress && { onProgress: o.onProgress }),
  });
}

export interface OpenCamera {
  /** Frames a second at most. Default 5. */
  fps?: number;
  /** Frames are scaled down to this width. Default 1280. */
  width?: number;
  transport?: 'tcp' | 'udp';
  /** Files: at the clip's own speed. Default false: as fast as it is read. */
  realtime?: boolean;
  /** Files: again from the start at the end. Default false. */
  loop?: boolean;
  /** Path of ffmpeg. Default: the first on the PATH. */
  ffmpeg?: string;
  log?: Logger;
  clock?: Clock;
}

/** A source for `rtsp://…`, `webcam:/dev/video0` or `file:clip.mp4` (relative to the working directory). */
export async function openCamera(url: string, o: OpenCamera = {}): Promise<FrameSource> {
  const { ffmpeg, log, clock, ...fields } = o;
  const camera = cameraSchema.parse({ id: 'camera', url, ...fields });
  const binary = await findFfmpeg({
    ...(ffmpeg !== undefined && { configured: ffmpeg }),
    pathVariable: process.env.PATH,
    environment: deviceEnvironment(process.env),
  });
  return createSource(camera, {
    ffmpeg: binary,
    clock: clock ?? systemClock,
    log: log ?? silentLog,
    baseDir: process.cwd(),
  });
}
