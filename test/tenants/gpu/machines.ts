import { readdirSync } from 'node:fs';
import { settingsSchema } from '../../../config/settings-schema.ts';
import { askInventory, type GpuInventory } from '../../../tenants/gpu/gpu-inventory.ts';
import type { PlannedTenant } from '../../../tenants/gpu/plan-devices.ts';
import { savedAnswers } from '../../../tenants/gpu/saved-answers.ts';

export const FIXTURES = new URL('./fixtures/', import.meta.url).pathname;

/** All that were assembled. */
export const MACHINES = readdirSync(FIXTURES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

export const machine = (name: string): Promise<GpuInventory> => askInventory(savedAnswers(`${FIXTURES}${name}`));

/** A tenant whose networks are these. */
export function tenant(
  id: string,
  device: PlannedTenant['device'],
  models: Record<string, unknown> = {},
  shared = false,
): PlannedTenant {
  return { id, device, shared, settings: settingsSchema.parse({ models }) };
}

/** 1.2 GB, the heaviest recogniser of the catalog. */
export const HEAVY = { embedder: { model: 'curricularface-ir101-512d' } };
