import type { Settings } from '../../config/settings-schema.ts';
import { CATALOG, type CatalogEntry, scorerEntries } from '../../models/catalog.ts';
import { chooseDetector } from '../../models/choose-detector.ts';
import { AUTO } from '../../models/choose-models.ts';
import { planPlacement, type RoleRequest } from '../../models/processes/plan-placement.ts';

/** What CUDA, cuBLAS and cuDNN take in a process before any network does, MiB. An estimate: it differs from GPU to GPU. */
export const RUNTIME_MB = 500;

export interface NeededModel {
  readonly role: 'detector' | 'landmarks' | 'embedder' | 'previous embedder' | 'scorer';
  /** Catalog name, or the file that the settings name. */
  readonly model: string;
  /** As the catalog says; null: a file, of which nobody knows before it runs. */
  readonly memoryMb: number | null;
}

export interface NeededMemory {
  /** Those that run on the GPU. */
  readonly models: readonly NeededModel[];
  /** Processes on the GPU: one for each group of networks that live together. */
  readonly processes: number;
  /** With one frame at a time, MiB; at least that, where a model's need is not known. */
  readonly leastMb: number;
  /** `models.batch.most` */
  readonly batch: number;
  /** With so many frames at once, MiB: no more than that, since weights are not needed twice. */
  withBatchMb(frames: number): number;
}

/**
 * What the networks of these settings need of a GPU's memory.
 *
 * @param availableMb of the slice or GPU, for `detector: auto`; null: not known.
 * @returns null where none of them runs on a GPU.
 * @throws {AppError} CONFIG_INVALID where a device and a list of providers contradict each other.
 */
export function neededMemory(models: Settings['models'], availableMb: number | null): NeededMemory | null {
  const roles = rolesOf(models, availableMb);
  const groups = planPlacement({
    roles: roles.map(({ request }) => request),
    providers: models.providers,
    processes: models.processes,
    cores: 1,
    autoProvider: 'cuda',
  }).filter(({ device }) => device.startsWith('cuda') || device.startsWith('MIG-'));
  if (groups.length === 0) return null;
  const onGpu = groups.map((group) => ({
    processes: group.processes ?? 1,
    models: group.roles.flatMap(({ key }) => roles.find(({ request }) => request.key === key)?.models ?? []),
  }));
  const withBatchMb = (frames: number) =>
    sum(
      onGpu.map(
        (group) => group.processes * (RUNTIME_MB + frames * sum(group.models.map(({ memoryMb }) => memoryMb ?? 0))),
      ),
    );
  return {
    models: onGpu.flatMap((group) => group.models),
    processes: sum(onGpu.map(({ processes }) => processes)),
    leastMb: withBatchMb(1),
    batch: models.batch.most,
    withBatchMb,
  };
}

/** The most frames at once that the memory holds; 0 where not even one fits. */
export function largestBatch(needed: NeededMemory, availableMb: number): number {
  let most = 0;
  while (most < needed.batch && needed.withBatchMb(most + 1) <= availableMb) most += 1;
  return most;
}

interface NeededRole {
  readonly request: RoleRequest;
  readonly models: readonly NeededModel[];
}

function rolesOf({ detector, embedder, scorers }: Settings['models'], availableMb: number | null): NeededRole[] {
  const found = detector.model === 'auto' ? autoDetector(availableMb) : detector.model;
  const entry = CATALOG.get(found);
  const landmarks = entry?.family === 'starter-ssd' ? [needs('landmarks', entry.landmarks)] : [];
  const previous =
    embedder.previous === undefined ? [] : [needs('previous embedder', embedder.previous.replace(/-int8$/, ''))];
  return [
    { request: placed('detector', detector), models: [needs('detector', found), ...landmarks] },
    {
      request: placed('embedder', embedder),
      models: [needs('embedder', embedder.model === 'auto' ? AUTO.embedder : embedder.model), ...previous],
    },
    ...scorers.map((scorer, i) => ({ request: { key: `scorer ${i}`, ...scorer }, models: ofScorer(scorer.model) })),
  ];
}

/** int8 runs on the CPU, whatever the list of providers says. */
function placed(key: string, role: Settings['models']['detector'] | Settings['models']['embedder']): RoleRequest {
  const { providers, device, isolation, memoryLimitMb, deadlineMs } = role;
  if (role.precision === 'int8') return { key, providers: ['cpu'], isolation };
  return {
    key,
    isolation,
    deadlineMs,
    ...(providers !== undefined && { providers }),
    ...(device !== undefined && { device }),
    ...(memoryLimitMb !== undefined && { memoryLimitMb }),
  };
}

/** The heaviest that `auto` would take, as if all could be had: whether they can is only seen where it runs. */
function autoDetector(availableMb: number | null): string {
  const candidates = [...CATALOG.values()].flatMap((entry) =>
    entry.task === 'detector' ? [{ name: entry.name, autoAboveMb: entry.autoAboveMb, available: true }] : [],
  );
  return chooseDetector(candidates, { on: 'gpu', free: { freeMb: availableMb, source: 'the plan' } }).name;
}

function ofScorer(name: string): NeededModel[] {
  const entries: readonly CatalogEntry[] = scorerEntries(name);
  if (entries.length === 0) return [needs('scorer', name)];
  return entries.map((entry) => ({ role: 'scorer', model: entry.name, memoryMb: entry.memoryMb }));
}

function needs(role: NeededModel['role'], model: string): NeededModel {
  return { role, model, memoryMb: CATALOG.get(model)?.memoryMb ?? null };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, each) => all + each, 0);
}
