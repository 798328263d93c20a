import {
  type ComputeInstanceRow,
  type GpuInstanceRow,
  type PlacementRow,
  type ProfileRow,
  readComputeInstances,
  readGpuInstances,
  readPlacements,
  readProfiles,
} from '../../models/devices/mig-tables.ts';
import { askNvidiaSmi, type MigSlice, type NvidiaGpu } from '../../models/devices/nvidia-smi.ts';
import { type RunTool, runTool, type ToolAnswer } from '../../models/devices/run-tool.ts';
import { type SliceSize, sizesByName, usualPlaces } from './mig-geometry.ts';

/** Places of a GPU's memory that something takes, the first one and how many. */
export interface Place {
  readonly start: number;
  readonly size: number;
}

export interface GpuSlice extends MigSlice {
  /** null where the driver does not tell it (who is no administrator, or in a container). */
  readonly place: Place | null;
}

export interface InventoryGpu extends Omit<NvidiaGpu, 'slices'> {
  readonly slices: readonly GpuSlice[];
  /** Sizes of slices that it can be cut into; null where nobody knows them. Empty: it has no MIG. */
  readonly sizes: readonly SliceSize[] | null;
  /** Places that are taken; null where the driver does not tell them. */
  readonly taken: readonly (Place & { readonly profile: string; readonly gpuInstance: number })[] | null;
  /** GPU instances that hold no compute instance, so that nothing can run on them. */
  readonly bare: readonly number[];
}

export interface GpuInventory {
  readonly driver: string | null;
  readonly cuda: string | null;
  readonly gpus: readonly InventoryGpu[];
  /** Why there is no more to see, and what to type; null where all was told. */
  readonly trouble: { readonly why: string; readonly todo: string } | null;
}

/** What there is to run on. Only asks; a program of another machine is one that reads its saved answers. */
export async function askInventory(run: RunTool = runTool): Promise<GpuInventory> {
  const nvidia = await askNvidiaSmi(run);
  if (nvidia.state !== 'found') return { driver: null, cuda: null, gpus: [], trouble: troubleOf(nvidia) };
  const { driver, cuda, gpus } = nvidia.system;
  if (gpus.length === 0) {
    return { driver, cuda, gpus: [], trouble: { why: 'the driver shows no GPU', todo: LOOK_FOR_GPUS } };
  }
  const canBeCut = gpus.some(({ mig }) => mig !== 'unsupported');
  const isCut = gpus.some(({ mig }) => mig === 'on');
  const ask = async (what: string, isWorthIt: boolean): Promise<ToolAnswer> =>
    isWorthIt ? run('nvidia-smi', ['mig', what]) : NOTHING;
  const answers = [
    await ask('-lgip', canBeCut),
    await ask('-lgipp', canBeCut),
    await ask('-lgi', isCut),
    await ask('-lci', isCut),
  ] as const;
  const [profiles, places, instances, computing] = answers.map(tableOf) as [Table, Table, Table, Table];
  const tables: Tables = {
    profiles: readProfiles(profiles ?? ''),
    places: readPlacements(places ?? ''),
    instances: instances === null ? null : readGpuInstances(instances),
    computing: computing === null ? null : readComputeInstances(computing),
  };
  return {
    driver,
    cuda,
    gpus: gpus.map((gpu) => withTables(gpu, tables)),
    trouble: isCut && instances === null ? notTold(answers[2]) : null,
  };
}

const NOTHING: ToolAnswer = { state: 'answered', text: '' };

interface Tables {
  readonly profiles: readonly ProfileRow[];
  readonly places: readonly PlacementRow[];
  readonly instances: readonly GpuInstanceRow[] | null;
  readonly computing: readonly ComputeInstanceRow[] | null;
}

/** What it prints, null where it is refused. */
type Table = string | null;

/** It ends with an error also where there is nothing to list: `No GPU instances found: Not Found`. */
function tableOf(answer: ToolAnswer): Table {
  if (answer.state === 'answered') return answer.text;
  return answer.state === 'failed' && /^No .* found/i.test(answer.why) ? '' : null;
}

function withTables(gpu: NvidiaGpu, tables: Tables): InventoryGpu {
  const instances = tables.instances?.filter((row) => row.gpu === gpu.index) ?? null;
  const computing = tables.computing?.filter((row) => row.gpu === gpu.index) ?? null;
  const slices = gpu.slices.map((slice): GpuSlice => {
    const instance = instances?.find(({ id }) => id === slice.gpuInstance);
    const part = computing?.find(
      ({ gpuInstance, id }) => gpuInstance === slice.gpuInstance && id === slice.computeInstance,
    );
    const place = instance ? { start: instance.start, size: instance.size } : null;
    return { ...slice, profile: slice.profile ?? part?.profile ?? instance?.profile ?? null, place };
  });
  return {
    ...gpu,
    slices,
    sizes: sizesOf(gpu, tables),
    taken:
      gpu.mig === 'on'
        ? (instances?.map(({ start, size, profile, id }) => ({ start, size, profile, gpuInstance: id })) ?? null)
        : [],
    bare: (instances ?? [])
      .map(({ id }) => id)
      .filter((id) => computing !== null && !computing.some(({ gpuInstance }) => gpuInstance === id)),
  };
}

/** As the GPU says it; where it does not, as the table of its family does. */
function sizesOf(gpu: NvidiaGpu, { profiles, places }: Tables): SliceSize[] | null {
  if (gpu.mig === 'unsupported') return [];
  const known = sizesByName(gpu.name, gpu.memory.totalMb);
  const own = profiles.filter((row) => row.gpu === gpu.index);
  if (own.length === 0) return known;
  return own.map(({ id, name, total, memoryMb }) => {
    const told = places.find((row) => row.gpu === gpu.index && row.profileId === id);
    const { starts, size } = told ??
      known?.find((each) => each.id === id) ??
      usualPlaces(id, name) ?? { starts: [], size: 0 };
    return { name, id, most: total, memoryMb, starts, size };
  });
}

function notTold(answer: ToolAnswer): GpuInventory['trouble'] {
  const why = answer.state === 'failed' ? answer.why : 'no answer';
  return {
    why: `nvidia-smi mig -lgi: ${why}; where the slices lie is not known`,
    todo: 'ask as an administrator, on the host: sudo facegate gpu list',
  };
}

const LOOK_FOR_GPUS = 'run nvidia-smi -L; a container sees GPUs where it was started with --gpus (docs/deploy.md)';
/** The usual texts of nvidia-smi, and what helps. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/version mismatch/i, 'the driver was updated under its running kernel module: restart the machine'],
  [
    /couldn't communicate with the NVIDIA driver/i,
    'load the kernel module: sudo modprobe nvidia; else install the driver anew',
  ],
  [/permission/i, 'ask on the host, or give the container the GPU (docs/deploy.md)'],
  [/No devices were found/i, LOOK_FOR_GPUS],
];

function troubleOf(answer: { state: 'absent' } | { state: 'failed'; why: string }): GpuInventory['trouble'] {
  if (answer.state === 'absent') {
    const todo =
      'install the driver (Debian: apt-get install nvidia-driver); a container gets it with --gpus (docs/deploy.md)';
    return { why: 'there is no nvidia-smi, so no NVIDIA driver', todo };
  }
  const [, todo] = REMEDIES.find(([text]) => text.test(answer.why)) ?? [null, 'run nvidia-smi, and see what it says'];
  return { why: `nvidia-smi failed: ${answer.why}`, todo };
}
