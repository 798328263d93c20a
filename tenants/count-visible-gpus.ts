import { visibleParts } from '../models/devices/free-memory.ts';
import { askNvidiaSmi } from '../models/devices/nvidia-smi.ts';
import { runTool } from '../models/devices/run-tool.ts';
import type { RoleReport } from '../models/processes/role-report.ts';

/**
 * GPUs and slices that this process and its own see: what nvidia-smi lists here, narrowed to `CUDA_VISIBLE_DEVICES` as CUDA
 * narrows it. CUDA itself is not asked: that would take memory of the GPU for a context of this process.
 *
 * @param environment what nvidia-smi and the inference processes see: PATH, `CUDA_VISIBLE_DEVICES`.
 * @returns null where no network runs on one, or the driver does not tell.
 */
export async function countVisibleGpus(
  roles: readonly Pick<RoleReport, 'provider'>[],
  environment: Readonly<Record<string, string>>,
): Promise<number | null> {
  if (!roles.some(({ provider }) => provider === 'cuda' || provider === 'tensorrt')) return null;
  const answer = await askNvidiaSmi((program, args) => runTool(program, args, { environment }));
  if (answer.state !== 'found') return null;
  return visibleParts(answer.system.gpus, environment.CUDA_VISIBLE_DEVICES).length;
}
