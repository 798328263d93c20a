import { codeCache } from '../config/code-cache.ts';
import type { ResolvedDevice } from './gpu/resolve-device.ts';
import { type DelegatedCgroup, tenantCgroup } from './limits/cgroup.ts';
import { type LaunchPlan, type Machine, planLaunch } from './limits/launch-plan.ts';
import { deviceWords, type TenantDefinition } from './tenant-definition.ts';

/** Where and how the process of a tenant is started. */
export interface Placement {
  readonly plan: LaunchPlan;
  /** All that its processes see of the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** For people. */
  readonly device: string;
  /** Puts its process where its limits hold. @returns why that could not be done, or null. */
  join(pid: number): string | null;
  /** It will have no process for now. */
  leave(): void;
}

export interface PlaceOptions {
  readonly machine: Machine;
  /** What finds drivers and libraries. */
  readonly environment: Readonly<Record<string, string>>;
  /** Its own, which no other tenant's process sees. */
  readonly dataDir: string;
  /** Which GPU or slice its device is; null: it names none, or the CPU. */
  readonly resolved: ResolvedDevice | null;
}

/** The environment, limits and device of one tenant's process. */
export function placeTenant(
  definition: TenantDefinition,
  { machine, environment, dataDir, resolved }: PlaceOptions,
): Placement {
  const plan = planLaunch(definition.limits, machine);
  const group = plan.cgroup && 'path' in machine.cgroup ? openGroup(machine.cgroup, definition.id, plan.cgroup) : null;
  return {
    plan,
    environment: { ...environment, ...codeCache(dataDir), ...visibleDevices(definition, resolved) },
    device: resolved?.description ?? deviceWords(definition),
    join(pid) {
      if (!group || typeof group === 'string') return group;
      return tried(() => group.add(pid));
    },
    leave() {
      if (group && typeof group !== 'string') group.remove();
    },
  };
}

/** `CUDA_VISIBLE_DEVICES`: the one of its device, none for the CPU, and as it is where it names no device. */
export function visibleDevices(
  { device }: Pick<TenantDefinition, 'device'>,
  resolved: Pick<ResolvedDevice, 'visible'> | null,
): Record<string, string> {
  if (device === undefined) return {};
  // Numbers are those of nvidia-smi, and not by speed, as CUDA would count.
  return { CUDA_VISIBLE_DEVICES: device === 'cpu' ? '' : (resolved?.visible ?? ''), CUDA_DEVICE_ORDER: 'PCI_BUS_ID' };
}

function openGroup(cgroup: DelegatedCgroup, id: string, limits: NonNullable<LaunchPlan['cgroup']>) {
  let group: ReturnType<typeof tenantCgroup> | null = null;
  const problem = tried(() => {
    group = tenantCgroup(cgroup, id, limits);
  });
  return problem ?? (group as ReturnType<typeof tenantCgroup> | null);
}

function tried(work: () => void): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
