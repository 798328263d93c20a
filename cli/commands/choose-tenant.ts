import { join } from 'node:path';
import { AppError } from '../../config/app-error.ts';
import { deviceEnvironment } from '../../config/device-environment.ts';
import { type LoadedTenant, loadTenants } from '../../config/load-tenants.ts';
import { nearestName } from '../../config/nearest-name.ts';
import type { Settings } from '../../config/settings-schema.ts';
import type { TenantDevice } from '../../config/tenant-settings.ts';
import { DEFAULT_TENANT } from '../../pipeline/access-event.ts';
import { askInventory } from '../../tenants/gpu/gpu-inventory.ts';
import { resolveDevice } from '../../tenants/gpu/resolve-device.ts';
import { visibleDevices } from '../../tenants/place-tenant.ts';
import type { CommandSettings } from './settings-options.ts';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The settings of one tenant out of those of a gateway; settings without `tenants:` as they are.
 *
 * @param wanted its id; the only one needs no naming.
 * @throws {AppError} USAGE naming the tenants there are; why the settings of that one cannot be read.
 */
export function chooseTenant(read: CommandSettings, wanted: string | undefined, env: Env): CommandSettings {
  const ids = read.settings.tenants.map(({ id }) => id);
  if (ids.length === 0) {
    if (wanted === undefined || wanted === DEFAULT_TENANT) return read;
    const where =
      read.file === null ? 'no configuration file was named (--config FILE)' : `${read.file} has no tenants`;
    throw new AppError('USAGE', `there is no tenant "${wanted}": ${where}`);
  }
  const id = wanted ?? (ids.length === 1 ? ids[0] : undefined);
  if (id === undefined) {
    throw new AppError('USAGE', `${read.file} has several tenants; name one with --tenant: ${ids.join(', ')}`);
  }
  const loaded = loadTenants(read.loaded, env).find(({ entry }) => entry.id === id);
  if (!loaded) {
    const near = nearestName(id, ids);
    const meant = near === null ? '' : `; did you mean "${near}"?`;
    throw new AppError('USAGE', `--tenant must be one of ${ids.join(', ')}, got "${id.slice(0, 64)}"${meant}`);
  }
  return ofTenant(read, loaded);
}

/** As the process of that tenant has them. */
export function ofTenant(read: CommandSettings, tenant: LoadedTenant): CommandSettings {
  return {
    ...read,
    settings: settingsOf(tenant),
    file: tenant.file ?? read.file,
    baseDir: tenant.baseDir,
    dataDir: join(read.dataDir, 'tenants', tenant.entry.id),
    warnings: [...read.warnings, ...tenant.warnings],
    // One key for several would open what is another's.
    galleryKey: read.settings.tenants.length === 1 ? read.galleryKey : undefined,
    entry: tenant.entry,
  };
}

/** @throws {AppError} why they cannot be read. */
export function settingsOf({ settings }: LoadedTenant): Settings {
  if (settings instanceof AppError) throw settings;
  return settings;
}

/**
 * What processes with networks see of the environment: of the devices, those of the tenant.
 *
 * @throws {AppError} DEVICE_UNAVAILABLE.
 */
export async function environmentFor({ entry }: CommandSettings, env: Env): Promise<Record<string, string>> {
  return { ...deviceEnvironment(env), ...(await devicesOf(entry?.device)) };
}

/** @throws {AppError} DEVICE_UNAVAILABLE. */
export async function devicesOf(device: TenantDevice | undefined): Promise<Record<string, string>> {
  const resolved = device === undefined || device === 'cpu' ? null : resolveDevice(device, await askInventory());
  return visibleDevices({ device }, resolved);
}
