import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { readOnnx, writeOnnx } from '../../../models/onnx/onnx-file.ts';
import type { OnnxModel, OnnxNode } from '../../../models/onnx/onnx-schema.ts';
import { makeRetinaFaceDynamic } from '../../../models/onnx/retinaface-dynamic.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

const shared = requirement('shared');
const published = () => readFileSync(join(sharedDir, 'models/retinaface-mobilenet025.onnx'));
const OUTPUTS = { output0: 4, '593': 2, '592': 10 };

/** The same noise every time, in the range of a picture minus its mean. */
function noise(batch: number, height: number, width: number): ort.Tensor {
  const data = new Float32Array(batch * 3 * height * width);
  let state = 1;
  for (let at = 0; at < data.length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    data[at] = state / 2 ** 24 - 128;
  }
  return new ort.Tensor('float32', data, [batch, 3, height, width]);
}

function removeNodes(model: OnnxModel, matches: (node: OnnxNode) => boolean): void {
  model.graph.node = model.graph.node.filter((node) => !matches(node));
}

describe.skipIf(!shared.met)('makeRetinaFaceDynamic', () => {
  let dynamic: ort.InferenceSession;
  let original: ort.InferenceSession;
  beforeAll(async () => {
    const options = { intraOpNumThreads: 1, executionProviders: ['cpu'] };
    original = await ort.InferenceSession.create(published(), options);
    dynamic = await ort.InferenceSession.create(makeRetinaFaceDynamic(published()), options);
  });

  it('leaves the results at 640×640 bit-equal', async () => {
    const feeds = { input0: noise(1, 640, 640) };
    const [before, after] = [await original.run(feeds), await dynamic.run(feeds)];
    for (const name of Object.keys(OUTPUTS)) {
      expect(after[name]!.dims, name).toEqual(before[name]!.dims);
      const [a, b] = [before[name]!.data as Float32Array, after[name]!.data as Float32Array];
      expect(Buffer.compare(Buffer.from(a.buffer), Buffer.from(b.buffer)), name).toBe(0);
    }
  });

  it.each([
    [1, 384, 640],
    [1, 192, 320],
    [2, 192, 320],
    [1, 640, 384],
  ])('runs a batch of %i at height %i and width %i', async (batch, height, width) => {
    const results = await dynamic.run({ input0: noise(batch, height, width) });
    // Two anchors a cell at strides 8, 16 and 32.
    const anchors = [8, 16, 32].reduce((sum, step) => sum + 2 * (height / step) * (width / step), 0);
    for (const [name, values] of Object.entries(OUTPUTS)) expect(results[name]!.dims).toEqual([batch, anchors, values]);
  });

  it('gives each picture of a batch what it gets alone', async () => {
    const pair = noise(2, 192, 320);
    const second = new ort.Tensor('float32', (pair.data as Float32Array).slice(3 * 192 * 320), [1, 3, 192, 320]);
    const [both, alone] = [await dynamic.run({ input0: pair }), await dynamic.run({ input0: second })];
    for (const name of Object.keys(OUTPUTS)) {
      const expected = alone[name]!.data as Float32Array;
      const got = (both[name]!.data as Float32Array).slice(expected.length);
      expect(Math.max(...got.map((value, at) => Math.abs(value - expected[at]!))), name).toBeLessThan(1e-4);
    }
  });

  it('leaves no node behind that nothing uses', () => {
    const { graph } = readOnnx(makeRetinaFaceDynamic(published()));
    const used = new Set([...graph.output.map((value) => value.name), ...graph.node.flatMap((node) => node.input)]);
    expect(graph.node.filter((node) => !node.output.some((name) => used.has(name)))).toEqual([]);
  });

  it('does not change the bytes it was given', () => {
    const bytes = published();
    makeRetinaFaceDynamic(bytes);
    expect(Buffer.compare(bytes, published())).toBe(0);
  });

  it.each<[string, (model: OnnxModel) => unknown, string]>([
    [
      'another input size',
      (m) => m.graph.input[0]!.type!.tensorType!.shape!.dim.splice(2, 1, { dimValue: 320 }),
      'expected "input0" of shape [1, 3, 640, 640], got "input0" of shape [1, 3, 320, 640]',
    ],
    ['a missing output', (m) => m.graph.output.pop(), 'expected three outputs, got 2'],
    ['no Resize', (m) => removeNodes(m, (node) => node.opType === 'Resize'), 'expected two Resize nodes, got 0'],
    [
      'a Resize with scales',
      (m) => m.graph.node.find((n) => n.opType === 'Resize')!.input.splice(2, 1, 's'),
      'with inputs (x, roi, no scales, sizes), got',
    ],
    [
      'no constant reshape',
      (m) => removeNodes(m, (node) => node.name === '/ClassHead.2/Reshape'),
      'expected one Reshape to the constant [1, -1, 2] (ClassHead), got 0',
    ],
  ])('refuses a graph with %s and says what it expected', (_, change, message) => {
    const model = readOnnx(published());
    change(model);
    expect(() => makeRetinaFaceDynamic(writeOnnx(model))).toThrow(
      expect.objectContaining({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining(message) }),
    );
  });

  it("leaves as it is what is free already, like an export of one's own", () => {
    const free = makeRetinaFaceDynamic(published());
    expect(makeRetinaFaceDynamic(free)).toBe(free);
  });
});
