import { visibleParts } from '../models/devices/free-memory.ts';
import { askNvidiaSmi } from '../models/devices/nvidia-smi.ts';
import { runTool } from '../models/devices/run-tool.ts';
import type { RoleReport } from '../models/processes/role-report.ts';

/**
 * GPUs and slices that this process and its own see: what the driver lists here, narrowed to `CUDA_VISIBLE_DEVICES` as CUDA
 * narrows it.
 *
 * @returns null where no network runs on one, or the driver does not tell.
 */
export async function countVisibleGpus(
  roles: readonly Pick<RoleReport, 'provider'>[],
  environment: Readonly<Record<string, string>>,
): Promise<number | null> {
  if (!roles.some(({ provider }) => provider === 'cuda' || provider === 'tensorrt')) return null;
  const answer = await askNvidiaSmi(runTool);
  if (answer.state !== 'found') return null;
  return visibleParts(answer.system.gpus, environment.CUDA_VISIBLE_DEVICES).length;
}
