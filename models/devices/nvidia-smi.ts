import sax from 'sax';
import { type RunTool, runTool } from './run-tool.ts';

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
  // The query does not name slices with every driver; the list does.
  if (!system.gpus.some(({ slices }) => slices.some(({ uuid }) => uuid === null))) return { state: 'found', system };
  const list = await run('nvidia-smi', ['-L']);
  return { state: 'found', system: list.state === 'answered' ? withUuids(system, list.text) : system };
}

/**
 * @param xml what `nvidia-smi -q -x` prints.
 * @throws {Error} when it is something else.
 */
export function readNvidiaSmi(xml: string): NvidiaSystem {
  const root = readElements(xml);
  if (!root.has('nvidia_smi_log')) throw new Error('nvidia-smi -q -x did not answer with its XML');
  const log = root.child('nvidia_smi_log');
  return {
    driver: log.text('driver_version'),
    cuda: log.text('cuda_version'),
    gpus: log.children('gpu').map((gpu, index) => readGpu(gpu, index)),
  };
}

function readGpu(gpu: Element, index: number): NvidiaGpu {
  const mode = gpu.child('mig_mode');
  const current = mode.text('current_mig');
  const pending = mode.text('pending_mig');
  return {
    index,
    name: gpu.text('product_name') ?? 'NVIDIA GPU',
    uuid: gpu.text('uuid'),
    memory: readMemory(gpu),
    mig: current === 'Enabled' ? 'on' : current === 'Disabled' ? 'off' : 'unsupported',
    migPending: current !== null && pending !== null && pending !== current,
    slices: gpu
      .child('mig_devices')
      .children('mig_device')
      .map((slice, at) => ({
        index: Number(slice.text('index') ?? at),
        uuid: slice.text('uuid'),
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

/** Adds the names of slices from `nvidia-smi -L`, by the numbers of GPU and slice. */
function withUuids(system: NvidiaSystem, list: string): NvidiaSystem {
  const uuids = new Map<string, string>();
  let gpu = -1;
  for (const line of list.split('\n')) {
    gpu = Number(/^GPU (\d+):/.exec(line)?.[1] ?? gpu);
    const slice = /^\s+MIG .*Device\s+(\d+): \(UUID: (MIG-[^)\s]+)\)/.exec(line);
    if (slice) uuids.set(`${gpu}/${Number(slice[1])}`, slice[2] as string);
  }
  const named = (at: number, slice: MigSlice) => slice.uuid ?? uuids.get(`${at}/${slice.index}`) ?? null;
  return {
    ...system,
    gpus: system.gpus.map((each) => ({
      ...each,
      slices: each.slices.map((slice) => ({ ...slice, uuid: named(each.index, slice) })),
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
    const text = this.child(name).#text.trim();
    return text === '' || text === 'N/A' ? null : text;
  }
}

function readElements(xml: string): Element {
  const root = new Element();
  const open = [root];
  const parser = sax.parser(true);
  parser.onopentag = ({ name }) => void open.push((open.at(-1) as Element).add(name));
  parser.onclosetag = () => void open.pop();
  parser.ontext = (text) => (open.at(-1) as Element).addText(text);
  // A stray line before or after the XML (a warning of the driver) is no reason to see no GPU.
  parser.onerror = () => parser.resume();
  parser.write(xml).close();
  return root;
}
