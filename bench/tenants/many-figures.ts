import { delayRatio, delayRow, type Ratio, type Row } from '../report.ts';
import { KINDS, type Kind, sumOf } from './tree-costs.ts';

/** What a facegate with all its processes takes. */
export interface Costs {
  /** Bytes. */
  readonly memory: Readonly<Record<Kind, number>>;
  readonly processes: Readonly<Record<Kind, number>>;
  readonly cores: Readonly<Record<Kind, number>>;
}

export interface ManyTenants {
  readonly tenants: number;
  /** One facegate of the same settings, by itself. */
  readonly alone: Costs & { readonly readyMs: number };
  readonly readyMs: number;
  readonly watching: Costs;
  /** Of main threads, with cameras: 99th percentile. */
  readonly delaysMs: { readonly gateway: number; readonly tenants: readonly number[] };
  /** Without cameras. */
  readonly idle: Costs;
}

const MIB = 2 ** 20;
const WORDS: Record<Kind, string> = {
  server: 'the gateway',
  tenant: 'its process',
  inference: 'its inference process',
  ffmpeg: 'its ffmpeg',
};

export function manyRows({ tenants, alone, readyMs, watching, delaysMs, idle }: ManyTenants): Row[] {
  const many = `${tenants} tenants`;
  const each = (costs: Readonly<Record<Kind, number>>) => (sumOf(costs) - costs.server) / tenants;
  const row = (name: string, value: number, unit: string, more: Pick<Row, 'as' | 'note'> = {}): Row => ({
    name,
    values: [value],
    unit,
    ...more,
  });
  return [
    row('a facegate alone, with one camera: ready after', alone.readyMs / 1000, 's', { as: 'limit' }),
    row('a facegate alone, with one camera: memory', sumOf(alone.memory) / MIB, 'MiB', { as: 'limit' }),
    row('a facegate alone, with one camera: CPU', sumOf(alone.cores), 'cores', { as: 'limit' }),
    row(`${many}: all ready after`, readyMs / 1000, 's', { note: 'one after the other' }),
    row(`${many}: memory of all`, sumOf(watching.memory) / MIB, 'MiB', {
      note: `${sumOf(watching.processes)} processes`,
    }),
    row(`${many}: memory of the gateway`, watching.memory.server / MIB, 'MiB'),
    row(`${many}: memory of each`, each(watching.memory) / MIB, 'MiB'),
    ...KINDS.filter((kind) => kind !== 'server').map((kind) =>
      row(`${many}: memory of each, ${WORDS[kind]}`, watching.memory[kind] / tenants / MIB, 'MiB'),
    ),
    row(`${many}: memory of each without a camera`, each(idle.memory) / MIB, 'MiB'),
    ...KINDS.map((kind) =>
      row(
        `${many}: CPU with cameras, ${kind === 'server' ? WORDS.server : `all of ${WORDS[kind].replace('its ', 'their ')}`}`,
        watching.cores[kind],
        'cores',
      ),
    ),
    delayRow([delaysMs.gateway], `${many} with cameras, the gateway: `),
    delayRow([Math.max(...delaysMs.tenants)], `${many} with cameras, the latest of them: `),
    row(`${many}: CPU without cameras`, sumOf(idle.cores), 'cores', {
      note: `${((1000 * sumOf(idle.cores)) / tenants).toFixed(1)} ms a second and tenant; of it the gateway ${(1000 * idle.cores.server).toFixed(1)} ms in all`,
    }),
  ];
}

export function manyRatios({ tenants, alone, readyMs, watching, delaysMs }: ManyTenants): Ratio[] {
  const ratio = (name: string, value: number): Ratio => ({ name, values: [value], wanted: null });
  return [
    ratio(`${tenants} tenants: ready / as many times a facegate alone`, readyMs / (tenants * alone.readyMs)),
    ratio(
      `${tenants} tenants: memory of all / as many facegates alone`,
      sumOf(watching.memory) / (tenants * sumOf(alone.memory)),
    ),
    ratio(
      `${tenants} tenants: CPU with cameras / as many facegates alone`,
      sumOf(watching.cores) / (tenants * sumOf(alone.cores)),
    ),
    delayRatio([delaysMs.gateway], `${tenants} tenants with cameras, the gateway: `),
    delayRatio([Math.max(...delaysMs.tenants)], `${tenants} tenants with cameras, the latest of them: `),
  ];
}
