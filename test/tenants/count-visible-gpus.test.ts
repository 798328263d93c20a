import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countVisibleGpus } from '../../tenants/count-visible-gpus.ts';
import { fakeNvidiaSmi } from '../support/fake-nvidia-smi.ts';

const FIRST = 'GPU-6513270e-269e-4d37-b2a7-4de452e6b438';
const SECOND = 'GPU-9a1c6f8e-4c3b-4c43-9f55-0f2f8f1f1d11';
const SLICES = ['MIG-d23f0824-128b-5f33-8c5c-7fd0a6a3a450', 'MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb'];

const gpu = (uuid: string, mig: 'Enabled' | 'N/A', inside = '') =>
  `<gpu><product_name>NVIDIA A30</product_name><mig_mode><current_mig>${mig}</current_mig></mig_mode><uuid>${uuid}</uuid>${inside}</gpu>`;
const slice = (index: number) =>
  `<mig_device><index>${index}</index><gpu_instance_id>${index + 3}</gpu_instance_id><compute_instance_id>0</compute_instance_id></mig_device>`;
/** A whole GPU, then one that is cut in two. */
const QUERY = `<nvidia_smi_log>${gpu(FIRST, 'N/A')}${gpu(SECOND, 'Enabled', `<mig_devices>${slice(0)}${slice(1)}</mig_devices>`)}</nvidia_smi_log>`;
const LIST = `GPU 0: NVIDIA A30 (UUID: ${FIRST})
GPU 1: NVIDIA A30 (UUID: ${SECOND})
${SLICES.map((uuid, index) => `  MIG 1g.6gb      Device  ${index}: (UUID: ${uuid})`).join('\n')}
`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-nvidia-smi-'));
  await writeFile(join(folder, 'query'), QUERY);
  await writeFile(join(folder, 'list'), LIST);
});

afterEach(() => rm(folder, { recursive: true }));

/** It notes what it was shown. */
const nvidiaSmi = (script: string) => fakeNvidiaSmi(folder, `echo "$CUDA_VISIBLE_DEVICES" >> asked\n${script}`);
const ANSWERS = 'case "$1" in -L) cat list;; *) cat query;; esac';
const CUDA = [{ provider: 'cpu' as const }, { provider: 'cuda' as const }];

const count = (visible?: string, roles: Parameters<typeof countVisibleGpus>[0] = CUDA) =>
  countVisibleGpus(roles, {
    PATH: `${folder}:/usr/bin:/bin`,
    ...(visible !== undefined && { CUDA_VISIBLE_DEVICES: visible }),
  });

describe('countVisibleGpus', () => {
  it.each<[what: string, visible: string | undefined, seen: number]>([
    ['all without CUDA_VISIBLE_DEVICES, and of a cut GPU its slices', undefined, 3],
    ['one GPU by its UUID', FIRST, 1],
    ['one slice by its UUID', SLICES[1] as string, 1],
    ['one slice by its old name', `MIG-${SECOND}/4/0`, 1],
    ['one slice of a GPU that is named by its number', '1', 1],
    ['two where two are named', `${FIRST},${SLICES[0]}`, 2],
    ['none where it is empty', '', 0],
    ['none where the one named is gone', 'MIG-00000000-0000-0000-0000-000000000000', 0],
    ['none behind one that is not there, as CUDA does', `0,7,${SLICES[0]}`, 1],
  ])('counts %s', async (_, visible, seen) => {
    await nvidiaSmi(ANSWERS);
    expect(await count(visible)).toBe(seen);
  });

  it('asks nvidia-smi with the environment of the tenant', async () => {
    await nvidiaSmi(ANSWERS);
    await count(FIRST);
    expect(await readFile(join(folder, 'asked'), 'utf8')).toBe(`${FIRST}\n${FIRST}\n`);
  });

  it('counts also where TensorRT runs the networks', async () => {
    await nvidiaSmi(ANSWERS);
    expect(await count(FIRST, [{ provider: 'tensorrt' }])).toBe(1);
  });

  it('asks nobody where no network runs on an NVIDIA GPU', async () => {
    await nvidiaSmi(ANSWERS);
    expect(await count(FIRST, [{ provider: 'cpu' }, { provider: 'webgpu' }])).toBeNull();
    await expect(readFile(join(folder, 'asked'))).rejects.toThrow('ENOENT');
  });

  it('does not know where nvidia-smi fails or answers something else', async () => {
    await nvidiaSmi('echo "Failed to initialize NVML: Driver/library version mismatch"; exit 18');
    expect(await count(FIRST)).toBeNull();
    await nvidiaSmi('echo hello');
    expect(await count(FIRST)).toBeNull();
  });

  it('does not know where there is no nvidia-smi', async () => {
    expect(await countVisibleGpus(CUDA, { PATH: folder })).toBeNull();
  });
});
