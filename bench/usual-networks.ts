import { join } from 'node:path';
import { deviceEnvironment } from '../config/device-environment.ts';
import { settingsSchema } from '../config/settings-schema.ts';
import { type OpenedAnalyser, openAnalyser } from '../models/open-analyser.ts';
import { openModelStore, type ResolvedModel } from '../models/store.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { modelMirrors } from './materials.ts';

/** The two that everything is measured with: by name, or `auto` would take a heavier detector on a GPU. */
const DETECTOR = 'retinaface-mobilenet025';
const EMBEDDER = 'mobilefacenet-arcface-128d';

/** 16:9 at a longest side of 640: what the detector makes of 1280×720. */
export const INPUT_SHAPE = [1, 3, 384, 640] as const;
/** Of one face. */
export const FACE_SHAPE = [1, 3, 112, 112] as const;

export interface UsualWeights {
  readonly detector: ResolvedModel;
  readonly embedder: ResolvedModel;
}

/** @param scratch weights are kept in a folder of it. */
export async function usualWeights(scratch: string): Promise<UsualWeights> {
  const store = openModelStore({
    dir: join(scratch, 'models'),
    mirrors: modelMirrors(),
    starter: false,
    log: silentLog,
  });
  return { detector: await store.resolve(DETECTOR), embedder: await store.resolve(EMBEDDER) };
}

/** As settings: `models`. */
export function usualModels(providers: 'auto' | readonly string[], precision: 'float32' | 'int8' = 'float32') {
  return { detector: { model: DETECTOR, precision }, embedder: { model: EMBEDDER, precision }, providers };
}

/**
 * Both in inference processes of the product, which sees of the environment what the server lets its own see.
 *
 * @throws {AppError} MODEL_PROVIDER_UNAVAILABLE where a list of providers has none that runs them.
 */
export async function openUsualNetworks(o: {
  providers: 'auto' | readonly string[];
  processes?: number;
  scratch: string;
  precision?: 'float32' | 'int8';
  /** Frames that a GPU takes at once, at most. Default: as the product does. */
  batch?: number;
}): Promise<OpenedAnalyser> {
  const { providers, processes, scratch, precision = 'float32', batch } = o;
  const { models, recognition } = settingsSchema.parse({
    models: {
      ...usualModels(providers, precision),
      ...(processes !== undefined && { processes }),
      ...(batch !== undefined && { batch: { most: batch } }),
    },
  });
  return openAnalyser({
    models,
    oodThreshold: recognition.oodThreshold,
    dir: join(scratch, 'models'),
    mirrors: modelMirrors(),
    starter: false,
    environment: deviceEnvironment(process.env),
    clock: systemClock,
    log: silentLog,
  });
}
