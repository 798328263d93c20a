import { join } from 'node:path';
import { pino } from 'pino';
import { type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openTenant, type Tenant, type TenantOptions } from '../../server/tenant.ts';
import { requirement, sharedDir } from './requirements.ts';

export interface TestTenantOptions extends Partial<Omit<TenantOptions, 'settings' | 'baseDir'>> {
  /** Everything of it lies here, unless `dataDir` or `modelsDir` say otherwise. */
  readonly folder: string;
  readonly settings: SettingsInput;
}

/** A whole tenant in this process, which says nothing. Models come from shared/, where there is one. */
export function openTestTenant({ folder, settings, ...more }: TestTenantOptions): Promise<Tenant> {
  return openTenant({
    settings: settingsSchema.parse(settings),
    baseDir: folder,
    dataDir: folder,
    modelsDir: join(folder, 'models'),
    mirrors: requirement('shared').met ? [join(sharedDir, 'models')] : [],
    starter: true,
    pathVariable: process.env.PATH,
    consoleDir: folder,
    version: '1.2.3',
    clock: systemClock,
    log: pino({ level: 'silent' }),
    ...more,
  });
}
