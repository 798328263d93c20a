import { Gauge, type Registry } from 'prom-client';

/** What a GPU or slice says of itself when the metrics are read. */
export interface GpuSample {
  /** UUID of the GPU or slice. */
  readonly device: string;
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** 0 to 1; null where the driver does not tell, as with every slice. */
  readonly utilization: number | null;
}

/** The metrics of the GPUs that networks run on. One that does not tell has none. */
export function gpuMetrics(registers: Registry[], samples: () => readonly GpuSample[]): void {
  const gauge = (name: string, help: string, value: (sample: GpuSample) => number | null) =>
    new Gauge({
      name,
      help,
      labelNames: ['device'],
      registers,
      collect() {
        this.reset();
        for (const sample of samples()) {
          const now = value(sample);
          if (now !== null) this.set({ device: sample.device }, now);
        }
      },
    });
  gauge(
    'facegate_gpu_memory_bytes',
    'Memory of the GPU or slice that is taken, whoever takes it.',
    (one) => one.usedBytes,
  );
  gauge('facegate_gpu_memory_total_bytes', 'Memory of the GPU or slice.', ({ totalBytes }) => totalBytes);
  gauge(
    'facegate_gpu_utilization_ratio',
    'How much of the last moment something ran on the GPU, 0 to 1; a slice does not tell.',
    ({ utilization }) => utilization,
  );
}
