import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askInventory } from '../../../tenants/gpu/gpu-inventory.ts';
import { savedAnswers } from '../../../tenants/gpu/saved-answers.ts';
import { FIXTURES, MACHINES, machine } from './machines.ts';

describe('askInventory', () => {
  it('puts together what six questions say of one slice', async () => {
    const { gpus, trouble } = await machine('a100-40-slices');
    expect(trouble).toBeNull();
    expect(gpus[0]?.slices[0]).toEqual({
      index: 0,
      uuid: 'MIG-d23f0824-128b-5f33-8c5c-7fd0a6a3a450',
      profile: '3g.20gb',
      gpuInstance: 1,
      computeInstance: 0,
      memory: { totalMb: 19_968, freeMb: 19_943 },
      place: { start: 4, size: 4 },
    });
    expect(gpus[0]?.taken).toHaveLength(4);
    expect(gpus[0]?.sizes?.find(({ name }) => name === '2g.10gb')).toEqual({
      name: '2g.10gb',
      id: 14,
      most: 3,
      memoryMb: 9850,
      starts: [0, 2, 4],
      size: 2,
    });
  });

  it.each([
    ['a100-40-off', ['1g.5gb', '1g.5gb+me', '1g.10gb', '2g.10gb', '3g.20gb', '4g.20gb', '7g.40gb']],
    ['a800-80-off', ['1g.10gb', '1g.10gb+me', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb']],
    ['h100-80-off', ['1g.10gb', '1g.10gb+me', '1g.20gb', '2g.20gb', '3g.40gb', '4g.40gb', '7g.80gb']],
    ['h100-94-slices', ['1g.12gb', '1g.12gb+me', '1g.24gb', '2g.24gb', '3g.47gb', '4g.47gb', '7g.94gb']],
    ['h200-141-off', ['1g.18gb', '1g.18gb+me', '1g.35gb', '2g.35gb', '3g.71gb', '4g.71gb', '7g.141gb']],
    ['rtx-4090', []],
  ])('knows what %s can be cut into', async (name, sizes) => {
    const { gpus } = await machine(name);
    expect(gpus[0]?.sizes?.map((size) => size.name)).toEqual(sizes);
  });

  it('the table of families says the same as the drivers that list their profiles', async () => {
    for (const [on, off] of [
      ['a100-40-empty', 'a100-40-off'],
      ['a800-80-slices', 'a800-80-off'],
    ]) {
      const told = (await machine(on as string)).gpus[0]?.sizes?.map(({ memoryMb: _, ...size }) => size);
      expect((await machine(off as string)).gpus[0]?.sizes?.map(({ memoryMb: _, ...size }) => size)).toEqual(told);
    }
  });

  it('has a GPU instance without compute instances', async () => {
    expect((await machine('h100-80-slices')).gpus[0]?.bare).toEqual([8]);
  });

  it('does not know where slices lie where that is refused', async () => {
    const { gpus, trouble } = await machine('slice-in-container');
    expect(gpus[0]?.taken).toBeNull();
    expect(gpus[0]?.slices[0]).toMatchObject({ profile: '1g.10gb', place: null, memory: { totalMb: 9984 } });
    expect(trouble?.why).toBe('nvidia-smi mig -lgi: Insufficient Permissions; where the slices lie is not known');
  });

  it.each([
    ['no-driver', 'there is no nvidia-smi, so no NVIDIA driver'],
    ['version-mismatch', 'nvidia-smi failed: Failed to initialize NVML: Driver/library version mismatch'],
    ['not-permitted', 'nvidia-smi failed: Failed to initialize NVML: Insufficient Permissions'],
    ['no-devices', 'nvidia-smi failed: No devices were found'],
  ])('%s: says why, and what helps', async (name, why) => {
    const { gpus, trouble } = await machine(name);
    expect(gpus).toEqual([]);
    expect(trouble?.why).toBe(why);
    expect(trouble?.todo).not.toBe('run nvidia-smi, and see what it says');
  });

  it('asks questions only', async () => {
    const asked: string[] = [];
    for (const name of MACHINES) {
      const answers = savedAnswers(`${FIXTURES}${name}`);
      await askInventory((program, args) => {
        asked.push([program, ...args].join(' '));
        return answers(program, args);
      });
    }
    expect(new Set(asked)).toEqual(
      new Set(['-q -x', '-L', 'mig -lgip', 'mig -lgipp', 'mig -lgi', 'mig -lci'].map((args) => `nvidia-smi ${args}`)),
    );
  });

  it('refuses a saved answer that is larger than any', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'facegate-gpu-'));
    try {
      await writeFile(join(folder, 'query.xml'), '');
      await truncate(join(folder, 'query.xml'), 17 * 1024 * 1024);
      await expect(askInventory(savedAnswers(folder))).rejects.toMatchObject({ code: 'USAGE' });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
