import { describe, expect, it } from 'vitest';
import { askNvidiaSmi, readNvidiaSmi } from '../../../models/devices/nvidia-smi.ts';
import { fixture, toolsThat } from '../../support/tool-answers.ts';

const nvidia = (name: string) => fixture(`nvidia-smi/${name}`);

describe('askNvidiaSmi', () => {
  it('reads driver, CUDA, memory and MIG mode', async () => {
    expect(await askNvidiaSmi(toolsThat({ 'nvidia-smi -q -x': nvidia('h100.xml') }))).toEqual({
      state: 'found',
      system: {
        driver: '550.90.07',
        cuda: '12.4',
        gpus: [
          {
            index: 0,
            name: 'NVIDIA H100 80GB HBM3',
            uuid: 'GPU-0a1b2c3d-1111-4222-8333-444455556666',
            memory: { totalMb: 81_559, freeMb: 1996 },
            utilization: 0.97,
            mig: 'off',
            migPending: false,
            slices: [],
          },
          {
            index: 1,
            name: 'NVIDIA H100 80GB HBM3',
            uuid: 'GPU-1a1b2c3d-1111-4222-8333-444455556666',
            memory: { totalMb: 81_559, freeMb: 81_007 },
            utilization: null,
            mig: 'off',
            migPending: true,
            slices: [],
          },
        ],
      },
    });
  });

  it('takes the names of MIG slices from the list where the query leaves them out', async () => {
    const run = toolsThat({
      'nvidia-smi -q -x': nvidia('a100-mig.xml'),
      'nvidia-smi -L': nvidia('a100-mig.list.txt'),
    });
    const answer = await askNvidiaSmi(run);
    if (answer.state !== 'found') throw new Error(answer.state);
    const [first, second] = answer.system.gpus;
    expect(first?.slices).toEqual([
      {
        index: 0,
        uuid: 'MIG-c6d4f1ef-0000-5de3-91c7-45d71c87eb3f',
        profile: '3g.20gb',
        gpuInstance: 1,
        computeInstance: 0,
        memory: { totalMb: 19_968, freeMb: 19_942 },
      },
      {
        index: 1,
        uuid: 'MIG-cba663e8-0000-5b25-b243-5985ef7c9beb',
        profile: '1g.5gb',
        gpuInstance: 13,
        computeInstance: 0,
        memory: { totalMb: 4864, freeMb: 1464 },
      },
    ]);
    expect(second).toMatchObject({ mig: 'on', slices: [] });
  });

  it('knows slices without their names where the list is refused', async () => {
    const run = toolsThat({
      'nvidia-smi -q -x': nvidia('a100-mig.xml'),
      'nvidia-smi -L': { state: 'failed', why: 'Insufficient Permissions' },
    });
    const answer = await askNvidiaSmi(run);
    expect(answer).toMatchObject({
      state: 'found',
      system: { gpus: [{ slices: [{ uuid: null }, { uuid: null }] }, {}] },
    });
  });

  it('reads what is not permitted as not known', () => {
    const [gpu] = readNvidiaSmi(nvidia('mig-container.xml')).gpus;
    expect(gpu?.memory).toEqual({ totalMb: null, freeMb: null });
    expect(gpu?.slices[0]?.memory).toEqual({ totalMb: 9856, freeMb: 1049 });
  });

  it('knows a board that cannot be partitioned', () => {
    const { cuda, gpus } = readNvidiaSmi(nvidia('old-driver.xml'));
    expect(cuda).toBe('11.4');
    expect(gpus[0]).toMatchObject({ mig: 'unsupported', migPending: false, slices: [] });
  });

  it.each([
    ['nothing', ''],
    ['text', 'No devices were found\n'],
    ['another XML', '<html><body>proxy</body></html>'],
    ['half of it', '<?xml version="1.0" ?><nvidia_smi'],
  ])('says that %s is no answer', async (_, text) => {
    expect(await askNvidiaSmi(toolsThat({ 'nvidia-smi -q -x': text }))).toEqual({
      state: 'failed',
      why: 'nvidia-smi -q -x did not answer with its XML',
    });
  });

  it('takes no name that is none, and no character that moves a cursor', () => {
    const xml = (name: string, uuid: string, slice: string) =>
      `<nvidia_smi_log><gpu><product_name>${name}</product_name><uuid>${uuid}</uuid><mig_mode><current_mig>Enabled</current_mig></mig_mode><mig_devices><mig_device><index>-1</index><uuid>${slice}</uuid></mig_device></mig_devices></gpu></nvidia_smi_log>`;
    const [gpu] = readNvidiaSmi(xml(`A100\u001b[2J\u202e${'x'.repeat(1000)}`, 'GPU-1,GPU-2', 'MIG-1,0')).gpus;
    expect(gpu).toMatchObject({ uuid: null, slices: [{ index: 0, uuid: null }] });
    expect(gpu?.name).toMatch(/^A100 \[2J x+$/);
    expect(gpu?.name).toHaveLength(300);
  });

  it('does not fill the memory with what no machine has', async () => {
    const gpus = `<nvidia_smi_log>${'<gpu></gpu>'.repeat(200)}</nvidia_smi_log>`;
    expect(readNvidiaSmi(gpus).gpus).toHaveLength(64);
    expect(() => readNvidiaSmi(`<nvidia_smi_log>${'<a/>'.repeat(300_001)}`)).toThrow('more elements');
    expect(() => readNvidiaSmi(' '.repeat(17 * 1024 * 1024))).toThrow('16 MiB');
    expect(await askNvidiaSmi(toolsThat({ 'nvidia-smi -q -x': '<a>'.repeat(300_001) }))).toMatchObject({
      state: 'failed',
    });
  });

  it('tells no driver from a driver that fails', async () => {
    expect(await askNvidiaSmi(toolsThat({}))).toEqual({ state: 'absent' });
    const why = "NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.";
    expect(await askNvidiaSmi(toolsThat({ 'nvidia-smi -q -x': { state: 'failed', why } }))).toEqual({
      state: 'failed',
      why,
    });
  });
});
