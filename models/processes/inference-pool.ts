import { availableParallelism } from 'node:os';
import { merge, type Observable } from 'rxjs';
import type { DetectorSettings, RoleSettings, Settings } from '../../config/settings-schema.ts';
import type { AnalysedFace, Embedding } from '../../pipeline/face.ts';
import type { StageSpan } from '../../pipeline/frame-trace.ts';
import { fromMachineMs } from '../../pipeline/machine-clock.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type {
  AnalyseOptions,
  Analysis,
  AnalysisSlot,
  AnalysisTimings,
  Clock,
  FaceAnalyser,
  Logger,
} from '../../pipeline/ports.ts';
import type { CatalogEntry, ScorerEntry } from '../catalog.ts';
import { withRecognition } from '../embedders/recognised-face.ts';
import { expectTask } from '../expect-task.ts';
import type { CropAnalyserConfig } from '../inference/crop-analyser.ts';
import type { CropOptions, JudgedCrops, RemoteEmbedder, RoleCrops } from '../inference/crop-work.ts';
import type { FaceAnalyserConfig, FoundFace, FoundFaces, PictureOptions } from '../inference/face-analyser.ts';
import type { PlacedEmbedder, PlacedNetwork } from '../inference/networks.ts';
import { autoProvider } from '../runtime/auto-provider.ts';
import type { ResolvedModel } from '../store.ts';
import { type PlacedRole, type PlacementGroup, planPlacement } from './plan-placement.ts';
import { type PoolEvent, type PoolStats, ProcessPool } from './process-pool.ts';
import type { RoleReport } from './role-report.ts';

export type { PoolEvent, PoolStats } from './process-pool.ts';

/** A scorer's networks, and how the settings place it. */
export interface ScorerModels {
  /** Unique among the scorers: the name in the settings. */
  readonly name: string;
  /** At least one; all of one ensemble. */
  readonly models: readonly ResolvedModel[];
  readonly settings: Partial<RoleSettings>;
}

export interface InferencePoolOptions {
  detector: ResolvedModel;
  embedder: ResolvedModel;
  /**
   * The embedder that the gallery is being moved away from: its embedding goes along with the other one, in `previous`. It
   * is placed as the other one is. Default: none.
   */
  previousEmbedder?: ResolvedModel | null;
  /** For detectors that give boxes only. */
  landmarks?: ResolvedModel;
  /** Default: none. */
  scorers?: readonly ScorerModels[];
  settings: {
    detector: DetectorSettings;
    embedder?: Partial<RoleSettings> & { flip?: boolean };
    /** Quality below this is unfit, 0..1. */
    oodThreshold: number;
    providers: 'auto' | string[];
    /** Default: no batches. */
    batch?: Settings['models']['batch'];
  };
  /**
   * Has the weights of something lighter than a detector that ran out of memory again and again; null where there is
   * none. Default: the detector stays.
   */
  lighter?: (detector: CatalogEntry) => Promise<ResolvedModel | null>;
  /** How many of each kind, ≥ 1. Default: one a core on a CPU, one on a GPU. */
  processes?: number | undefined;
  log: Logger;
  clock: Clock;
  /** What the processes see of the environment (`LD_LIBRARY_PATH`, `CUDA_VISIBLE_DEVICES`). Default: nothing. */
  environment?: Readonly<Record<string, string>>;
  /** Default 60,000 on a CPU; 600,000 elsewhere, where shaders and engines are compiled for every shape. */
  startDeadlineMs?: number;
}

export interface InferencePool extends FaceAnalyser {
  roles(): RoleReport[];
  /** Counters only; cheap. */
  stats(): PoolStats;
  /** Completes when the pool is closed. */
  readonly changes: Observable<PoolEvent>;
  /** Ends all processes and resolves when they are gone; what waits rejects with INFERENCE_CLOSED. Idempotent. */
  close(): Promise<void>;
}

type FacePool = ProcessPool<PictureOptions, FoundFaces>;
type CropPool = ProcessPool<CropOptions, JudgedCrops>;

/**
 * Places the networks as the settings say, starts their processes and waits until all of them have run once.
 *
 * @throws {AppError} why a process cannot start: the MODEL codes, INFERENCE_DIED, INFERENCE_DEADLINE; CONFIG_INVALID where
 *   a device and a list of providers contradict each other. No process is left then.
 */
export async function createInferencePool(options: InferencePoolOptions): Promise<InferencePool> {
  const { settings, scorers = [], landmarks } = options;
  const groups = planPlacement({
    roles: [
      { ...roleOf(settings.detector), key: DETECTOR },
      { ...roleOf(settings.embedder ?? {}), key: EMBEDDER },
      ...(options.previousEmbedder ? [{ ...roleOf(settings.embedder ?? {}), key: PREVIOUS }] : []),
      ...scorers.map((scorer) => ({ ...roleOf(scorer.settings), key: scorerKey(scorer) })),
    ],
    providers: settings.providers,
    processes: options.processes,
    cores: availableParallelism(),
    autoProvider: await autoProvider(),
  });
  // The detector was asked about first.
  const [faceGroup, ...cropGroups] = groups as [PlacementGroup, ...PlacementGroup[]];
  const faces: FacePool = new ProcessPool({
    ...poolOptions(options, faceGroup),
    config: faceConfig(options, faceGroup),
    lighter: async (config) => {
      if (config.work !== 'pictures' || !options.lighter) return null;
      const model = await options.lighter(config.detector.model.entry);
      return model && { ...config, detector: { ...config.detector, model } };
    },
  });
  const crops = new Map<string, CropPool>();
  for (const group of cropGroups) {
    const pool: CropPool = new ProcessPool({ ...poolOptions(options, group), config: cropConfig(group) });
    for (const { key } of group.roles) crops.set(key, pool);
  }
  const scoreNames = new Map(scorers.map((scorer) => [scorerKey(scorer), scorerEntries(scorer)[0]!.scores]));
  const pool = new PlacedNetworks(faces, crops, scoreNames, settings.oodThreshold);
  try {
    await pool.start();
    return pool;
  } catch (error) {
    await pool.close();
    throw error;
  }

  function faceConfig(
    { detector, embedder, previousEmbedder }: InferencePoolOptions,
    group: PlacementGroup,
  ): FaceAnalyserConfig {
    const { inputSize, confidence, preset, nms, maxFaces, minFacePx } = settings.detector;
    const here = (key: string) => group.roles.find((role) => role.key === key);
    const at = here(DETECTOR)!;
    const embedding = (key: string, model: ResolvedModel): PlacedEmbedder | RemoteEmbedder => {
      const role = here(key);
      return role ? placedEmbedder(model, role) : { key, entry: expectTask(model.entry, 'embedder') };
    };
    return {
      work: 'pictures',
      detector: placed(detector, at),
      landmarks: landmarks ? placed(landmarks, at) : null,
      embedder: embedding(EMBEDDER, embedder),
      previous: previousEmbedder ? embedding(PREVIOUS, previousEmbedder) : null,
      scorers: scorers.map((scorer) => {
        const key = scorerKey(scorer);
        const role = here(key);
        if (role) return scorer.models.map((model) => placed(model, role));
        const entries = scorerEntries(scorer);
        return { key, name: entries[0]!.scores, entries };
      }),
      batch: settings.batch,
      settings: {
        inputSize,
        confidence,
        preset,
        nms,
        maxFaces,
        minFacePx,
        oodThreshold: settings.oodThreshold,
      },
    };
  }

  function cropConfig({ roles }: PlacementGroup): CropAnalyserConfig {
    const { embedder, previousEmbedder } = options;
    const embedding = (key: string, model: ResolvedModel | null | undefined) => {
      const role = roles.find((each) => each.key === key);
      return role && model ? { key, network: placedEmbedder(model, role) } : null;
    };
    return {
      work: 'crops',
      embedder: embedding(EMBEDDER, embedder),
      previous: embedding(PREVIOUS, previousEmbedder),
      scorers: roles.flatMap((role) => {
        const scorer = scorers.find((one) => scorerKey(one) === role.key);
        return scorer ? [{ key: role.key, networks: scorer.models.map((model) => placed(model, role)) }] : [];
      }),
    };
  }

  function placedEmbedder(model: ResolvedModel, role: PlacedRole): PlacedEmbedder {
    return { ...placed(model, role), flip: settings.embedder?.flip ?? false };
  }
}

const DETECTOR = 'detector';
const EMBEDDER = 'embedder';
const PREVIOUS = 'previous embedder';

function scorerKey({ name }: ScorerModels): string {
  return `scorer ${name}`;
}

function scorerEntries({ models }: ScorerModels): ScorerEntry[] {
  return models.map(({ entry }) => expectTask(entry, 'scorer'));
}

function placed(model: ResolvedModel, { providers, device }: PlacedRole): PlacedNetwork {
  return { model, providers, device };
}

function roleOf(settings: Partial<RoleSettings>): Partial<RoleSettings> {
  const { providers, device, isolation, memoryLimitMb, deadlineMs } = settings;
  return { providers, device, isolation, memoryLimitMb, deadlineMs } as Partial<RoleSettings>;
}

function poolOptions(options: InferencePoolOptions, group: PlacementGroup) {
  const { environment = {}, clock, log, settings } = options;
  const startDeadlineMs = options.startDeadlineMs ?? (group.device === 'cpu' ? 60_000 : 600_000);
  const most = group.device === 'cpu' ? 1 : (settings.batch?.most ?? 1);
  return { group, cores: availableParallelism(), environment, most, startDeadlineMs, clock, log };
}

/** One pool for pictures, and one for the crops of each group of networks that lives apart from the detector. */
class PlacedNetworks implements InferencePool {
  readonly changes: Observable<PoolEvent>;
  readonly #faces: FacePool;
  /** By role. */
  readonly #crops: ReadonlyMap<string, CropPool>;
  /** Under which a scorer's number stands in a face's `scores`, by role. */
  readonly #scoreNames: ReadonlyMap<string, string>;
  readonly #pools: readonly (FacePool | CropPool)[];
  #closing: Promise<void> | null = null;
  readonly #oodThreshold: number;

  constructor(
    faces: FacePool,
    crops: ReadonlyMap<string, CropPool>,
    scoreNames: ReadonlyMap<string, string>,
    oodThreshold: number,
  ) {
    this.#faces = faces;
    this.#oodThreshold = oodThreshold;
    this.#crops = crops;
    this.#scoreNames = scoreNames;
    this.#pools = [faces, ...new Set(crops.values())];
    this.changes = merge(...this.#pools.map((pool) => pool.changes));
  }

  async start(): Promise<void> {
    await Promise.all(this.#pools.map((pool) => pool.start()));
  }

  async reserve(signal?: AbortSignal): Promise<AnalysisSlot> {
    const slot = await this.#faces.reserve(signal);
    return {
      analyse: async (image, options = {}) => {
        return this.#finish(await slot.ask(image, pictureOptions(options), options), options);
      },
      release: () => slot.release(),
    };
  }

  async analyse(image: PixelImage, options: AnalyseOptions = {}): Promise<Analysis> {
    return this.#finish(await this.#faces.ask(image, pictureOptions(options), options), options);
  }

  roles(): RoleReport[] {
    return this.#pools.flatMap((pool) => pool.roles());
  }

  stats(): PoolStats {
    const all = this.#pools.map((pool) => pool.stats());
    const sum = (of: (stats: PoolStats) => number) => all.reduce((total, stats) => total + of(stats), 0);
    return {
      processes: sum(({ processes }) => processes),
      busy: sum(({ busy }) => busy),
      waiting: sum(({ waiting }) => waiting),
      waitingRequests: sum(({ waitingRequests }) => waitingRequests),
      restarts: sum(({ restarts }) => restarts),
      outOfMemory: sum(({ outOfMemory }) => outOfMemory),
      lightened: sum(({ lightened }) => lightened),
      calls: sum(({ calls }) => calls),
      perProcess: all.flatMap(({ perProcess }) => perProcess),
    };
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#pools.map((pool) => pool.close())).then(() => {});
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** What the networks that live apart say of the faces. */
  async #finish({ faces, crops, timings: told }: FoundFaces, options: AnalyseOptions): Promise<Analysis> {
    const timings = byOwnClock(told);
    if (crops.length === 0) return { faces: faces.map(finished), timings };
    const judged = [...faces];
    const start = performance.now();
    await Promise.all(crops.map((cut) => this.#judge(cut, judged, options)));
    const untilMs = performance.now();
    const embeds = crops.some(({ key }) => key === EMBEDDER || key === PREVIOUS);
    const apart: StageSpan = { stage: embeds ? 'embed' : 'score', fromMs: start, untilMs };
    return {
      faces: judged.map(finished),
      timings: {
        ...timings,
        embed: timings.embed + untilMs - start,
        ...(timings.trace && { trace: { ...timings.trace, spans: [...timings.trace.spans, apart] } }),
      },
    };
  }

  async #judge({ key, faces: of, sheet }: RoleCrops, faces: FoundFace[], options: AnalyseOptions): Promise<void> {
    const pool = this.#crops.get(key)!;
    const judged = await pool.askFirst(sheet, { key }, options);
    for (const [at, index] of of.entries()) {
      const face = faces[index]!;
      if ('recognised' in judged) {
        const said = judged.recognised[at]!;
        faces[index] =
          key === PREVIOUS
            ? { ...face, previousEmbedding: said.embedding }
            : withRecognition(face, said, this.#oodThreshold);
      } else {
        const name = this.#scoreNames.get(key)!;
        faces[index] = { ...face, scores: { ...face.scores, [name]: judged.scores[at]! } };
      }
    }
  }
}

/** What the process says of its time, in this thread's milliseconds. */
function byOwnClock(timings: AnalysisTimings): AnalysisTimings {
  if (!timings.trace) return timings;
  const spans = timings.trace.spans.map(({ stage, fromMs, untilMs }) => ({
    stage,
    fromMs: fromMachineMs(fromMs),
    untilMs: fromMachineMs(untilMs),
  }));
  return { ...timings, trace: { ...timings.trace, spans } };
}

/** What crosses to the processes; what is not set is left out. */
function pictureOptions({ confidence, nms, maxFaces, want, trace }: AnalyseOptions): PictureOptions {
  return {
    ...(confidence !== undefined && { confidence }),
    ...(nms !== undefined && { nms }),
    ...(maxFaces !== undefined && { maxFaces }),
    ...(want !== undefined && { want }),
    ...(trace && { trace }),
  };
}

/** With the embeddings of both models together. */
function finished({ previousEmbedding, ...face }: FoundFace): AnalysedFace {
  const { embedding } = face;
  if (!embedding) return face;
  const previous = previousEmbedding && withOwnVector(previousEmbedding);
  return { ...face, embedding: { ...withOwnVector(embedding), ...(previous && { previous }) } };
}

/** Vectors arrive as views into the whole message: each gets memory of its own, so that keeping one keeps only that. */
function withOwnVector(embedding: Embedding): Embedding {
  return { ...embedding, vector: embedding.vector.slice() };
}
