import { describe, expect, it, vi } from 'vitest';
import { detectorPlace } from '../../models/detector-place.ts';

const asked = () => vi.fn(async () => ({ freeMb: 3000, source: 'the test' }));

describe('where the detector runs', () => {
  it.each([
    ['auto without a GPU', {}, 'auto', 'cpu'],
    ['a list that begins with the CPU', { providers: ['cpu'] }, ['cuda'], 'cuda'],
    ['a device of its own', { device: 'cpu' }, ['cuda'], 'cuda'],
  ] as const)('is the CPU for %s', async (_, role, providers, auto) => {
    const freeMemory = asked();
    const place = await detectorPlace({
      role: role as { providers?: string[] },
      providers,
      autoProvider: async () => auto,
      freeMemory,
    });
    expect(place).toEqual({ on: 'cpu' });
    expect(freeMemory).not.toHaveBeenCalled();
  });

  it.each([
    ['auto with CUDA', {}, 'auto', 'cuda:0'],
    ['a list', { providers: ['CUDAExecutionProvider', 'cpu'] }, 'auto', 'cuda:0'],
    ['a device by number', { device: 'cuda:1' }, 'auto', 'cuda:1'],
    ['a slice', { device: 'MIG-cba663e8' }, 'auto', 'MIG-cba663e8'],
    ['WebGPU, whichever device that is', { providers: ['webgpu'] }, 'auto', undefined],
  ] as const)('is a GPU for %s', async (_, role, providers, device) => {
    const freeMemory = asked();
    const place = await detectorPlace({
      role: role as { providers?: string[] },
      providers,
      visibleDevices: '1',
      autoProvider: async () => 'cuda',
      freeMemory,
    });
    expect(place).toEqual({ on: 'gpu', free: { freeMb: 3000, source: 'the test' } });
    expect(freeMemory).toHaveBeenCalledExactlyOnceWith({ device, visibleDevices: '1' });
  });

  it('is a GPU that does not tell its memory for Core ML', async () => {
    const place = await detectorPlace({ role: {}, providers: 'auto', autoProvider: async () => 'coreml' });
    expect(place).toMatchObject({ on: 'gpu', free: { freeMb: null } });
  });
});
