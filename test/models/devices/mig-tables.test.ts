import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  readComputeInstances,
  readGpuInstances,
  readPlacements,
  readProfiles,
} from '../../../models/devices/mig-tables.ts';

const printed = (name: string) =>
  readFileSync(new URL(`../../tenants/gpu/fixtures/a100-40-slices/${name}`, import.meta.url), 'utf8');

describe('the tables of nvidia-smi mig', () => {
  it('profiles: id, how many, memory; the lines with the engines are none', () => {
    const rows = readProfiles(printed('mig-lgip.txt'));
    expect(rows).toHaveLength(7);
    expect(rows[0]).toEqual({ gpu: 0, name: '1g.5gb', id: 19, free: 1, total: 7, memoryMb: 4864 });
    expect(rows[1]).toMatchObject({ name: '1g.5gb+me', id: 20, total: 1 });
    expect(rows[6]).toMatchObject({ name: '7g.40gb', id: 0, memoryMb: 40_192 });
  });

  it('profiles in the wider table of newer drivers', () => {
    const row =
      '|   0  MIG 1g.24gb+me.all  65     1/1        23.12      No     46     4     1   |\n|                                                               1     1     0   |';
    expect(readProfiles(row)).toEqual([
      { gpu: 0, name: '1g.24gb+me.all', id: 65, free: 1, total: 1, memoryMb: 23_674 },
    ]);
  });

  it('placements: several, and one', () => {
    const rows = readPlacements(printed('mig-lgipp.txt'));
    expect(rows.find(({ profileId }) => profileId === 14)).toEqual({
      gpu: 0,
      profileId: 14,
      starts: [0, 2, 4],
      size: 2,
    });
    expect(rows.find(({ profileId }) => profileId === 5)).toEqual({ gpu: 0, profileId: 5, starts: [0], size: 4 });
  });

  it('GPU instances: where they lie', () => {
    expect(readGpuInstances(printed('mig-lgi.txt'))).toContainEqual({
      gpu: 0,
      profile: '3g.20gb',
      profileId: 9,
      id: 1,
      start: 4,
      size: 4,
    });
  });

  it('compute instances, with and without their placement', () => {
    expect(readComputeInstances(printed('mig-lci.txt'))).toContainEqual({
      gpu: 0,
      gpuInstance: 1,
      profile: '3g.20gb',
      id: 0,
    });
    const old = '|   0      7       MIG 1c.2g.10gb        0         1     |';
    expect(readComputeInstances(old)).toEqual([{ gpu: 0, gpuInstance: 7, profile: '1c.2g.10gb', id: 1 }]);
  });

  it.each(['', 'No MIG-enabled devices found.\n', `|   0  MIG ${' '.repeat(1_000_000)}`, `${'|'.repeat(1_000_000)}\n`])(
    'reads no row out of anything else, and at once',
    (text) => {
      const before = performance.now();
      for (const read of [readProfiles, readPlacements, readGpuInstances, readComputeInstances])
        expect(read(text)).toEqual([]);
      expect(performance.now() - before).toBeLessThan(5000);
    },
  );
});
