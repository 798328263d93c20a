import { AppError } from '../../config/app-error.ts';
import type { Settings } from '../../config/settings-schema.ts';
import { isMigProfile } from '../../config/tenant-settings.ts';
import type { GpuInventory, InventoryGpu } from './gpu-inventory.ts';
import { largestBatch, type NeededMemory, neededMemory } from './needed-memory.ts';
import { type NewSlice, placeSlices } from './place-slices.ts';
import { type DeviceWanted, isSameDevice, type ResolvedDevice, resolveDevice } from './resolve-device.ts';

export interface PlannedTenant {
  readonly id: string;
  /** undefined: all that the machine shows. */
  readonly device: DeviceWanted | undefined;
  readonly shared: boolean;
  /** An error where they cannot be read. */
  readonly settings: Settings | AppError;
}

export interface TenantPlan {
  readonly id: string;
  readonly device: DeviceWanted | undefined;
  /** What it gets: something that is there, a slice that could be made, or nothing. */
  readonly gets: ResolvedDevice | NewSlice | null;
  /** Of that device, MiB; null: not known, or the CPU. */
  readonly memoryMb: number | null;
  /** null: none of its networks runs on a GPU, or its settings cannot be read. */
  readonly needed: NeededMemory | null;
  /** null: not known. */
  readonly fits: boolean | null;
  /** Frames at once that fit, at most `models.batch.most`; null: not known. */
  readonly batch: number | null;
  /** Other tenants on the same device. */
  readonly beside: readonly string[];
  /** What is the matter, for people; empty: nothing is. */
  readonly problems: readonly string[];
}

export interface DevicePlan {
  readonly tenants: readonly TenantPlan[];
  /** What makes the slices that are missing, to be typed by a person; empty where none is, or where they cannot be made. */
  readonly commands: readonly string[];
  /** No problem is left once the commands were run. */
  readonly isPossible: boolean;
  /** Why less is known than there is to know, and what to type. */
  readonly trouble: GpuInventory['trouble'];
}

/** The watch warns above this share of the memory; a plan that begins there is none. */
const MOST_SHARE = 0.9;

/** Which tenant gets what, whether that is enough, and what to type where something is missing. Changes nothing. */
export function planDevices(tenants: readonly PlannedTenant[], inventory: GpuInventory): DevicePlan {
  const given = tenants.map(({ device }) => (device === undefined ? null : resolved(device, inventory)));
  const missing = missingSlices(tenants, given, inventory);
  const usable = cuttable(tenants, inventory);
  const made =
    missing.length === 0
      ? []
      : placeSlices(
          missing.map(({ profile }) => profile),
          usable,
        );
  const gets = tenants.map((_, i): TenantPlan['gets'] => {
    const one = given[i];
    if (one && !(one instanceof AppError)) return one;
    const at = missing.findIndex(({ tenants: whose }) => whose.includes(i));
    return (at >= 0 && made?.[at]) || null;
  });
  const plans = tenants.map((tenant, i): TenantPlan => {
    const beside = tenants.flatMap((other, at) => (at !== i && isSame(gets[i], gets[at]) ? [{ ...other, at }] : []));
    const problems = [
      ...notRead(tenant),
      ...(gets[i] === null && tenant.device !== undefined ? [whyNot(i, given[i], missing, usable, inventory)] : []),
      ...beside
        .filter((other) => !(tenant.shared && other.shared))
        .map(({ id }) => `the same as "${id}" has; if both are to share it, both need shared: true`),
    ];
    return { ...withMemory(tenant, gets[i] ?? null, beside, problems), beside: beside.map(({ id }) => id) };
  });
  return {
    tenants: plans,
    commands: made && made.length > 0 ? commandsFor(made, inventory) : [],
    isPossible: plans.every(({ problems }) => problems.length === 0),
    trouble: inventory.trouble,
  };
}

function resolved(device: DeviceWanted, inventory: GpuInventory): ResolvedDevice | AppError {
  try {
    return resolveDevice(device, inventory);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

interface MissingSlice {
  readonly profile: string;
  /** Numbers of the tenants that would get it. */
  readonly tenants: readonly number[];
}

/** Slices are asked for by their number: number 2 needs 0 and 1 to be there, whoever has them. */
function missingSlices(
  tenants: readonly PlannedTenant[],
  given: readonly (ResolvedDevice | AppError | null)[],
  { gpus }: GpuInventory,
): MissingSlice[] {
  const wanted = new Map<string, number[][]>();
  for (const [i, { device }] of tenants.entries()) {
    if (!(given[i] instanceof AppError) || device === undefined || device === 'cpu' || 'gpu' in device) continue;
    if (!isMigProfile(device.mig)) continue;
    const there = gpus.flatMap(({ slices }) => slices).filter(({ profile }) => profile === device.mig).length;
    const number = ('index' in device && device.index) || 0;
    // Several of a profile are there and it does not say which: that is no slice too few.
    if (number < there) continue;
    const list = wanted.get(device.mig) ?? [];
    wanted.set(device.mig, list);
    while (list.length <= number - there) list.push([]);
    list[number - there]?.push(i);
  }
  return [...wanted].flatMap(([profile, list]) => list.map((whose) => ({ profile, tenants: whose })));
}

/** Where slices may be made: not where a tenant has the whole GPU, nor where nobody knows what is taken. */
function cuttable(tenants: readonly PlannedTenant[], { gpus }: GpuInventory): InventoryGpu[] {
  const whole = tenants.flatMap(({ device }) =>
    device !== undefined && device !== 'cpu' && 'gpu' in device ? [device.gpu] : [],
  );
  return gpus.filter(
    ({ index, mig, sizes, taken }) =>
      mig !== 'unsupported' && sizes !== null && taken !== null && !whole.includes(index),
  );
}

function whyNot(
  tenant: number,
  error: ResolvedDevice | AppError | null | undefined,
  missing: readonly MissingSlice[],
  usable: readonly InventoryGpu[],
  { gpus, trouble }: GpuInventory,
): string {
  const said = error instanceof AppError ? String(error.details?.why ?? error.message) : 'it is not there';
  const wanted = missing.find(({ tenants }) => tenants.includes(tenant));
  if (!wanted || gpus.length === 0) return said;
  const { profile } = wanted;
  if (gpus.every(({ mig }) => mig === 'unsupported')) return said;
  if (usable.length === 0) {
    if (trouble) return `there is no slice ${profile}, and it cannot be seen where one would fit`;
    return `slice ${profile} cannot be made: every GPU that can be cut is a tenant's as a whole, or of a kind that is not known here`;
  }
  const able = usable.filter(({ sizes }) => sizes?.some(({ name }) => name === profile));
  if (able.length === 0) {
    const names = [...new Set(usable.flatMap(({ sizes }) => sizes?.map(({ name }) => name) ?? []))];
    return `no GPU here can be cut into ${profile}; there are ${names.join(', ')}`;
  }
  const all = missing.map((each) => each.profile);
  const places = able.map(({ index, taken }) => `GPU ${index}: ${(taken ?? []).map(inPlace).join(', ') || 'nothing'}`);
  return `${all.length === 1 ? `a slice ${profile} does` : `slices ${countOf(all)} do`} not fit beside what is there (${places.join('; ')}): destroy slices that nobody needs, or ask for smaller ones`;
}

function inPlace({ profile, start, size }: { profile: string; start: number; size: number }): string {
  return `${profile} at ${start}${size > 1 ? `-${start + size - 1}` : ''}`;
}

/** `2 × 1g.5gb, 1 × 3g.20gb` */
function countOf(names: readonly string[]): string {
  return [...new Set(names)].map((name) => `${names.filter((each) => each === name).length} × ${name}`).join(', ');
}

function withMemory(
  tenant: PlannedTenant,
  gets: TenantPlan['gets'],
  beside: readonly PlannedTenant[],
  problems: readonly string[],
): Omit<TenantPlan, 'beside'> {
  const { id, device, settings } = tenant;
  const memoryMb = memoryOf(gets);
  const none = { id, device, gets, memoryMb, needed: null, fits: null, batch: null, problems };
  const hasNothing = device !== undefined && gets === null;
  if (device === 'cpu' || hasNothing || settings instanceof AppError) return none;
  const needed = neededMemory(settings.models, memoryMb);
  if (needed === null || memoryMb === null) return { ...none, needed };
  const others = beside.map((other) =>
    other.settings instanceof AppError ? 0 : (neededMemory(other.settings.models, memoryMb)?.leastMb ?? 0),
  );
  const forIt = Math.floor(memoryMb * MOST_SHARE) - others.reduce((all, each) => all + each, 0);
  const batch = largestBatch(needed, forIt);
  const fits = batch > 0;
  const tooSmall = `needs ${needed.leastMb} MiB, and ${forIt} of ${memoryMb} are there for it: take a larger slice or lighter models`;
  return { id, device, gets, memoryMb, needed, fits, batch, problems: fits ? problems : [...problems, tooSmall] };
}

function notRead({ settings }: PlannedTenant): string[] {
  return settings instanceof AppError ? [`its settings cannot be read: ${settings.message}`] : [];
}

function memoryOf(gets: TenantPlan['gets']): number | null {
  if (gets === null) return null;
  if ('start' in gets) return gets.size.memoryMb;
  return gets.memoryBytes === null ? null : Math.floor(gets.memoryBytes / 2 ** 20);
}

function isSame(one: TenantPlan['gets'] | undefined, other: TenantPlan['gets'] | undefined): boolean {
  if (!one || !other) return false;
  if ('start' in one || 'start' in other) return one === other;
  return isSameDevice(one, other);
}

/** With the places, so that what was checked to fit is what is made. */
function commandsFor(made: readonly NewSlice[], { gpus }: GpuInventory): string[] {
  return gpus.flatMap((gpu) => {
    const here = made.filter((slice) => slice.gpu === gpu.index).toSorted((a, b) => a.start - b.start);
    if (here.length === 0) return [];
    const tuples = here.map(({ size, start }) => `${size.id}:${start}`).join(',');
    return [...modeCommands(gpu), `sudo nvidia-smi mig -i ${gpu.index} -cgi ${tuples} -C`];
  });
}

function modeCommands({ index, mig, migPending }: InventoryGpu): string[] {
  const reset = `sudo nvidia-smi -i ${index} --gpu-reset`;
  if (mig === 'on') return [];
  return migPending ? [reset] : [`sudo nvidia-smi -i ${index} -mig 1`];
}
