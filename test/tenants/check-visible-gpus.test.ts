import { describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { checkVisibleGpus } from '../../tenants/check-visible-gpus.ts';
import type { TenantDefinition } from '../../tenants/tenant-definition.ts';
import { NO_LIMITS } from '../support/tenant-directory.ts';

const withDevice = (device: TenantDefinition['device']): TenantDefinition => ({
  id: 'access',
  name: 'Access',
  baseDir: '/',
  settings: new AppError('CONFIG_INVALID', 'not read here'),
  device,
  shared: false,
  port: null,
  limits: NO_LIMITS,
});

describe('checkVisibleGpus', () => {
  it.each<[TenantDefinition['device'], number, string]>([
    [{ gpu: 1 }, 0, 'its device is GPU 1, so its process should see one GPU or slice, and sees none: '],
    [{ gpu: 1 }, 2, 'its device is GPU 1, so its process should see one GPU or slice, and sees 2 of them: '],
    [
      { mig: '1g.5gb', index: 3 },
      7,
      'its device is slice 1g.5gb number 3, so its process should see one GPU or slice, and sees 7 of them: ',
    ],
  ])('with %j and %i visible it says what was expected, and where to look', (device, visible, said) => {
    const wrong = checkVisibleGpus(withDevice(device), visible);
    expect(wrong).toBe(`${said}look at CUDA_VISIBLE_DEVICES of its process, and at MIG in docs/deploy.md`);
  });

  it.each<[TenantDefinition['device'], number | null]>([
    [{ gpu: 0 }, 1],
    [{ gpu: 0 }, null],
    [{ mig: '1g.5gb', index: 0 }, 1],
    ['cpu', 0],
    ['cpu', 2],
    [undefined, 0],
    [undefined, 8],
  ])('with %j and %j visible nothing is wrong', (device, visible) => {
    expect(checkVisibleGpus(withDevice(device), visible)).toBeNull();
  });
});
