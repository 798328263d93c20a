import { describe, expect, it } from 'vitest';
import { deviceEnvironment } from '../../config/device-environment.ts';

describe('what an inference process or an ffmpeg sees of the environment', () => {
  it('is what leads to drivers and devices', () => {
    const seen = {
      LD_LIBRARY_PATH: '/usr/local/cuda/lib64',
      CUDA_VISIBLE_DEVICES: 'MIG-cba663e8',
      VK_DRIVER_FILES: '/etc/vulkan/icd.d/x.json',
      HOME: '/home/ada',
      LIBVA_DRIVER_NAME: 'iHD',
    };
    expect(deviceEnvironment(seen)).toEqual(seen);
  });

  it.each(['FRONT_PASSWORD', 'FACEGATE_ADMIN_KEY', 'NVIDIA_API_KEY', 'AWS_SECRET_ACCESS_KEY', 'NODE_OPTIONS', 'XVK_A'])(
    'is never %s',
    (name) => {
      expect(deviceEnvironment({ [name]: 'hunter2', PATH: undefined })).toEqual({});
    },
  );
});
