/** A size of GPU instance that a GPU can be cut into. */
export interface ProfileRow {
  readonly gpu: number;
  /** `1g.5gb`, `1g.5gb+me` */
  readonly name: string;
  readonly id: number;
  /** How many more of it could be made now. */
  readonly free: number;
  readonly total: number;
  readonly memoryMb: number;
}

/** Where on a GPU's memory instances of a profile may begin, and how much of it they take. */
export interface PlacementRow {
  readonly gpu: number;
  readonly profileId: number;
  readonly starts: readonly number[];
  readonly size: number;
}

export interface GpuInstanceRow {
  readonly gpu: number;
  readonly profile: string;
  readonly profileId: number;
  readonly id: number;
  readonly start: number;
  readonly size: number;
}

export interface ComputeInstanceRow {
  readonly gpu: number;
  readonly gpuInstance: number;
  /** `1g.5gb`; `1c.2g.10gb` where it is a part of its GPU instance. */
  readonly profile: string;
  readonly id: number;
}

// A line of a table is a hundred characters; 4096 lines are more than 64 GPUs could have.
const MOST_LINES = 4096;

/** @param text what `nvidia-smi mig -lgip` prints. The second line of each row (engines) is passed over, as all else that is no row. */
export function readProfiles(text: string): ProfileRow[] {
  const row =
    /^\|\s{1,20}(\d{1,3})\s{1,20}MIG ([\w.+-]{1,40})\s{1,40}(\d{1,5})\s{1,40}(\d{1,3})\/(\d{1,3})\s{1,40}(\d{1,5}(?:\.\d{1,4})?)\s/;
  return rows(text, row, ([gpu, name, id, free, total, gib]) => ({
    gpu: Number(gpu),
    name: name as string,
    id: Number(id),
    free: Number(free),
    total: Number(total),
    memoryMb: Math.floor(Number(gib) * 1024),
  }));
}

/** @param text what `nvidia-smi mig -lgipp` prints. */
export function readPlacements(text: string): PlacementRow[] {
  const row = /^GPU\s{1,20}(\d{1,3}) Profile ID\s{1,20}(\d{1,5}) Placements?\s?: ?\{([\d,]{1,200})\}:(\d{1,3})/;
  return rows(text, row, ([gpu, profileId, starts, size]) => ({
    gpu: Number(gpu),
    profileId: Number(profileId),
    starts: (starts as string).split(',').map(Number),
    size: Number(size),
  }));
}

/** @param text what `nvidia-smi mig -lgi` prints. */
export function readGpuInstances(text: string): GpuInstanceRow[] {
  const row =
    /^\|\s{1,20}(\d{1,3})\s{1,20}MIG ([\w.+-]{1,40})\s{1,40}(\d{1,5})\s{1,40}(\d{1,5})\s{1,40}(\d{1,3}):(\d{1,3})\s/;
  return rows(text, row, ([gpu, profile, profileId, id, start, size]) => ({
    gpu: Number(gpu),
    profile: profile as string,
    profileId: Number(profileId),
    id: Number(id),
    start: Number(start),
    size: Number(size),
  }));
}

/** @param text what `nvidia-smi mig -lci` prints; older drivers leave the placement out. */
export function readComputeInstances(text: string): ComputeInstanceRow[] {
  const row = /^\|\s{1,20}(\d{1,3})\s{1,20}(\d{1,5})\s{1,40}MIG ([\w.+-]{1,40})\s{1,40}\d{1,5}\s{1,40}(\d{1,5})\s/;
  return rows(text, row, ([gpu, gpuInstance, profile, id]) => ({
    gpu: Number(gpu),
    gpuInstance: Number(gpuInstance),
    profile: profile as string,
    id: Number(id),
  }));
}

function rows<T>(text: string, row: RegExp, read: (cells: readonly (string | undefined)[]) => T): T[] {
  return text.split('\n', MOST_LINES).flatMap((line) => {
    const found = row.exec(line);
    return found ? [read(found.slice(1))] : [];
  });
}
