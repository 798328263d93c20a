import type { GpuInventory, GpuSlice, InventoryGpu } from './gpu-inventory.ts';

const WIDTH = 100;

/** Whose a GPU (`slice` null) or slice is; empty: nobody's. */
export type TenantsOf = (gpu: InventoryGpu, slice: GpuSlice | null) => readonly string[];

/** What there is, for people, in lines of at most 100 columns; and what to type where something is off. */
export function reportInventory(inventory: GpuInventory, tenantsOf: TenantsOf): string[] {
  const { driver, cuda, gpus, trouble } = inventory;
  const lines: string[] = [];
  if (driver !== null) lines.push(`NVIDIA driver ${driver}, CUDA up to ${cuda ?? '(not told)'}`);
  for (const gpu of gpus) lines.push('', ...ofGpu(gpu, tenantsOf));
  if (trouble) lines.push(...(lines.length > 0 ? [''] : []), ...advice(trouble.why, trouble.todo));
  return lines;
}

function ofGpu(gpu: InventoryGpu, tenantsOf: TenantsOf): string[] {
  const { index, name, uuid, memory, utilization, slices } = gpu;
  const facts = [
    memory.totalMb === null ? 'memory not told' : `${inGib(memory.totalMb)}, ${inGib(memory.freeMb)} free`,
    ...(utilization === null ? [] : [`${Math.round(utilization * 100)} % busy`]),
    modeOf(gpu),
  ];
  const whose = tenantsOf(gpu, null);
  return [
    `GPU ${index}  ${name}: ${facts.join(', ')}`,
    `  ${uuid ?? 'UUID not told'}`,
    ...(whose.length > 0 ? wrap(`tenant ${whose.join(', ')}`, '  ') : []),
    ...(slices.length > 0 ? ofSlices(gpu, tenantsOf) : []),
    ...whatIsOff(gpu).flatMap(([why, todo]) => advice(why, todo, '  ')),
  ];
}

function ofSlices(gpu: InventoryGpu, tenantsOf: TenantsOf): string[] {
  const rows = [
    ['slice', 'profile', 'memory', 'free', 'UUID', 'tenant'],
    ...gpu.slices.map((slice) => [
      String(slice.index),
      slice.profile ?? 'not told',
      inGib(slice.memory.totalMb),
      inGib(slice.memory.freeMb),
      slice.uuid ?? 'not told',
      tenantsOf(gpu, slice).join(', ') || '-',
    ]),
  ];
  return table(rows, '  ');
}

function modeOf({ mig, migPending, slices }: InventoryGpu): string {
  if (mig === 'unsupported') return 'no MIG';
  const pending = migPending ? ` (${mig === 'on' ? 'off' : 'on'} after a reset)` : '';
  if (mig === 'off') return `MIG off${pending}`;
  return `MIG on${pending}, ${slices.length} ${slices.length === 1 ? 'slice' : 'slices'}`;
}

/** Pairs of what is the matter and what to type. */
export function whatIsOff({ index, mig, migPending, slices, bare, sizes }: InventoryGpu): [string, string][] {
  const off: [string, string][] = [];
  if (migPending) {
    off.push([
      'the other mode waits for a reset of the GPU: end all that runs on it',
      `sudo nvidia-smi -i ${index} --gpu-reset`,
    ]);
  }
  if (bare.length > 0) {
    const which = bare.length === 1 ? `GPU instance ${bare[0]} has` : `GPU instances ${bare.join(', ')} have`;
    off.push([
      `${which} no compute instance: nothing can run there`,
      `sudo nvidia-smi mig -i ${index} -gi ${bare.join(',')} -cci`,
    ]);
  }
  if (mig === 'on' && slices.length === 0 && bare.length === 0) {
    const [smallest] = (sizes ?? []).filter(({ starts }) => starts.length > 0);
    const make = smallest
      ? `sudo nvidia-smi mig -i ${index} -cgi ${smallest.id} -C   # ${smallest.name}`
      : `nvidia-smi mig -i ${index} -lgip`;
    off.push(['MIG is on and there is no slice: nothing can run on this GPU', `${make}; or facegate gpu plan`]);
  }
  return off;
}

export function advice(why: string, todo: string, indent = ''): string[] {
  return [...wrap(`! ${why}`, indent), ...wrap(todo, `${indent}  > `, `${indent}    `)];
}

/** Columns as wide as what is in them; what is too long for a line of 100 is cut, in the last one. */
export function table(rows: readonly (readonly string[])[], indent = ''): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const line = `${indent}${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
    return line.length > WIDTH ? `${line.slice(0, WIDTH - 1)}…` : line;
  });
}

/** Breaks at spaces; a word that is longer than a line (a command, a path) stays whole. */
export function wrap(text: string, first: string, next = `${first}  `): string[] {
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(' ')) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = next;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** `4.8 GiB` */
export function inGib(mb: number | null): string {
  return mb === null ? 'not told' : `${(mb / 1024).toFixed(1)} GiB`;
}
