import { AppError } from '../../config/app-error.ts';
import { isMigProfile, type TenantDevice } from '../../config/tenant-settings.ts';
import { isSliceName, oldSliceName } from '../../models/devices/slice-names.ts';
import type { GpuInventory, GpuSlice, InventoryGpu } from './gpu-inventory.ts';

export interface ResolvedDevice {
  /** `CUDA_VISIBLE_DEVICES` of everything that the tenant starts; empty: no GPU. */
  readonly visible: string;
  /** null: the CPU. */
  readonly gpu: InventoryGpu | null;
  /** null: the whole GPU, or the CPU. */
  readonly slice: GpuSlice | null;
  /** Of the slice or GPU; null where nobody tells. */
  readonly memoryBytes: number | null;
  /** For people. */
  readonly description: string;
}

/** A tenant's device as its settings name it; a profile without `index` must be the only slice of its kind. */
export type DeviceWanted = TenantDevice | { readonly mig: string; readonly index?: number | undefined };

/**
 * Which GPU or slice of this machine a tenant's `device` means. Slices of one profile are counted over all GPUs, in
 * nvidia-smi's order; a slice may be named in both ways, `MIG-<uuid>` and `MIG-GPU-<uuid>/gi/ci`.
 *
 * @throws {AppError} DEVICE_UNAVAILABLE where there is none, or none can run there; the message says which there are.
 */
export function resolveDevice(device: DeviceWanted, inventory: GpuInventory): ResolvedDevice {
  if (device === 'cpu') return { visible: '', gpu: null, slice: null, memoryBytes: null, description: 'the CPU' };
  const { gpus, trouble } = inventory;
  if (gpus.length === 0) throw unavailable(`${wanted(device)}: ${trouble?.why ?? 'there is no GPU'}`, trouble?.todo);
  if ('gpu' in device) return wholeGpu(device.gpu, gpus);
  const found = isMigProfile(device.mig)
    ? ofProfile(device.mig, 'index' in device ? device.index : undefined, gpus)
    : byName(device.mig, gpus);
  const { gpu, slice } = found;
  const visible = slice.uuid ?? oldSliceName(gpu, slice);
  if (visible === null)
    throw unavailable(`${wanted(device)} is there, and the driver does not tell its UUID`, 'nvidia-smi -L');
  return {
    visible,
    gpu,
    slice,
    memoryBytes: inBytes(slice.memory.totalMb),
    description: `slice ${slice.index}${slice.profile === null ? '' : ` (${slice.profile})`} of GPU ${gpu.index}, ${gpu.name}`,
  };
}

/** True where both run on the same silicon: on the same slice, or on the same whole GPU. */
export function isSameDevice(one: ResolvedDevice, other: ResolvedDevice): boolean {
  if (one.gpu === null || one.gpu.index !== other.gpu?.index) return false;
  return one.slice?.index === other.slice?.index;
}

function wholeGpu(index: number, gpus: readonly InventoryGpu[]): ResolvedDevice {
  const gpu = gpus.find((each) => each.index === index);
  if (!gpu) {
    const there = listOf(gpus.map((each) => `GPU ${each.index} (${each.name})`));
    throw unavailable(
      `GPU ${index} is not there; there ${gpus.length === 1 ? 'is' : 'are'} ${there}`,
      'name one of them',
    );
  }
  if (gpu.mig === 'on') {
    const slices =
      gpu.slices.length > 0 ? `name one of its slices: ${listOf(gpu.slices.map(nameOf))}` : 'and it has no slice yet';
    throw unavailable(
      `GPU ${index} (${gpu.name}) is cut by MIG, so CUDA shows no process the whole of it; ${slices}`,
      `facegate gpu list; or, for the whole GPU: sudo nvidia-smi -i ${index} -mig 0`,
    );
  }
  return {
    // By UUID: CUDA numbers GPUs by speed, nvidia-smi by slot.
    visible: gpu.uuid ?? String(gpu.index),
    gpu,
    slice: null,
    memoryBytes: inBytes(gpu.memory.totalMb),
    description: `GPU ${gpu.index}, ${gpu.name}`,
  };
}

interface Found {
  readonly gpu: InventoryGpu;
  readonly slice: GpuSlice;
}

function byName(name: string, gpus: readonly InventoryGpu[]): Found {
  const all = slicesOf(gpus);
  const found = all.find(({ gpu, slice }) => isSliceName(name, gpu, slice));
  if (found) return found;
  throw unavailable(`there is no slice ${name}; ${whichSlices(all, gpus)}`, 'nvidia-smi -L');
}

function ofProfile(profile: string, index: number | undefined, gpus: readonly InventoryGpu[]): Found {
  const all = slicesOf(gpus);
  const fitting = all.filter(({ slice }) => slice.profile === profile);
  if (index === undefined && fitting.length > 1) {
    const names = fitting.map(({ slice }, at) => `${at} is ${nameOf(slice)}`);
    throw unavailable(`there are ${fitting.length} slices ${profile}: say which with index (${names.join(', ')})`);
  }
  const found = fitting[index ?? 0];
  if (found) return found;
  const number = index ?? 0;
  const why =
    fitting.length > 0
      ? `there is no slice ${profile} number ${number}: ${fitting.length === 1 ? 'there is one, number 0' : `they have the numbers 0 to ${fitting.length - 1}`}`
      : `there is no slice ${profile}; ${whichSlices(all, gpus)}`;
  const todo = gpus.some(({ mig }) => mig !== 'unsupported')
    ? 'facegate gpu plan says how to make it'
    : 'give it a whole one: device: { gpu: 0 }';
  throw unavailable(why, todo);
}

function slicesOf(gpus: readonly InventoryGpu[]): Found[] {
  return gpus.flatMap((gpu) => gpu.slices.map((slice) => ({ gpu, slice })));
}

function whichSlices(all: readonly Found[], gpus: readonly InventoryGpu[]): string {
  if (all.length > 0)
    return `there ${all.length === 1 ? 'is' : 'are'} ${listOf(all.map(({ slice }) => nameOf(slice)))}`;
  if (gpus.every(({ mig }) => mig === 'unsupported')) {
    return `${listOf([...new Set(gpus.map(({ name }) => name))])} cannot be cut: MIG is in A30, A100, A800, H100, H200 and newer data centre GPUs`;
  }
  const off = gpus.filter(({ mig }) => mig === 'off').map(({ index }) => `GPU ${index}`);
  return off.length > 0 ? `MIG is off on ${listOf(off)}` : 'there are none yet';
}

const MOST_NAMED = 8;

function listOf(names: readonly string[]): string {
  const more = names.length - MOST_NAMED;
  return more > 0 ? `${names.slice(0, MOST_NAMED).join(', ')} and ${more} more` : names.join(', ');
}

function nameOf({ uuid, profile, index }: GpuSlice): string {
  const name = uuid ?? `number ${index}`;
  return profile === null ? name : `${name} (${profile})`;
}

function wanted(device: Exclude<DeviceWanted, 'cpu'>): string {
  return 'gpu' in device ? `GPU ${device.gpu}` : `slice ${device.mig}`;
}

function inBytes(mb: number | null): number | null {
  return mb === null ? null : mb * 2 ** 20;
}

/** `details` has the two apart, for those who say them in lines of their own. */
function unavailable(message: string, todo?: string): AppError {
  const details = { why: message, todo: todo ?? null };
  return new AppError('DEVICE_UNAVAILABLE', todo === undefined ? message : `${message} (${todo})`, { details });
}
