import { describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { type PlannedTenant, planDevices } from '../../../tenants/gpu/plan-devices.ts';
import { reportPlan } from '../../../tenants/gpu/report-plan.ts';
import { HEAVY, MACHINES, machine, tenant } from './machines.ts';

/** The smallest slice there is of each machine's kind, two of them, and one of half a GPU. */
const SIZES: [RegExp, string, string][] = [
  [/^a100-40/, '1g.5gb', '3g.20gb'],
  [/^h100-94/, '1g.12gb', '3g.47gb'],
  [/^h200/, '1g.18gb', '3g.71gb'],
  [/./, '1g.10gb', '3g.40gb'],
];

function three(name: string): PlannedTenant[] {
  const [, small, half] = SIZES.find(([machines]) => machines.test(name)) as [RegExp, string, string];
  return [
    tenant('attendance', { mig: small, index: 0 }, HEAVY),
    tenant(
      'access',
      { mig: small, index: 1 },
      { detector: { model: 'retinaface-mobilenet025' }, scorers: [{ model: 'minifasnet' }] },
    ),
    tenant('batch', { mig: half, index: 0 }, { ...HEAVY, batch: { most: 16 } }),
  ];
}

const plan = async (name: string, tenants: PlannedTenant[]) => planDevices(tenants, await machine(name));

describe('planDevices', () => {
  it.each(MACHINES)('three tenants on %s', async (name) => {
    const lines = reportPlan(await plan(name, three(name)));
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.join('\n')).toMatchSnapshot();
  });

  it('a 1.2 GB recogniser fits a 1g.5gb slice, its batches do not', async () => {
    const [found] = (await plan('a100-40-slices', [tenant('a', { mig: '1g.5gb', index: 0 }, HEAVY)])).tenants;
    expect(found).toMatchObject({ fits: true, batch: 1, memoryMb: 4864, problems: [] });
    expect(found?.needed).toMatchObject({ leastMb: 2700, batch: 8 });
  });

  it('numbers count those that are there: number 2 of one that there are two of is one more', async () => {
    const found = await plan('a100-40-slices', [tenant('a', { mig: '1g.5gb', index: 2 })]);
    expect(found.commands).toEqual(['sudo nvidia-smi mig -i 0 -cgi 19:3 -C']);
  });

  it('makes those before it as well', async () => {
    const found = await plan('h200-141-empty', [tenant('a', { mig: '1g.18gb', index: 2 })]);
    expect(found.commands).toEqual(['sudo nvidia-smi mig -i 0 -cgi 19:4,19:5,19:6 -C']);
  });

  it('turns MIG on where it is off, and resets where that waits for it', async () => {
    const wanted = [tenant('a', { mig: '1g.10gb', index: 0 })];
    expect((await plan('a800-80-off', wanted)).commands[0]).toBe('sudo nvidia-smi -i 0 -mig 1');
    expect((await plan('pending-reset', wanted)).commands[0]).toBe('sudo nvidia-smi -i 0 --gpu-reset');
  });

  it('cuts no GPU that a tenant has as a whole', async () => {
    const whole = tenant('whole', { gpu: 0 });
    const found = await plan('a800-80-off', [whole, tenant('slice', { mig: '1g.10gb', index: 0 })]);
    expect(found.commands).toEqual(['sudo nvidia-smi -i 1 -mig 1', 'sudo nvidia-smi mig -i 1 -cgi 19:6 -C']);
    const one = await plan('h200-141-off', [whole, tenant('slice', { mig: '1g.18gb', index: 0 })]);
    expect(one.isPossible).toBe(false);
    expect(one.commands).toEqual([]);
  });

  it('does not fit what the places do not hold, and says what is there', async () => {
    const { tenants, isPossible } = await plan('a100-40-slices', [tenant('a', { mig: '2g.10gb', index: 0 })]);
    expect(isPossible).toBe(false);
    expect(tenants[0]?.problems).toEqual([
      'a slice 2g.10gb does not fit beside what is there (GPU 0: 1g.5gb+me at 2, 1g.5gb at 0, 1g.5gb at 1, 3g.20gb at 4-7): destroy slices that nobody needs, or ask for smaller ones',
    ]);
  });

  it('two names of one slice are two tenants on it, and need shared', async () => {
    const inventory = await machine('a100-40-slices');
    const old = `MIG-${inventory.gpus[0]?.uuid}/1/0`;
    const both = (shared: boolean) =>
      planDevices(
        [tenant('a', { mig: old }, {}, shared), tenant('b', { mig: '3g.20gb', index: 0 }, {}, shared)],
        inventory,
      );
    expect(both(true)).toMatchObject({ isPossible: true, tenants: [{ beside: ['b'] }, { beside: ['a'] }] });
    expect(both(false).tenants[0]?.problems).toEqual([
      'the same as "b" has; if both are to share it, both need shared: true',
    ]);
  });

  it('what they share must hold them both', async () => {
    const pair = ['a', 'b'].map((id) => tenant(id, { mig: '1g.5gb', index: 0 }, HEAVY, true));
    expect((await plan('a100-40-slices', pair)).tenants[0]?.problems).toEqual([
      'needs 2700 MiB, and 1677 of 4864 are there for it: take a larger slice or lighter models',
    ]);
  });

  it('a file is of unknown size; the CPU needs nothing', async () => {
    const found = await plan('t4', [
      tenant('file', { gpu: 0 }, { embedder: { model: '/models/own.onnx' } }),
      tenant('cpu', 'cpu', HEAVY),
      tenant('int8', 'cpu', {}),
    ]);
    expect(found.tenants[0]?.needed?.models).toContainEqual({
      role: 'embedder',
      model: '/models/own.onnx',
      memoryMb: null,
    });
    expect(found.tenants[1]).toMatchObject({ needed: null, problems: [] });
    expect(reportPlan(found).join('\n')).toMatchSnapshot();
  });

  it('counts those networks only that run on the GPU', async () => {
    const models = { detector: { device: 'cpu' }, embedder: { model: 'rts-512d' } };
    const [found] = (await plan('t4', [tenant('a', { gpu: 0 }, models)])).tenants;
    expect(found?.needed?.models.map(({ role }) => role)).toEqual(['embedder']);
    expect(found?.needed?.leastMb).toBe(1300);
  });

  it('a process of its own takes its own part of CUDA', async () => {
    const models = { ...HEAVY, embedder: { ...HEAVY.embedder, isolation: 'process' } };
    const [found] = (await plan('t4', [tenant('a', { gpu: 0 }, models)])).tenants;
    expect(found?.needed).toMatchObject({ processes: 2, leastMb: 3200 });
  });

  it('so does each process that the settings ask for; int8 needs nothing of the GPU', async () => {
    const [found] = (await plan('t4', [tenant('a', { gpu: 0 }, { ...HEAVY, processes: 2 })])).tenants;
    expect(found?.needed).toMatchObject({ processes: 2, leastMb: 5400 });
    const int8 = { detector: { precision: 'int8' }, embedder: { precision: 'int8' } };
    expect((await plan('t4', [tenant('a', { gpu: 0 }, int8)])).tenants[0]).toMatchObject({
      needed: null,
      problems: [],
    });
  });

  it('settings that cannot be read are said, and the others planned', async () => {
    const broken = { ...tenant('a', { gpu: 0 }), settings: new AppError('CONFIG_INVALID', 'fps must be 1 to 60') };
    const found = await plan('l40', [broken, tenant('b', { gpu: 1 })]);
    expect(found.tenants.map(({ problems }) => problems)).toEqual([
      ['its settings cannot be read: fps must be 1 to 60'],
      [],
    ]);
  });
});
