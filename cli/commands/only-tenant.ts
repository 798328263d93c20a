import { AppError } from '../../config/app-error.ts';
import { type LoadedTenant, loadTenants } from '../../config/load-tenants.ts';
import type { Logger } from '../../pipeline/ports.ts';
import { tenantDefinition } from '../../tenants/tenant-definition.ts';
import { devicesOf, ofTenant, settingsOf } from './choose-tenant.ts';
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
): Promise<CommandSettings & Pick<RunTenantOptions, 'tenant' | 'readAgain'>> {
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
  if (read.settings.keys.length > 0) {
    o.log.warn({}, `keys of the gateway open nothing where there is none: those of tenant "${definition.id}" do`);
  }
  return {
    // With its own file: what is changed there is seen.
    ...ofTenant(read, loaded),
    tenant: {
      tenant: definition.id,
      tenantName: definition.name,
      limits: { cameras: limits.cameras, subjects: limits.subjects, diskBytes: limits.diskBytes },
      environment: await devicesOf(device),
    },
    readAgain: () => {
      const tenants = loadTenants(o.again().loaded, o.env);
      const same = tenants.length === 1 && tenants.find(({ entry }) => entry.id === definition.id);
      if (same) return settingsOf(same);
      throw new AppError('CONFIG_INVALID', 'there are other tenants now: restart facegate');
    },
  };
}
