import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { askNvidiaSmi, type DeviceMemory, type NvidiaGpu } from './nvidia-smi.ts';
import { type RunTool, runTool } from './run-tool.ts';
import { isSliceName } from './slice-names.ts';

export interface FreeMemory {
  /** MiB that a network may still take on the device; null where nobody tells. */
  readonly freeMb: number | null;
  /** Who said so, or why nobody did; for people. */
  readonly source: string;
}

export interface FreeMemoryOptions {
  /** `cuda:N` or `MIG-…`, as the settings name it. Default: the first one. */
  readonly device?: string | undefined;
  /** `CUDA_VISIBLE_DEVICES` of the processes that will run there; numbers of `cuda:N` count among these. */
  readonly visibleDevices?: string | undefined;
  /** Where the kernel lists graphics cards. Default `/sys/class/drm`. */
  readonly sysDrm?: string;
  readonly run?: RunTool;
}

/**
 * Free memory of the GPU that a network will run on: from the kernel where its driver tells (AMD), else from nvidia-smi;
 * with MIG, of the slice.
 */
export async function freeMemory(options: FreeMemoryOptions = {}): Promise<FreeMemory> {
  const { device, visibleDevices, sysDrm = '/sys/class/drm', run = runTool } = options;
  const named = device !== undefined || visibleDevices !== undefined;
  // cuda:1 and MIG-… are NVIDIA's: a graphics card of the processor beside them must not answer for them.
  const amd = named ? null : await ofAmd(sysDrm);
  if (amd) return amd;
  const answer = await askNvidiaSmi(run);
  if (answer.state === 'absent') return { freeMb: null, source: 'no device tells its memory (there is no nvidia-smi)' };
  if (answer.state === 'failed') return { freeMb: null, source: `nvidia-smi failed: ${answer.why}` };
  return ofNvidia(answer.system.gpus, device, visibleDevices);
}

/** amdgpu tells in bytes; several cards: the one with the most video memory. */
async function ofAmd(sysDrm: string): Promise<FreeMemory | null> {
  const cards = (await readdir(sysDrm).catch(() => [])).filter((name) => /^card\d+$/.test(name));
  let best: { card: string; total: number; free: number } | null = null;
  for (const card of cards) {
    const total = await bytes(join(sysDrm, card, 'device/mem_info_vram_total'));
    const used = await bytes(join(sysDrm, card, 'device/mem_info_vram_used'));
    if (total === null || used === null || total <= (best?.total ?? 0)) continue;
    best = { card, total, free: Math.max(0, total - used) };
  }
  return best && { freeMb: Math.floor(best.free / 2 ** 20), source: `the kernel's ${best.card}` };
}

async function bytes(path: string): Promise<number | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^\d+\s*$/.test(text) ? Number(text) : null;
}

function ofNvidia(gpus: readonly NvidiaGpu[], device = 'cuda:0', visible?: string): FreeMemory {
  const found = partOf(device, gpus, visible);
  if (!found) return { freeMb: null, source: `nvidia-smi does not list ${device}` };
  const { freeMb } = found.memory;
  return freeMb === null
    ? { freeMb, source: `nvidia-smi does not tell the free memory of ${found.label}` }
    : { freeMb, source: `nvidia-smi, ${found.label}` };
}

export interface Part {
  readonly label: string;
  readonly uuid: string | null;
  /** True for each of the names that a slice has. */
  readonly isNamed: (name: string) => boolean;
  readonly memory: DeviceMemory;
  /** 0 to 1; null where the driver does not tell, as with every slice. */
  readonly utilization: number | null;
}

/** What CUDA can use of a GPU: the slices where MIG is on (without slices, nothing), else the GPU. */
function partsOf(gpu: NvidiaGpu): Part[] {
  if (gpu.mig !== 'on') {
    const { index, name, uuid, memory, utilization } = gpu;
    return [{ label: `GPU ${index} (${name})`, uuid, isNamed: (other) => other === uuid, memory, utilization }];
  }
  return gpu.slices.map((slice) => ({
    label: `MIG slice ${slice.index} of GPU ${gpu.index} (${gpu.name})`,
    uuid: slice.uuid,
    isNamed: (name) => isSliceName(name, gpu, slice),
    memory: slice.memory,
    utilization: null,
  }));
}

/** The GPU or slice of that name, among those that a process sees: a network's `cuda:N` counts these. */
export function partOf(device: string, gpus: readonly NvidiaGpu[], visible: string | undefined): Part | null {
  if (device.startsWith('MIG-')) return gpus.flatMap(partsOf).find(({ isNamed }) => isNamed(device)) ?? null;
  const number = Number(/^cuda:(\d+)$/.exec(device)?.[1] ?? 0);
  return visibleParts(gpus, visible)[number] ?? null;
}

/** What CUDA shows to a process with that `CUDA_VISIBLE_DEVICES`; undefined: without one. */
export function visibleParts(gpus: readonly NvidiaGpu[], visible: string | undefined): readonly Part[] {
  return visible === undefined ? gpus.flatMap(partsOf) : listed(visible, gpus);
}

/** In the order of `CUDA_VISIBLE_DEVICES`: numbers and UUIDs; like CUDA it stops at the first that does not exist. */
function listed(visible: string, gpus: readonly NvidiaGpu[]): Part[] {
  const parts: Part[] = [];
  for (const name of visible.split(',').map((each) => each.trim())) {
    const gpu = /^\d+$/.test(name) ? gpus[Number(name)] : undefined;
    const found = gpu
      ? partsOf(gpu)
      : gpus.flatMap(partsOf).filter(({ uuid, isNamed }) => name !== '' && (isNamed(name) || uuid?.startsWith(name)));
    if (found.length === 0) break;
    // CUDA uses one slice of a GPU at most.
    parts.push(found[0] as Part);
  }
  return parts;
}
