import sax from 'sax';
import { readDeviceList } from './nvidia-smi-list.ts';
import { plainText } from './plain-text.ts';
import { type RunTool, runTool } from './run-tool.ts';

/** More GPUs, or slices of one, than any machine has. */
const MOST_GPUS = 64;
const MOST_SLICES = 64;
const MOST_TEXT = 16 * 1024 * 1024;
const MOST_ELEMENTS = 300_000;

/** MiB of a device or slice; null where the driver says N/A or does not permit the question. */
export interface DeviceMemory {
  readonly totalMb: number | null;
  readonly freeMb: number | null;
}

export interface MigSlice {
  /** As `nvidia-smi -L` numbers it on its GPU. */
  readonly index: number;
  /** `MIG-…`, what `CUDA_VISIBLE_DEVICES` takes; null where the driver does not tell. */
  readonly uuid: string | null;
  /** `1g.5gb`, `1g.5gb+me`; `1c.2g.10gb` where it shares its GPU instance with others. Null where the driver does not tell. */
  readonly profile: string | null;
  readonly gpuInstance: number | null;
  readonly computeInstance: number | null;
  readonly memory: DeviceMemory;
}

export interface NvidiaGpu {
  /** Its place in nvidia-smi's list. */
  readonly index: number;
  readonly name: string;
  /** `GPU-…` */
  readonly uuid: string | null;
  /** Of the whole GPU; with MIG on, no slice has this much. */
  readonly memory: DeviceMemory;
  /** How much of the last moment something ran on it, 0 to 1; null where the driver does not tell (with MIG on it never does). */
  readonly utilization: number | null;
  /** `unsupported`: the board cannot be partitioned. */
  readonly mig: 'on' | 'off' | 'unsupported';
  /** The other mode, waiting for a reset of the GPU. */
  readonly migPending: boolean;
  readonly slices: readonly MigSlice[];
}

export interface NvidiaSystem {
  /** `535.129.03` */
  readonly driver: string | null;
  /** The newest CUDA that this driver can run: `12.2`. */
  readonly cuda: string | null;
  readonly gpus: readonly NvidiaGpu[];
}

export type NvidiaAnswer =
  | { readonly state: 'found'; readonly system: NvidiaSystem }
  /** No nvidia-smi: no NVIDIA driver. */
  | { readonly state: 'absent' }
  | { readonly state: 'failed'; readonly why: string };

/** What the NVIDIA driver says of this machine. */
export async function askNvidiaSmi(run: RunTool = runTool): Promise<NvidiaAnswer> {
  const answer = await run('nvidia-smi', ['-q', '-x']);
  if (answer.state !== 'answered') return answer;
  let system: NvidiaSystem;
  try {
    system = readNvidiaSmi(answer.text);
  } catch (error) {
    return { state: 'failed', why: (error as Error).message };
  }
  // The query names slices with few drivers, and their profiles with none; the list does.
  if (system.gpus.every(({ slices }) => slices.length === 0)) return { state: 'found', system };
  const list = await run('nvidia-smi', ['-L']);
  return { state: 'found', system: list.state === 'answered' ? withNames(system, list.text) : system };
}

/**
 * @param xml what `nvidia-smi -q -x` prints.
 * @throws {Error} when it is something else.
 */
export function readNvidiaSmi(xml: string): NvidiaSystem {
  if (xml.length > MOST_TEXT) throw new Error('nvidia-smi -q -x answered with more than 16 MiB');
  const root = readElements(xml);
  if (!root.has('nvidia_smi_log')) throw new Error('nvidia-smi -q -x did not answer with its XML');
  const log = root.child('nvidia_smi_log');
  return {
    driver: log.text('driver_version'),
    cuda: log.text('cuda_version'),
    gpus: log
      .children('gpu')
      .slice(0, MOST_GPUS)
      .map((gpu, index) => readGpu(gpu, index)),
  };
}

function readGpu(gpu: Element, index: number): NvidiaGpu {
  const mode = gpu.child('mig_mode');
  const current = mode.text('current_mig');
  const pending = mode.text('pending_mig');
  return {
    index,
    name: gpu.text('product_name') ?? 'NVIDIA GPU',
    uuid: named(gpu.text('uuid'), /^GPU-[\w-]{1,80}$/),
    memory: readMemory(gpu),
    utilization: percent(gpu.child('utilization').text('gpu_util')),
    mig: current === 'Enabled' ? 'on' : current === 'Disabled' ? 'off' : 'unsupported',
    migPending: current !== null && pending !== null && pending !== current,
    slices: gpu
      .child('mig_devices')
      .children('mig_device')
      .slice(0, MOST_SLICES)
      .map((slice, at) => ({
        index: whole(slice.text('index')) ?? at,
        uuid: named(slice.text('uuid'), /^MIG-[\w/-]{1,80}$/),
        profile: null,
        gpuInstance: whole(slice.text('gpu_instance_id')),
        computeInstance: whole(slice.text('compute_instance_id')),
        memory: readMemory(slice),
      })),
  };
}

function readMemory(device: Element): DeviceMemory {
  const usage = device.child('fb_memory_usage');
  return { totalMb: mebibytes(usage.text('total')), freeMb: mebibytes(usage.text('free')) };
}

/** `40151 MiB`; anything else (`N/A`, `Insufficient Permissions`) is null. */
function mebibytes(text: string | null): number | null {
  const number = /^(\d+) MiB$/.exec(text ?? '')?.[1];
  return number === undefined ? null : Number(number);
}

/** `37 %` is 0.37. */
function percent(text: string | null): number | null {
  const number = /^(\d{1,3}) %$/.exec(text ?? '')?.[1];
  return number === undefined ? null : Number(number) / 100;
}

/** Names stand in `CUDA_VISIBLE_DEVICES`, where a comma would name a second one. */
function named(text: string | null, pattern: RegExp): string | null {
  return text !== null && pattern.test(text) ? text : null;
}

function whole(text: string | null): number | null {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : null;
}

/** Adds the names and profiles of slices from `nvidia-smi -L`, by the numbers of GPU and slice. */
function withNames(system: NvidiaSystem, list: string): NvidiaSystem {
  const listed = readDeviceList(list);
  const nameOf = (gpu: number, slice: number) =>
    listed.find(({ index }) => index === gpu)?.slices.find(({ index }) => index === slice);
  return {
    ...system,
    gpus: system.gpus.map((gpu) => ({
      ...gpu,
      slices: gpu.slices.map((slice) => {
        const named = nameOf(gpu.index, slice.index);
        return named ? { ...slice, uuid: slice.uuid ?? named.uuid, profile: named.profile } : slice;
      }),
    })),
  };
}

/** An XML element as far as it matters here: its own text, and the elements in it. */
class Element {
  readonly #inside: { readonly name: string; readonly element: Element }[] = [];
  #text = '';

  add(name: string): Element {
    const element = new Element();
    this.#inside.push({ name, element });
    return element;
  }

  addText(text: string): void {
    this.#text += text;
  }

  has(name: string): boolean {
    return this.#inside.some((each) => each.name === name);
  }

  children(name: string): Element[] {
    return this.#inside.filter((each) => each.name === name).map(({ element }) => element);
  }

  /** An empty element where there is none of that name. */
  child(name: string): Element {
    return this.children(name)[0] ?? new Element();
  }

  /** Null where it is missing, empty or `N/A`. */
  text(name: string): string | null {
    const text = plainText(this.child(name).#text);
    return text === '' || text === 'N/A' ? null : text;
  }
}

function readElements(xml: string): Element {
  const root = new Element();
  const open = [root];
  const parser = sax.parser(true);
  let elements = 0;
  parser.onopentag = ({ name }) => {
    elements += 1;
    if (elements > MOST_ELEMENTS) throw new Error('nvidia-smi -q -x answered with more elements than any machine has');
    open.push((open.at(-1) as Element).add(name));
  };
  parser.onclosetag = () => void open.pop();
  parser.ontext = (text) => (open.at(-1) as Element).addText(text);
  // A stray line before or after the XML (a warning of the driver) is no reason to see no GPU.
  parser.onerror = () => parser.resume();
  parser.write(xml).close();
  return root;
}
