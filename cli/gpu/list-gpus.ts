import { AppError } from '../../config/app-error.ts';
import type { GpuInventory, GpuSlice, InventoryGpu } from '../../tenants/gpu/gpu-inventory.ts';
import type { PlannedTenant } from '../../tenants/gpu/plan-devices.ts';
import { advice, reportInventory, whatIsOff } from '../../tenants/gpu/report-inventory.ts';
import { type ResolvedDevice, resolveDevice } from '../../tenants/gpu/resolve-device.ts';

export interface GpuList {
  readonly lines: readonly string[];
  /** The same for programs. */
  readonly json: unknown;
  /** There are GPUs, something can run on each, and each tenant has its device. */
  readonly isWhole: boolean;
}

/** What there is, and whose it is. */
export function listGpus(inventory: GpuInventory, tenants: readonly PlannedTenant[]): GpuList {
  const owners: { id: string; resolved: ResolvedDevice }[] = [];
  const problems: { tenant: string; why: string; todo: string | null }[] = [];
  for (const { id, device } of tenants) {
    if (device === undefined) continue;
    try {
      owners.push({ id, resolved: resolveDevice(device, inventory) });
    } catch (error) {
      problems.push({ tenant: id, ...whyOf(error) });
    }
  }
  const tenantsOf = (gpu: InventoryGpu, slice: GpuSlice | null) =>
    owners
      .filter(({ resolved }) => resolved.gpu?.index === gpu.index && resolved.slice?.index === slice?.index)
      .map(({ id }) => id);
  const { driver, cuda, gpus, trouble } = inventory;
  // Without any GPU they all have the same reason, which is said already.
  const said = gpus.length === 0 ? [] : problems;
  return {
    lines: [
      ...reportInventory(inventory, tenantsOf),
      ...said.flatMap(({ tenant, why, todo }) => [
        '',
        ...advice(`tenant ${tenant}: ${why}`, todo ?? 'facegate gpu plan'),
      ]),
    ],
    json: {
      driver,
      cuda,
      trouble,
      gpus: gpus.map((gpu) => ({
        ...gpu,
        tenants: tenantsOf(gpu, null),
        slices: gpu.slices.map((slice) => ({ ...slice, tenants: tenantsOf(gpu, slice) })),
      })),
      problems,
    },
    isWhole:
      gpus.length > 0 && trouble === null && problems.length === 0 && gpus.every((gpu) => whatIsOff(gpu).length === 0),
  };
}

function whyOf(error: unknown): { why: string; todo: string | null } {
  const { message, details } = AppError.from(error);
  return { why: String(details?.why ?? message), todo: typeof details?.todo === 'string' ? details.todo : null };
}
