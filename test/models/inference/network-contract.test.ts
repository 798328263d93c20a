import { describe, expect, it } from 'vitest';
import { catalogEntry } from '../../../models/catalog.ts';
import { checkContract, contractOf, type TensorShape } from '../../../models/inference/network-contract.ts';

const retinaface = contractOf(catalogEntry('retinaface-mobilenet025'));
const embedder = contractOf(catalogEntry('mobilefacenet-arcface-128d'));
const tensor = (name: string, shape: (number | string)[], type = 'float32'): TensorShape => ({ name, type, shape });

const detectorOutputs = [
  tensor('output0', ['n', 'anchors', 4]),
  tensor('593', ['n', 'anchors', 2]),
  tensor('592', ['n', 'anchors', 10]),
];

describe('checkContract', () => {
  it('accepts what the catalog promises', () => {
    checkContract('m', retinaface, [tensor('input0', ['n', 3, 'h', 'w'])], detectorOutputs);
    checkContract('m', embedder, [tensor('input0', [1, 3, 112, 112])], [tensor('output0', [1, 128])]);
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
    ['no outputs', embedder, [tensor('input0', [1, 3, 112, 112])], [], 'got outputs (none)'],
  ])('refuses %s', (_, contract, inputs, outputs, message) => {
    expect(() => checkContract('m', contract, inputs, outputs)).toThrow(
      expect.objectContaining({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining(message) }),
    );
  });
});
