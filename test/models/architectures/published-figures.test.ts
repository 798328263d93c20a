import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ir101 } from '../../../models/architectures/ir-101.ts';
import { RandomNetwork } from '../../../models/architectures/random-network.ts';
import { resNet } from '../../../models/architectures/resnet.ts';
import { retinaFace } from '../../../models/architectures/retinaface.ts';
import { readOnnx } from '../../../models/onnx/onnx-file.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

/** Published figures, rounded as they are there, may be off by so much. */
const within = (got: number, published: number, share: number) =>
  expect(Math.abs(got - published) / published, `${got} beside ${published}`).toBeLessThan(share);

describe('architectures with random weights, beside what is published of the trained ones', () => {
  it('RetinaFace ResNet-50: 27.2646 M parameters, 88.86 GFLOPs at 640×640 (Open Model Zoo)', () => {
    const network = retinaFace('r50', { resnet: 50 });
    expect(network.parameters / 1e6).toBeCloseTo(27.2646, 4);
    // They count biases and activations too.
    within((2 * network.multiplications(640, 640)) / 1e9, 88.8627, 0.005);
  });

  it.each([
    // torchvision counts 25,557,032 and 44,549,160: less the classifier, and a batch norm is one bias after exporting.
    [50, 25_557_032 - 2_049_000 - 26_560, 4.089],
    [101, 44_549_160 - 2_049_000 - 52_672, 7.801],
  ] as const)(
    'ResNet-%i backbone: as many parameters as torchvision has, and its GFLOPs at 224×224',
    (depth, parameters, gigaMultiplications) => {
      const network = new RandomNetwork('backbone');
      resNet(network, network.input('input', null), depth);
      expect(network.parameters).toBe(parameters);
      within(network.multiplications(224, 224) / 1e9, gigaMultiplications, 0.002);
    },
  );

  it('RetinaFace MobileNet-1.0: 3.5 M parameters (UniFace)', () => {
    expect((retinaFace('m1', { mobilenet: 1 }).parameters / 1e6).toFixed(1)).toBe('3.5');
  });

  it('IR-101: 65.13 M parameters, 24.21 GFLOPs (Open Model Zoo)', () => {
    const network = ir101('ir101');
    within(network.parameters / 1e6, 65.132, 0.001);
    within((2 * network.multiplications(112, 112)) / 1e9, 24.2115, 0.005);
  });

  it.skipIf(!requirement('shared').met)(
    'RetinaFace MobileNet-0.25: operators and weights of the published file',
    () => {
      const operators = (bytes: Uint8Array, ...names: string[]) => {
        const { graph } = readOnnx(bytes);
        return names.map((name) => graph.node.filter((node) => node.opType === name).length);
      };
      const ours = retinaFace('m025', { mobilenet: 0.25 });
      const published = readFileSync(join(sharedDir, 'models/retinaface-mobilenet025.onnx'));
      const names = ['Conv', 'LeakyRelu', 'Relu', 'Add', 'Resize', 'Softmax', 'Transpose'];
      expect(operators(ours.graph.build(), ...names)).toEqual(operators(published, ...names));
      const floats = readOnnx(published).graph.initializer.filter(({ dataType }) => dataType === 1);
      const count = floats.reduce(
        (sum, { dims }) => sum + dims.reduce<number>((all, size) => all * Number(size), 1),
        0,
      );
      expect(ours.parameters).toBe(count);
    },
  );
});
