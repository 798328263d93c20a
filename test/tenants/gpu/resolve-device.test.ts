import { describe, expect, it } from 'vitest';
import type { AppError } from '../../../config/app-error.ts';
import { type DeviceWanted, isSameDevice, resolveDevice } from '../../../tenants/gpu/resolve-device.ts';
import { machine } from './machines.ts';

const FIRST = 'MIG-d23f0824-128b-5f33-8c5c-7fd0a6a3a450';

async function refused(name: string, device: DeviceWanted): Promise<string> {
  const inventory = await machine(name);
  try {
    resolveDevice(device, inventory);
  } catch (error) {
    expect((error as AppError).code).toBe('DEVICE_UNAVAILABLE');
    return (error as AppError).message;
  }
  throw new Error('it was not refused');
}

describe('resolveDevice', () => {
  it('hides every GPU from a tenant of the CPU', async () => {
    expect(resolveDevice('cpu', await machine('no-driver'))).toMatchObject({
      visible: '',
      gpu: null,
      memoryBytes: null,
    });
  });

  it('gives a whole GPU by its UUID', async () => {
    expect(resolveDevice({ gpu: 1 }, await machine('l40'))).toMatchObject({
      visible: expect.stringMatching(/^GPU-[0-9a-f-]{36}$/),
      slice: null,
      memoryBytes: 46_068 * 2 ** 20,
      description: 'GPU 1, NVIDIA L40',
    });
  });

  it('gives a slice by its UUID, whatever its capitals', async () => {
    const found = resolveDevice({ mig: FIRST.toUpperCase() }, await machine('a100-40-slices'));
    expect(found).toMatchObject({
      visible: FIRST,
      memoryBytes: 19_968 * 2 ** 20,
      description: 'slice 0 (3g.20gb) of GPU 0, NVIDIA A100-SXM4-40GB',
    });
  });

  it('one slice by its two names is one', async () => {
    const inventory = await machine('a100-40-slices');
    const old = `MIG-${inventory.gpus[0]?.uuid}/1/0`;
    const [one, other] = [resolveDevice({ mig: FIRST }, inventory), resolveDevice({ mig: old }, inventory)];
    expect(other.visible).toBe(FIRST);
    expect(isSameDevice(one, other)).toBe(true);
    const third = resolveDevice({ mig: '1g.5gb', index: 1 }, inventory);
    expect(isSameDevice(one, third)).toBe(false);
  });

  it('an old driver is given the names that it knows', async () => {
    const found = resolveDevice({ mig: '3g.20gb', index: 1 }, await machine('a100-40-old-names'));
    expect(found.visible).toMatch(/^MIG-GPU-[0-9a-f-]{36}\/2\/0$/);
  });

  it('counts the slices of a profile, and tells them from those with media', async () => {
    const inventory = await machine('a100-40-slices');
    expect(resolveDevice({ mig: '1g.5gb', index: 1 }, inventory).slice?.index).toBe(2);
    expect(resolveDevice({ mig: '1g.5gb+me' }, inventory).slice?.index).toBe(3);
  });

  it('the CPU and two halves of a GPU are not the same device', async () => {
    const inventory = await machine('a100-80-slices');
    const cpu = resolveDevice('cpu', inventory);
    expect(isSameDevice(cpu, cpu)).toBe(false);
    const whole = resolveDevice({ gpu: 1 }, inventory);
    expect(isSameDevice(whole, resolveDevice({ gpu: 1 }, inventory))).toBe(true);
    expect(isSameDevice(whole, resolveDevice({ mig: '2g.20gb', index: 0 }, inventory))).toBe(false);
  });

  it.each<[string, string, DeviceWanted]>([
    ['a GPU that is not there', 'l40', { gpu: 4 }],
    ['a whole GPU that is cut', 'a100-40-slices', { gpu: 0 }],
    ['a whole GPU that is to be cut', 'h200-141-empty', { gpu: 0 }],
    ['a UUID that is not there', 'a100-40-slices', { mig: 'MIG-00000000-0000-5000-8000-000000000000' }],
    ['a profile that is not there', 'h100-94-slices', { mig: '1g.10gb', index: 0 }],
    ['a number too high', 'h100-94-slices', { mig: '1g.12gb', index: 3 }],
    ['the second of one', 'a100-40-slices', { mig: '3g.20gb', index: 1 }],
    ['a profile of which there are several', 'h100-94-slices', { mig: '1g.12gb' }],
    ['a slice where MIG is off', 'a100-40-off', { mig: '1g.5gb', index: 0 }],
    ['a slice of a V100', 'v100', { mig: '1g.5gb', index: 0 }],
    ['a slice of a T4', 't4', { mig: FIRST }],
    ['a slice of an RTX 4090', 'rtx-4090', { mig: '1g.5gb', index: 0 }],
    ['a slice of two L40', 'l40', { mig: '1g.5gb', index: 0 }],
    ['a GPU without a driver', 'no-driver', { gpu: 0 }],
    ['a slice with a driver that does not fit', 'version-mismatch', { mig: '1g.5gb', index: 0 }],
  ])('refuses %s', async (_, name, device) => {
    expect(await refused(name, device)).toMatchSnapshot();
  });
});
