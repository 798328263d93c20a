import type { Settings } from '../config/settings-schema.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import type { EmbedderEntry } from './catalog.ts';
import { chooseModels } from './choose-models.ts';
import { chooseScorers } from './choose-scorers.ts';
import { detectorPlace } from './detector-place.ts';
import { createInferencePool, type InferencePool } from './processes/inference-pool.ts';
import { openModelStore } from './store.ts';

export interface OpenAnalyserOptions {
  models: Settings['models'];
  /** Quality below this is unfit, 0..1. */
  oodThreshold: number;
  /** Where weights are kept. */
  dir: string;
  /** Folders or URLs that hold weights under their catalog names. */
  mirrors: readonly string[];
  /** A folder that is looked into right after `dir`, absolute (`FACEGATE_MODELS_DIR`). Default: none. */
  modelsFolder?: string | null;
  /** Allow the starter set where the real weights cannot be had: for the demo and for tests. */
  starter: boolean;
  /** All that the inference processes see of the environment (config/device-environment.ts). Default: nothing. */
  environment?: Readonly<Record<string, string>>;
  clock: Clock;
  log: Logger;
  onProgress?: (model: string, done: number, total: number | null) => void;
}

export interface OpenedAnalyser {
  readonly analyser: InferencePool;
  /** The embedder: its name and width belong to the gallery, its calibration to the thresholds. */
  readonly embedder: EmbedderEntry;
  /** Which models were chosen, and why. */
  readonly why: string;
  /** One of them is a starter model. */
  readonly starter: boolean;
}

/** Finds or fetches the weights that the settings ask for and starts the inference processes on them. */
export async function openAnalyser(options: OpenAnalyserOptions): Promise<OpenedAnalyser> {
  const { models, dir, mirrors, starter, environment = {}, clock, log, onProgress } = options;
  const store = openModelStore({ dir, folder: options.modelsFolder ?? null, mirrors, starter, log });
  const chosen = await chooseModels({
    detector: models.detector.model,
    embedder: models.embedder.model,
    store,
    starter,
    log,
    detectorPlace: () =>
      detectorPlace({
        role: models.detector,
        providers: models.providers,
        visibleDevices: environment.CUDA_VISIBLE_DEVICES,
      }),
    ...(onProgress && { onProgress }),
  });
  const scorers = await chooseScorers({ scorers: models.scorers, store, ...(onProgress && { onProgress }) });
  const analyser = await createInferencePool({
    detector: chosen.detector,
    embedder: chosen.embedder,
    ...(chosen.landmarks && { landmarks: chosen.landmarks }),
    scorers,
    ...((models.detector.lighter ?? models.detector.model === 'auto') && {
      lighter: async ({ lighter }) => (lighter === null ? null : store.resolve(lighter)),
    }),
    settings: {
      detector: models.detector,
      embedder: models.embedder,
      oodThreshold: options.oodThreshold,
      providers: models.providers,
      batch: models.batch,
    },
    processes: models.processes,
    environment,
    log,
    clock,
  });
  return { analyser, embedder: chosen.embedder.entry as EmbedderEntry, why: chosen.why, starter: chosen.starter };
}
