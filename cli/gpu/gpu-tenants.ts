import { resolve } from 'node:path';
import { loadSettings } from '../../config/load-settings.ts';
import { loadTenants } from '../../config/load-tenants.ts';
import type { PlannedTenant } from '../../tenants/gpu/plan-devices.ts';
import type { CommandContext } from '../commands/command-context.ts';

/** The tenants of a configuration; without `tenants:` in it, the one that it is. */
export function gpuTenants(config: string, { env }: CommandContext): PlannedTenant[] {
  const loaded = loadSettings({ file: resolve(config), env });
  if (loaded.settings.tenants.length === 0) {
    return [{ id: 'default', device: undefined, shared: false, settings: loaded.settings }];
  }
  return loadTenants(loaded, env).map(({ entry, settings }) => ({
    id: entry.id,
    device: entry.device,
    shared: entry.shared,
    settings,
  }));
}
