import { AppError } from '../config/app-error.ts';
import type { LoadedTenant } from '../config/load-tenants.ts';
import type { Settings } from '../config/settings-schema.ts';
import { deviceName, type TenantDevice } from '../config/tenant-settings.ts';
import type { TenantLimits } from './tenant-contract.ts';

/** What a tenant is to be, as the settings say now. */
export interface TenantDefinition {
  readonly id: string;
  readonly name: string;
  /** What relative paths of its settings are relative to. */
  readonly baseDir: string;
  /** Or why they cannot be read. */
  readonly settings: Settings | AppError;
  /** undefined: whatever this machine shows. */
  readonly device: TenantDevice | undefined;
  readonly shared: boolean;
  readonly port: number | null;
  readonly limits: TenantLimits;
}

export function tenantDefinition({ entry, baseDir, settings }: LoadedTenant): TenantDefinition {
  const { cpus, cpuShare, memory, requestsPerSecond, concurrentRequests, cameras, subjects, disk } = entry.limits;
  return {
    id: entry.id,
    name: entry.name ?? entry.id,
    baseDir,
    settings,
    device: entry.device,
    shared: entry.shared,
    port: entry.port ?? null,
    limits: {
      cpus: cpus ?? null,
      cpuShare: cpuShare ?? null,
      memoryBytes: memory ?? null,
      requestsPerSecond: requestsPerSecond ?? null,
      concurrentRequests: concurrentRequests ?? null,
      cameras: cameras ?? null,
      subjects: subjects ?? null,
      diskBytes: disk ?? null,
    },
  };
}

/** For people. */
export function deviceWords({ device }: TenantDefinition): string {
  return device === undefined ? 'any' : deviceName(device);
}

/** True where only a new process can be what `wanted` says, whatever its settings are: those it can be asked about. */
export function needsAnotherProcess(running: TenantDefinition, wanted: TenantDefinition): boolean {
  return ofTheProcess(running) !== ofTheProcess(wanted);
}

/** Whether a process that was started for one would be one for the other. */
export function sameForTheProcess(one: TenantDefinition, other: TenantDefinition): boolean {
  if (one.settings instanceof AppError || other.settings instanceof AppError) {
    const [a, b] = [one.settings, other.settings].map((each) => (each instanceof AppError ? each.message : null));
    return a === b;
  }
  return !needsAnotherProcess(one, other) && sameSettings(one.settings, other.settings);
}

export function sameSettings(one: Settings, other: Settings): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Rates and ports are the gateway's. */
function ofTheProcess({ name, baseDir, device, limits }: TenantDefinition): string {
  const { requestsPerSecond, concurrentRequests, ...own } = limits;
  return JSON.stringify([name, baseDir, device ?? null, own]);
}
