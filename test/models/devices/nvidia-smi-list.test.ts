import { describe, expect, it } from 'vitest';
import { readDeviceList } from '../../../models/devices/nvidia-smi-list.ts';

describe('readDeviceList', () => {
  it('reads GPUs with their slices, in both forms of a name', () => {
    const text = `GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-7fdaf0a5-179b-f636-d15d-daf243e3ff16)
  MIG 1g.10gb     Device  0: (UUID: MIG-feb88891-0321-5fef-9c87-d4af3b54259e)
  MIG 1g.10gb+me  Device  1: (UUID: MIG-a25704ba-3a06-5299-a795-fd7cf4d13973)
GPU 1: A100-SXM4-40GB (UUID: GPU-e91edf3b-b297-37c1-a2a7-7601c3238fa2)
  MIG 1c.3g.20gb Device 0: (UUID: MIG-GPU-e91edf3b-b297-37c1-a2a7-7601c3238fa2/1/0)
`;
    expect(readDeviceList(text)).toEqual([
      {
        index: 0,
        name: 'NVIDIA A100-SXM4-80GB',
        uuid: 'GPU-7fdaf0a5-179b-f636-d15d-daf243e3ff16',
        slices: [
          { index: 0, profile: '1g.10gb', uuid: 'MIG-feb88891-0321-5fef-9c87-d4af3b54259e' },
          { index: 1, profile: '1g.10gb+me', uuid: 'MIG-a25704ba-3a06-5299-a795-fd7cf4d13973' },
        ],
      },
      {
        index: 1,
        name: 'A100-SXM4-40GB',
        uuid: 'GPU-e91edf3b-b297-37c1-a2a7-7601c3238fa2',
        slices: [{ index: 0, profile: '1c.3g.20gb', uuid: 'MIG-GPU-e91edf3b-b297-37c1-a2a7-7601c3238fa2/1/0' }],
      },
    ]);
  });

  it.each([
    ['nothing', ''],
    ['a slice of no GPU', '  MIG 1g.10gb     Device  0: (UUID: MIG-feb88891-0321-5fef-9c87-d4af3b54259e)\n'],
    ['a name without end', `GPU 0: ${'A'.repeat(100_000)} (UUID: GPU-7fdaf0a5-179b-f636-d15d-daf243e3ff16)\n`],
    ['commands in a UUID', 'GPU 0: A (UUID: GPU-$(reboot))\n'],
  ])('reads no GPU out of %s', (_, text) => {
    expect(readDeviceList(text)).toEqual([]);
  });

  it('stops at ten thousand lines', () => {
    const line = 'GPU 1: A (UUID: GPU-7fdaf0a5-179b-f636-d15d-daf243e3ff16)\n';
    expect(readDeviceList(line.repeat(20_000))).toHaveLength(10_000);
  });
});
