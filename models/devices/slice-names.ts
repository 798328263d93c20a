import type { MigSlice, NvidiaGpu } from './nvidia-smi.ts';

/** As drivers before 470 name it; null where the numbers are not known. */
export function oldSliceName(
  gpu: Pick<NvidiaGpu, 'uuid'>,
  slice: Pick<MigSlice, 'gpuInstance' | 'computeInstance'>,
): string | null {
  const { gpuInstance, computeInstance } = slice;
  if (gpu.uuid === null || gpuInstance === null || computeInstance === null) return null;
  return `MIG-${gpu.uuid}/${gpuInstance}/${computeInstance}`;
}

/** True where `name` is one of the slice's two names, `MIG-<uuid>` and `MIG-GPU-<uuid>/gi/ci`, in whatever capitals. */
export function isSliceName(name: string, gpu: Pick<NvidiaGpu, 'uuid'>, slice: MigSlice): boolean {
  const same = name.toLowerCase();
  return [slice.uuid, oldSliceName(gpu, slice)].some((each) => each?.toLowerCase() === same);
}
