import { describe, expect, it } from 'vitest';
import { catalogEntry } from '../../../models/catalog.ts';
import { checkContract, contractOf, type TensorShape } from '../../../models/runtime/network-contract.ts';

const retinaface = contractOf(catalogEntry('retinaface-mobilenet025'));
const embedder = contractOf(catalogEntry('mobilefacenet-arcface-128d'));
const yunet = contractOf(catalogEntry('yunet-2023mar'));
const scrfd = contractOf(catalogEntry('scrfd-500m-bnkps'));
const anyName = contractOf(catalogEntry('arcface-w600k-512d'));
const rts = contractOf(catalogEntry('rts-512d'));
const tensor = (name: string, shape: (number | string)[], type = 'float32'): TensorShape => ({ name, type, shape });

const detectorOutputs = [
  tensor('output0', ['n', 'anchors', 4]),
  tensor('593', ['n', 'anchors', 2]),
  tensor('592', ['n', 'anchors', 10]),
];

/** Three outputs of each kind, one a level of the feature pyramid. */
const levels = (kinds: Record<string, number>) =>
  Object.entries(kinds).flatMap(([kind, width]) =>
    [8, 16, 32].map((step) => tensor(`${kind}_${step}`, ['n', `cells_${step}`, width])),
  );
const yunetOutputs = levels({ cls: 1, obj: 1, bbox: 4, kps: 10 });
const scrfdOutputs = levels({ score: 1, bbox: 4, kps: 10 });

describe('checkContract', () => {
  it('accepts what the catalog promises', () => {
    checkContract('m', retinaface, [tensor('input0', ['n', 3, 'h', 'w'])], detectorOutputs);
    checkContract('m', embedder, [tensor('input0', [1, 3, 112, 112])], [tensor('output0', [1, 128])]);
    checkContract('m', yunet, [tensor('input', ['n', 3, 'h', 'w'])], yunetOutputs);
    checkContract('m', anyName, [tensor('input.1', ['n', 3, 112, 112])], [tensor('683', [1, 512])]);
    const rtsOutputs = [tensor('embedding', ['n', 512]), tensor('logvar', ['n', 1])];
    checkContract('m', rts, [tensor('input', ['n', 3, 112, 112])], rtsOutputs);
    checkContract('m', scrfd, [tensor('input.1', ['n', 3, 'h', 'w'])], scrfdOutputs);
  });

  it.each<[string, typeof retinaface, TensorShape[], TensorShape[], string]>([
    [
      'a fixed size where any must do',
      retinaface,
      [tensor('input0', [1, 3, 640, 640])],
      detectorOutputs,
      'expected input "input0" float32 [1, 3, free, free], got float32 [1, 3, 640, 640]',
    ],
    [
      'another input name',
      embedder,
      [tensor('data', [1, 3, 112, 112])],
      [tensor('output0', [1, 128])],
      'expected input "input0" float32 [1, 3, 112, 112], got inputs "data"',
    ],
    [
      'two inputs',
      embedder,
      [tensor('input0', [1, 3, 112, 112]), tensor('mask', [1])],
      [tensor('output0', [1, 128])],
      'expected one input, "input0", got "input0", "mask"',
    ],
    [
      'another width',
      embedder,
      [tensor('input0', [1, 3, 112, 112])],
      [tensor('output0', [1, 512])],
      'expected output "output0" float32 [1, 128], got float32 [1, 512]',
    ],
    [
      'another type',
      embedder,
      [tensor('input0', [1, 3, 112, 112], 'float16')],
      [tensor('output0', [1, 128])],
      'got float16 [1, 3, 112, 112]',
    ],
    [
      'a missing output',
      retinaface,
      [tensor('input0', ['n', 3, 'h', 'w'])],
      detectorOutputs.slice(0, 2),
      'expected output "592" float32 [1, any, 10], got outputs "output0", "593"',
    ],
    [
      'a YuNet without one of its levels',
      yunet,
      [tensor('input', ['n', 3, 'h', 'w'])],
      yunetOutputs.filter(({ name }) => name !== 'obj_16'),
      'expected output "obj_16" float32 [1, any, 1], got outputs "cls_8"',
    ],
    [
      'an SCRFD without landmarks',
      scrfd,
      [tensor('input.1', ['n', 3, 'h', 'w'])],
      scrfdOutputs.filter(({ name }) => !name.startsWith('kps')),
      'expected output "kps_8" float32 [1, any, 10]',
    ],
    [
      'no output of the width where any name will do',
      anyName,
      [tensor('input.1', ['n', 3, 112, 112])],
      [tensor('516', ['n', 128])],
      'expected an output float32 [1, 512], got "516" float32 [n, 128]',
    ],
    [
      'an RTS without its uncertainty',
      rts,
      [tensor('input', ['n', 3, 112, 112])],
      [tensor('embedding', ['n', 512])],
      'expected output "logvar" float32 [1, 1], got outputs "embedding"',
    ],
    ['no outputs', embedder, [tensor('input0', [1, 3, 112, 112])], [], 'got outputs (none)'],
  ])('refuses %s', (_, contract, inputs, outputs, message) => {
    expect(() => checkContract('m', contract, inputs, outputs)).toThrow(
      expect.objectContaining({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining(message) }),
    );
  });
});
