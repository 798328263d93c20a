import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderName } from '../config/execution-providers.ts';
import { askNvidiaSmi, type NvidiaAnswer } from '../models/devices/nvidia-smi.ts';
import type { RoleProof } from '../models/processes/role-report.ts';
import { autoProvider } from '../models/runtime/auto-provider.ts';
import { providerName } from '../models/runtime/providers.ts';
import type { Measurement } from './report.ts';
import { openUsualNetworks } from './usual-networks.ts';

/** What the networks of a run are on, as they proved it. */
export interface Proven {
  readonly provider: ProviderName;
  /** For people: which networks proved it by what, and the device where it is known. */
  readonly how: string;
}

/**
 * Opens the two usual networks as the product does and takes its word for what runs them: nothing is measured on a CPU
 * that was meant to be a GPU.
 *
 * @param asked a name as the settings know it; `auto`: the best that proves itself.
 * @returns null for `auto` where there is nothing but the CPU: then nobody has to say so.
 * @throws {AppError} MODEL_PROVIDER_UNAVAILABLE, which says what to install; also for a name that is none.
 */
export async function proveProvider(asked = 'auto'): Promise<Proven | null> {
  if (asked === 'auto' && (await autoProvider()) === 'cpu') return null;
  const providers = asked === 'auto' ? asked : [providerName(asked)];
  const scratch = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    // Nothing is detected: no plans are made for batches.
    const { analyser } = await openUsualNetworks({ providers, processes: 1, scratch, batch: 1 });
    const roles = analyser.roles();
    await analyser.close();
    return provenBy(roles, await askNvidiaSmi());
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @throws {Error} where they are on several providers: no figure would be that of one. */
export function provenBy(
  roles: readonly Pick<RoleProof, 'model' | 'provider' | 'nodes'>[],
  nvidia: NvidiaAnswer,
): Proven {
  const proofs = roles.map(
    ({ model, provider, nodes }) =>
      `${model} on ${provider} (${nodes[provider] ?? 0} convolutions and matrix products)`,
  );
  const [provider, ...others] = new Set(roles.map((role) => role.provider));
  if (provider === undefined || others.length > 0)
    throw new Error(`both networks must run on one provider; their warm-ups proved ${proofs.join(', ')}`);
  const gpus = provider === 'cuda' || provider === 'tensorrt' ? gpusOf(nvidia) : [];
  return {
    provider: providerName(provider),
    how: [`as their warm-ups proved: ${proofs.join(', ')}`, ...gpus].join('; '),
  };
}

/** Figures of a GPU are another part's than those of the CPU: neither takes the other's place in docs/figures. */
export function measuredOn(measurement: Measurement, proven: Proven | null): Measurement {
  if (proven === null || proven.provider === 'cpu') return measurement;
  return {
    ...measurement,
    part: `${measurement.part}-${proven.provider}`,
    plots: (measurement.plots ?? []).map((plot) => ({ ...plot, name: `${plot.name}-${proven.provider}` })),
    remarks: [`networks ${proven.how}`, ...measurement.remarks],
  };
}

function gpusOf(nvidia: NvidiaAnswer): string[] {
  if (nvidia.state !== 'found') return [];
  const { gpus, driver } = nvidia.system;
  const [first] = gpus;
  if (!first) return [];
  const which =
    gpus.length === 1 ? first.name : `the first that CUDA sees of ${gpus.map(({ name }) => name).join(', ')}`;
  return [`on ${which}${driver ? `, driver ${driver}` : ''}`];
}
