import { AppError } from '../config/app-error.ts';
import type { Settings } from '../config/settings-schema.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import type { EmbedderEntry } from './catalog.ts';
import { type ChosenModels, chooseModels } from './choose-models.ts';
import { choosePrevious } from './choose-previous.ts';
import { chooseScorers } from './choose-scorers.ts';
import { detectorPlace } from './detector-place.ts';
import { asInt8 } from './int8.ts';
import { createInferencePool, type InferencePool } from './processes/inference-pool.ts';
import { providerName } from './runtime/providers.ts';
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
  /** The one that the gallery is being moved away from; null where the settings name none. */
  readonly previous: EmbedderEntry | null;
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
  const { detector, embedder } = inPrecision(models, chosen);
  const previous = await choosePrevious({
    previous: models.embedder.previous,
    embedder: embedder.model.entry.name,
    store,
    ...(onProgress && { onProgress }),
  });
  const scorers = await chooseScorers({ scorers: models.scorers, store, ...(onProgress && { onProgress }) });
  const analyser = await createInferencePool({
    detector: detector.model,
    embedder: embedder.model,
    previousEmbedder: previous,
    ...(chosen.landmarks && { landmarks: chosen.landmarks }),
    scorers,
    ...((models.detector.lighter ?? models.detector.model === 'auto') && {
      lighter: async ({ lighter }) => (lighter === null ? null : store.resolve(lighter)),
    }),
    settings: {
      detector: detector.settings,
      embedder: embedder.settings,
      oodThreshold: options.oodThreshold,
      providers: models.providers,
      batch: models.batch,
    },
    processes: models.processes,
    environment,
    log,
    clock,
  });
  return {
    analyser,
    embedder: embedder.model.entry as EmbedderEntry,
    previous: previous && (previous.entry as EmbedderEntry),
    why: previous ? `${chosen.why}; previous embedder ${previous.entry.name} (${previous.origin})` : chosen.why,
    starter: chosen.starter,
  };
}

/** The two networks in the arithmetic that the settings ask for, and where each may run. */
function inPrecision(models: Settings['models'], chosen: ChosenModels) {
  const role = <R extends 'detector' | 'embedder'>(name: R) => {
    const settings = models[name];
    if (settings.precision !== 'int8') return { model: chosen[name], settings };
    const model = asInt8(chosen[name], `models.${name}.precision`);
    return { model, settings: { ...settings, providers: cpuAlone(name, settings.providers ?? models.providers) } };
  };
  return { detector: role('detector'), embedder: role('embedder') };
}

/** Elsewhere the runtime would turn rounded values back into float32 at each step. */
function cpuAlone(role: string, providers: Settings['models']['providers']): ['cpu'] {
  if (providers === 'auto' || providerName(providers[0]!) === 'cpu') return ['cpu'];
  throw new AppError(
    'CONFIG_INVALID',
    `models.${role}.precision: int8 runs on the CPU, and its providers begin with ${providers[0]}; set models.${role}.providers to ["cpu"], or leave precision out`,
  );
}
