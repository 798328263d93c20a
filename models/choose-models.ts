import { AppError } from '../config/app-error.ts';
import type { Logger } from '../pipeline/ports.ts';
import { CATALOG, type CatalogEntry } from './catalog.ts';
import { type ChosenDetector, chooseDetector, type DetectorPlace } from './choose-detector.ts';
import type { ModelStore, ResolvedModel } from './store.ts';

/** What `auto` means, by role. */
export const AUTO = { detector: 'retinaface-mobilenet025', embedder: 'mobilefacenet-arcface-128d' } as const;
const STARTER = { detector: 'starter-ssd-mobilenetv1', embedder: 'starter-dlib-128d' } as const;

type Role = keyof typeof AUTO;

export interface ChooseModelsOptions {
  /** A catalog name, the absolute path of a file, or `auto`. */
  detector: string;
  embedder: string;
  store: ModelStore;
  /** Where a role is `auto` and its weights cannot be had, take the starter set: for the demo and for tests. */
  starter: boolean;
  log: Logger;
  /** Where the detector will run; asked where it is `auto`. Default: the CPU. */
  detectorPlace?: () => Promise<DetectorPlace>;
  onProgress?: (model: string, done: number, total: number | null) => void;
  signal?: AbortSignal;
}

export interface ChosenModels {
  readonly detector: ResolvedModel;
  readonly embedder: ResolvedModel;
  /** There where the detector gives boxes only. */
  readonly landmarks?: ResolvedModel;
  /** One of them is a starter model. */
  readonly starter: boolean;
  /** What was chosen and why, for people. */
  readonly why: string;
}

/**
 * Decides which networks run, and has their weights on this machine when it resolves.
 *
 * @throws {AppError} CONFIG_INVALID when a name is of a model for something else; what `ModelStore.resolve` throws.
 */
export async function chooseModels(options: ChooseModelsOptions): Promise<ChosenModels> {
  const { store, log, onProgress, signal } = options;
  const resolve = (name: string, task: CatalogEntry['task']) =>
    store.resolve(name, {
      task,
      ...(onProgress && { onProgress: (done: number, total: number | null) => onProgress(name, done, total) }),
      ...(signal && { signal }),
    });
  const roles: Role[] = ['detector', 'embedder'];
  for (const role of roles) expectTask(role, options[role]);

  const auto = options.detector === 'auto' ? await autoDetector(store, await options.detectorPlace?.()) : null;
  let names: Record<Role, string> = {
    detector: auto?.name ?? options.detector,
    embedder: options.embedder === 'auto' ? AUTO.embedder : options.embedder,
  };
  const both = async () => ({
    detector: await resolve(names.detector, 'detector'),
    embedder: await resolve(names.embedder, 'embedder'),
  });
  const mayBeStarter = options.starter && roles.some((role) => options[role] === 'auto');
  let missing: AppError | null = null;
  let resolved: Record<Role, ResolvedModel> | null = null;
  try {
    resolved = await both();
  } catch (error) {
    if (!mayBeStarter || !(error instanceof AppError) || error.code !== 'MODEL_NOT_FOUND') throw error;
    missing = error;
    names = {
      detector: options.detector === 'auto' ? STARTER.detector : options.detector,
      embedder: options.embedder === 'auto' ? STARTER.embedder : options.embedder,
    };
  }
  resolved ??= await both();
  // A file tells what it is only when it is found.
  for (const role of roles) expectEntry(role, options[role], resolved[role].entry);

  const { detector, embedder } = resolved;
  const landmarks =
    detector.entry.family === 'starter-ssd' ? await resolve(detector.entry.landmarks, 'landmarks') : undefined;
  const starter = [detector, embedder].some(({ entry }) => entry.builtFrom === 'starter');
  const why = roles.map(
    (role) =>
      `${role} ${resolved[role].entry.name} (${reason(options[role], missing, role === 'detector' ? auto : null)}; ${resolved[role].origin})`,
  );
  if (missing) {
    why.push('starter models recognise less well than the usual ones and are for trying facegate out');
    log.warn({ missing: missing.details?.model }, `using the starter models. ${missing.message}`);
  }
  return { detector, embedder, ...(landmarks && { landmarks }), starter, why: why.join('; ') };
}

function reason(asked: string, missing: AppError | null, auto: ChosenDetector | null): string {
  if (asked !== 'auto') return 'as the settings say';
  if (missing) return `auto: "${String(missing.details?.model)}" cannot be had here`;
  return auto ? `auto: ${auto.why}` : 'auto';
}

/** What `detector: auto` means: the member of the family that fits the free memory where the detector will run. */
export async function autoDetector(
  store: Pick<ModelStore, 'list'>,
  place: DetectorPlace = { on: 'cpu' },
): Promise<ChosenDetector> {
  // Looking reads every file there is to compare its SHA-256: not where the lightest is taken in any case.
  const here = new Set(
    place.on === 'cpu' ? [] : (await store.list()).flatMap(({ entry, present }) => (present ? [entry.name] : [])),
  );
  const candidates = [...CATALOG.values()].flatMap((entry) =>
    entry.task === 'detector'
      ? [{ name: entry.name, autoAboveMb: entry.autoAboveMb, available: here.has(entry.name) || entry.url !== null }]
      : [],
  );
  return chooseDetector(candidates, place);
}

function expectTask(role: Role, name: string): void {
  const entry = CATALOG.get(name);
  // A name that is not in the catalog is the store's to report.
  if (entry !== undefined) expectEntry(role, name, entry);
}

function expectEntry(role: Role, asked: string, entry: CatalogEntry): void {
  if (entry.task === role) return;
  const fitting = [...CATALOG.values()].filter(({ task }) => task === role).map((other) => other.name);
  const what = asked === entry.name ? '' : ` (${entry.name})`;
  throw new AppError(
    'CONFIG_INVALID',
    `models.${role}.model must name a model of task "${role}" (${fitting.join(', ')}), got "${asked}"${what} of task "${entry.task}"`,
  );
}
