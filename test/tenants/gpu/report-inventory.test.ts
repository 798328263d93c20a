import { describe, expect, it } from 'vitest';
import { listGpus } from '../../../cli/gpu/list-gpus.ts';
import { MACHINES, machine, tenant } from './machines.ts';

describe('facegate gpu list', () => {
  it.each(MACHINES)('of %s', async (name) => {
    const { lines } = listGpus(await machine(name), [
      tenant('attendance', { mig: '1g.10gb', index: 0 }),
      tenant('access', { gpu: 1 }),
      tenant('batch', 'cpu'),
    ]);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.join('\n')).toMatchSnapshot();
  });

  it('is whole where each GPU can be used and each tenant has its own', async () => {
    const whole = async (name: string) => listGpus(await machine(name), []).isWhole;
    expect(await whole('a100-40-slices')).toBe(true);
    expect(await whole('rtx-4090')).toBe(true);
    expect(await whole('a100-40-empty')).toBe(false);
    expect(await whole('h100-80-slices')).toBe(false);
    expect(await whole('slice-in-container')).toBe(false);
    expect(await whole('no-driver')).toBe(false);
  });
});
