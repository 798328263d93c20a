import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { type LoadedTenant, loadTenants } from '../../config/load-tenants.ts';
import type { Settings } from '../../config/settings-schema.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { askInventory } from '../../tenants/gpu/gpu-inventory.ts';
import { resolveDevice } from '../../tenants/gpu/resolve-device.ts';
import { visibleDevices } from '../../tenants/place-tenant.ts';
import { tenantDefinition } from '../../tenants/tenant-definition.ts';
import type { RunTenantOptions } from './run-tenant.ts';
import type { CommandSettings } from './settings-options.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The only entry of `tenants:` as a facegate alone: no gateway, its address without a prefix, its data where it would be
 * beside others.
 *
 * @throws {AppError} why its settings cannot be read; DEVICE_UNAVAILABLE.
 */
export async function onlyTenant(
  read: CommandSettings,
  o: { again: () => CommandSettings; env: Env; log: Logger },
): Promise<CommandSettings & Pick<RunTenantOptions, 'modelsDir' | 'tenant' | 'readAgain'>> {
  const [loaded] = loadTenants(read.loaded, o.env) as [LoadedTenant];
  const definition = tenantDefinition(loaded);
  const { device, limits } = definition;
  for (const warning of loaded.warnings) o.log.warn({}, warning);
  const unheld = (['cpus', 'cpuShare', 'memoryBytes', 'requestsPerSecond', 'concurrentRequests'] as const).filter(
    (name) => limits[name] !== null,
  );
  if (unheld.length > 0) {
    o.log.warn({ limits: unheld }, 'a single tenant has no gateway that would hold its limits; a service manager can');
  }
  const resolved = device === undefined || device === 'cpu' ? null : resolveDevice(device, await askInventory());
  return {
    ...read,
    settings: settingsOf(loaded),
    baseDir: loaded.baseDir,
    // What is changed in one of its own is seen there.
    file: loaded.file ?? read.file,
    dataDir: join(read.dataDir, 'tenants', definition.id),
    modelsDir: join(read.dataDir, 'models'),
    tenant: {
      tenant: definition.id,
      tenantName: definition.name,
      limits: { cameras: limits.cameras, subjects: limits.subjects, diskBytes: limits.diskBytes },
      environment: visibleDevices(definition, resolved),
    },
    readAgain: () => {
      const tenants = loadTenants(o.again().loaded, o.env);
      const same = tenants.length === 1 && tenants.find(({ entry }) => entry.id === definition.id);
      if (same) return settingsOf(same);
      throw new AppError('CONFIG_INVALID', 'there are other tenants now: restart facegate');
    },
  };
}

function settingsOf({ settings }: LoadedTenant): Settings {
  if (settings instanceof AppError) throw settings;
  return settings;
}
