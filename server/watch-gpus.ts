import { GpuWatch, type GpuWatchOptions } from '../models/devices/gpu-watch.ts';
import type { RoleReport } from '../models/processes/role-report.ts';
import type { Logger } from '../pipeline/ports.ts';

export interface WatchGpusOptions extends Pick<GpuWatchOptions, 'environment' | 'everyMs'> {
  readonly roles: () => readonly Pick<RoleReport, 'provider' | 'device'>[];
  /** Notes the fault as an event. */
  readonly fault: (code: 'GPU_MEMORY_HIGH' | 'GPU_BUSY') => void;
  readonly log: Logger;
}

/** Watches the GPUs that networks run on; null where none runs on an NVIDIA GPU, so that no nvidia-smi is ever started. */
export function watchGpus({ roles, fault, log, ...options }: WatchGpusOptions): GpuWatch | null {
  const devices = () =>
    roles()
      .filter(({ provider }) => provider === 'cuda' || provider === 'tensorrt')
      .map(({ device }) => device);
  if (devices().length === 0) return null;
  return new GpuWatch({
    ...options,
    devices,
    log,
    onMemoryHigh: ({ device, label, usedBytes, totalBytes }) => {
      const percent = Math.round((100 * usedBytes) / totalBytes);
      log.warn({ code: 'GPU_MEMORY_HIGH', device }, `${percent} % of the memory of ${label} is taken`);
      fault('GPU_MEMORY_HIGH');
    },
    onBusy: ({ device, label }, { utilization, overMs }) => {
      const percent = Math.round(100 * utilization);
      log.warn(
        { code: 'GPU_BUSY', device },
        `${percent} % of the time ${label} was at work in the last ${overMs / 1000} s`,
      );
      fault('GPU_BUSY');
    },
  });
}
