export interface ListedSlice {
  readonly index: number;
  /** `1g.5gb` */
  readonly profile: string;
  /** `MIG-…` */
  readonly uuid: string;
}

export interface ListedGpu {
  readonly index: number;
  readonly name: string;
  /** `GPU-…` */
  readonly uuid: string;
  readonly slices: readonly ListedSlice[];
}

const MOST_LINES = 10_000;

/** @param text what `nvidia-smi -L` prints. Lines that are something else are passed over. */
export function readDeviceList(text: string): ListedGpu[] {
  const gpus: (ListedGpu & { slices: ListedSlice[] })[] = [];
  for (const line of text.split('\n', MOST_LINES)) {
    const gpu = /^GPU (\d{1,3}): (.{1,200}?) \(UUID: (GPU-[\w-]{1,80})\)/.exec(line);
    if (gpu) {
      gpus.push({ index: Number(gpu[1]), name: gpu[2] as string, uuid: gpu[3] as string, slices: [] });
      continue;
    }
    const slice = /^\s+MIG ([\w.+-]{1,40})\s+Device\s+(\d{1,3}): \(UUID: (MIG-[\w/-]{1,80})\)/.exec(line);
    if (slice)
      gpus.at(-1)?.slices.push({ index: Number(slice[2]), profile: slice[1] as string, uuid: slice[3] as string });
  }
  return gpus;
}
