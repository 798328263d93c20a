import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { mirrorsFrom } from '../config/mirrors.ts';
import { settingsSchema } from '../config/settings-schema.ts';
import { confidenceOf } from '../models/calibration.ts';
import type { DetectorEntry, EmbedderEntry } from '../models/catalog.ts';
import { asInt8 } from '../models/int8.ts';
import { createInferencePool, type InferencePool } from '../models/processes/inference-pool.ts';
import { openModelStore, type ResolvedModel } from '../models/store.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { researchEmbedder } from './research-embedder.ts';

/** `usual`: what `auto` means. `research`: the usual detector with an embedder that may not be used commercially. */
export type NetworkSet = 'usual' | 'starter' | 'research';

export interface OpenedNetworks extends AsyncDisposable {
  readonly analyser: InferencePool;
  readonly set: NetworkSet;
  readonly flip: boolean;
  readonly detector: string;
  readonly embedder: EmbedderEntry;
  readonly models: { readonly detector: ResolvedModel; readonly embedder: ResolvedModel };
  /** Pictures that keep all processes busy. */
  readonly atOnce: number;
  /** The detector's setting. */
  readonly confidence: number;
  /** Quality below this is unfit, 0..1. */
  readonly gate: number;
}

/** Nobody waits for a frame here, and the machine may be busy with other things. */
const DEADLINE_MS = 120_000;

const NAMES = {
  usual: { detector: 'retinaface-mobilenet025', embedder: 'mobilefacenet-arcface-128d' },
  starter: { detector: 'starter-ssd-mobilenetv1', embedder: 'starter-dlib-128d' },
} as const;

export interface NetworkChoice {
  readonly set: NetworkSet;
  /** A catalog name instead of the set's detector. */
  readonly detector?: string | undefined;
  /** Embed mirror images as well. Default false. */
  readonly flip?: boolean | undefined;
  /** In 8-bit arithmetic. Default: neither. */
  readonly int8?: 'detector' | 'embedder' | 'both' | undefined;
  /** What the embedder is said to be, instead of its entry. */
  readonly entry?: (entry: EmbedderEntry) => EmbedderEntry;
}

/** The product's own inference processes with the settings that it has where nobody sets any. */
export async function openNetworks({ set, flip = false, int8, ...choice }: NetworkChoice): Promise<OpenedNetworks> {
  await using opened = new AsyncDisposableStack();
  const scratch = mkdtempSync(join(tmpdir(), 'facegate-eval-'));
  opened.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const mirrors = mirrorsFrom(process.env.FACEGATE_MODEL_MIRROR);
  const store = openModelStore({ dir: join(scratch, 'models'), mirrors, starter: true, log: silentLog });
  const names = NAMES[set === 'starter' ? 'starter' : 'usual'];
  const precise = (role: 'detector' | 'embedder', model: ResolvedModel) =>
    int8 === role || int8 === 'both' ? asInt8(model, '--int8') : model;
  const detector = precise('detector', await store.resolve(choice.detector ?? names.detector));
  const known = precise(
    'embedder',
    set === 'research' ? researchEmbedder(mirrors) : await store.resolve(names.embedder),
  );
  const embedder = choice.entry ? { ...known, entry: choice.entry(known.entry as EmbedderEntry) } : known;
  const { entry } = detector;
  const landmarks = entry.family === 'starter-ssd' ? await store.resolve(entry.landmarks) : null;
  const { models, recognition } = settingsSchema.parse({});
  const processes = availableParallelism();
  const analyser = await createInferencePool({
    detector,
    embedder,
    ...(landmarks && { landmarks }),
    settings: {
      detector: { ...models.detector, deadlineMs: DEADLINE_MS },
      embedder: { ...models.embedder, flip, deadlineMs: DEADLINE_MS },
      oodThreshold: recognition.oodThreshold,
      providers: models.providers,
    },
    processes,
    log: silentLog,
    clock: systemClock,
  });
  opened.use(analyser);
  const rooms = opened.move();
  return {
    analyser,
    set,
    flip,
    detector: detector.entry.name,
    embedder: embedder.entry as EmbedderEntry,
    models: { detector, embedder },
    atOnce: processes * 2,
    confidence: confidenceOf(models.detector, entry as DetectorEntry),
    gate: recognition.oodThreshold,
    [Symbol.asyncDispose]: () => rooms.disposeAsync(),
  };
}
