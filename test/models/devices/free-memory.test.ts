import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FreeMemoryOptions, freeMemory } from '../../../models/devices/free-memory.ts';
import { fixture, toolsThat } from '../../support/tool-answers.ts';

let sysDrm: string;
beforeEach(async () => {
  sysDrm = await mkdtemp(join(tmpdir(), 'facegate-drm-'));
});
afterEach(() => rm(sysDrm, { recursive: true, force: true }));

const card = async (name: string, files: Record<string, string>) => {
  await mkdir(join(sysDrm, name, 'device'), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(sysDrm, name, 'device', file), text);
};
const nvidia = (xml: string) =>
  toolsThat({
    'nvidia-smi -q -x': fixture(`nvidia-smi/${xml}`),
    'nvidia-smi -L': fixture('nvidia-smi/a100-mig.list.txt'),
  });
const ask = (options: FreeMemoryOptions) => freeMemory({ sysDrm, ...options });

describe('free memory of an AMD card', () => {
  it('is what the kernel counts', async () => {
    await card('card0', { mem_info_vram_total: '17163091968\n', mem_info_vram_used: '15015608320\n' });
    expect(await ask({ run: nvidia('h100.xml') })).toEqual({ freeMb: 2048, source: "the kernel's card0" });
  });

  it('is that of the largest card; connectors and cards without memory of their own are passed over', async () => {
    await card('card0', { mem_info_vram_total: '536870912\n', mem_info_vram_used: '0\n' });
    await card('card1', { mem_info_vram_total: '8573157376\n', mem_info_vram_used: '8573157377\n' });
    await card('card1-DP-1', { mem_info_vram_total: '99999999999\n', mem_info_vram_used: '0\n' });
    await card('card2', {});
    await card('card3', { mem_info_vram_total: 'no\n', mem_info_vram_used: '0\n' });
    expect(await ask({ run: toolsThat({}) })).toEqual({ freeMb: 0, source: "the kernel's card1" });
  });

  it('is not asked where the settings name an NVIDIA device', async () => {
    await card('card0', { mem_info_vram_total: '17163091968\n', mem_info_vram_used: '0\n' });
    expect(await ask({ device: 'cuda:1', run: nvidia('h100.xml') })).toMatchObject({ freeMb: 81_007 });
  });
});

describe('free memory of an NVIDIA GPU', () => {
  it.each<[string, string, Omit<FreeMemoryOptions, 'run'>, number | null, string]>([
    ['the first one', 'h100.xml', {}, 1996, 'nvidia-smi, GPU 0 (NVIDIA H100 80GB HBM3)'],
    ['another one', 'h100.xml', { device: 'cuda:1' }, 81_007, 'nvidia-smi, GPU 1 (NVIDIA H100 80GB HBM3)'],
    ['one that is not there', 'h100.xml', { device: 'cuda:2' }, null, 'nvidia-smi does not list cuda:2'],
    [
      'the only one that may be seen',
      'h100.xml',
      { visibleDevices: '1' },
      81_007,
      'nvidia-smi, GPU 1 (NVIDIA H100 80GB HBM3)',
    ],
    [
      'the second that may be seen',
      'h100.xml',
      { visibleDevices: '1,0', device: 'cuda:1' },
      1996,
      'nvidia-smi, GPU 0 (NVIDIA H100 80GB HBM3)',
    ],
    ['none may be seen', 'h100.xml', { visibleDevices: '' }, null, 'nvidia-smi does not list cuda:0'],
    ['the first slice', 'a100-mig.xml', {}, 19_942, 'nvidia-smi, MIG slice 0 of GPU 0 (NVIDIA A100-SXM4-40GB)'],
    [
      'a slice by its name',
      'a100-mig.xml',
      { device: 'MIG-cba663e8-0000-5b25-b243-5985ef7c9beb' },
      1464,
      'nvidia-smi, MIG slice 1 of GPU 0 (NVIDIA A100-SXM4-40GB)',
    ],
    [
      'a slice by the name that drivers before 470 gave it',
      'a100-mig.xml',
      { device: 'MIG-GPU-2a1b2c3d-1111-4222-8333-444455556666/13/0' },
      1464,
      'nvidia-smi, MIG slice 1 of GPU 0 (NVIDIA A100-SXM4-40GB)',
    ],
    [
      'a slice that may be seen, by its old name',
      'a100-mig.xml',
      { visibleDevices: 'MIG-GPU-2a1b2c3d-1111-4222-8333-444455556666/13/0' },
      1464,
      'nvidia-smi, MIG slice 1 of GPU 0 (NVIDIA A100-SXM4-40GB)',
    ],
    [
      'the slice that may be seen',
      'a100-mig.xml',
      { visibleDevices: 'MIG-cba663e8-0000-5b25-b243-5985ef7c9beb' },
      1464,
      'nvidia-smi, MIG slice 1 of GPU 0 (NVIDIA A100-SXM4-40GB)',
    ],
    [
      'a partitioned GPU without slices',
      'a100-mig.xml',
      { visibleDevices: '1' },
      null,
      'nvidia-smi does not list cuda:0',
    ],
    ['a slice in a container', 'mig-container.xml', {}, 1049, 'nvidia-smi, MIG slice 0 of GPU 0 (NVIDIA H100 PCIe)'],
    [
      'a slice that may not be asked',
      'mig-hidden.xml',
      {},
      null,
      'nvidia-smi does not tell the free memory of MIG slice 0 of GPU 0 (NVIDIA RTX PRO 6000 Blackwell)',
    ],
  ])('%s', async (_, xml, options, freeMb, source) => {
    expect(await ask({ ...options, run: nvidia(xml) })).toEqual({ freeMb, source });
  });

  it('is not known without nvidia-smi, or where it fails, and says which', async () => {
    expect(await ask({ run: toolsThat({}) })).toEqual({
      freeMb: null,
      source: 'no device tells its memory (there is no nvidia-smi)',
    });
    const run = toolsThat({ 'nvidia-smi -q -x': { state: 'failed', why: 'Driver/library version mismatch' } });
    expect(await ask({ run })).toEqual({ freeMb: null, source: 'nvidia-smi failed: Driver/library version mismatch' });
  });
});
