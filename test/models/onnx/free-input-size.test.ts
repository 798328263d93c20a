import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { freeInputSize } from '../../../models/onnx/free-input-size.ts';
import { readOnnx, writeOnnx } from '../../../models/onnx/onnx-file.ts';
import type { OnnxModel } from '../../../models/onnx/onnx-schema.ts';
import { randomNumbers } from '../../support/random-numbers.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

const read = (file: string) => readFileSync(join(sharedDir, 'models', file));
const YUNET = 'yunet-2023mar.onnx';
const SCRFD = 'research/scrfd-500m-bnkps.onnx';
const here = requirement('shared').met;

const open = (bytes: Uint8Array) =>
  ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, executionProviders: ['cpu'], logSeverityLevel: 4 });

/** The same noise every time. */
function noise(batch: number, height: number, width: number): ort.Tensor {
  const next = randomNumbers(7);
  const data = Float32Array.from({ length: batch * 3 * height * width }, () => next() * 2 - 1);
  return new ort.Tensor('float32', data, [batch, 3, height, width]);
}

const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, at) => Math.max(most, Math.abs(value - b[at]!)), 0);

describe.skipIf(!here).each([
  ['YuNet', YUNET, 'input', 1, { cls: 1, obj: 1, bbox: 4, kps: 10 }],
  ['SCRFD', SCRFD, 'input.1', 2, { score: 1, bbox: 4, kps: 10 }],
])('freeInputSize of %s', (_, file, input, anchorsPerCell, kinds) => {
  const outputs = Object.entries(kinds).flatMap(([kind, width]) =>
    [8, 16, 32].map((step) => ({ name: `${kind}_${step}`, step, width })),
  );

  it('leaves the results at 640×640 as they were', async () => {
    const feeds = { [input]: noise(1, 640, 640) };
    const before = await (await open(read(file))).run(feeds);
    const after = await (await open(freeInputSize(read(file)))).run(feeds);
    for (const { name } of outputs) {
      expect(after[name]!.dims, name).toEqual(before[name]!.dims);
      expect(furthest(after[name]!.data as Float32Array, before[name]!.data as Float32Array), name).toBeLessThan(1e-5);
    }
  });

  it('runs other sizes, and gives each picture of a batch what it gets alone', async () => {
    const session = await open(freeInputSize(read(file)));
    const pair = noise(2, 192, 320);
    const second = new ort.Tensor('float32', (pair.data as Float32Array).slice(3 * 192 * 320), [1, 3, 192, 320]);
    const [both, alone] = [await session.run({ [input]: pair }), await session.run({ [input]: second })];
    for (const { name, step, width } of outputs) {
      const cells = anchorsPerCell * (192 / step) * (320 / step);
      expect(both[name]!.dims).toEqual([2, cells, width]);
      expect(alone[name]!.dims).toEqual([1, cells, width]);
      const expected = alone[name]!.data as Float32Array;
      const got = (both[name]!.data as Float32Array).slice(expected.length);
      expect(furthest(got, expected), name).toBeLessThan(1e-5);
    }
  });

  it('gives back what is free already, and does not change what it was given', () => {
    const bytes = read(file);
    const free = freeInputSize(bytes);
    expect(Buffer.compare(bytes, read(file))).toBe(0);
    expect(freeInputSize(free)).toBe(free);
  });
});

describe.skipIf(!here)('freeInputSize', () => {
  it.each<[string, (model: OnnxModel) => unknown, string]>([
    [
      'a side that is no multiple of 32',
      (m) => m.graph.input[0]!.type!.tensorType!.shape!.dim.splice(2, 1, { dimValue: 650 }),
      'expected an input [1, 3, height, width] with multiples of 32, got [1, 3, 650, 640]',
    ],
    [
      'an output of another rank',
      (m) => m.graph.output[0]!.type!.tensorType!.shape!.dim.pop(),
      'expected "cls_8" of shape [1, cells, values], got [1, 6400]',
    ],
    ['a second input', (m) => m.graph.input.push({ ...m.graph.input[0]!, name: 'other' }), 'expected one input, got 2'],
    [
      'a reshape to what the graph computes',
      (m) => m.graph.node.find((node) => node.opType === 'Reshape')!.input.splice(1, 1, 'computed'),
      'expected a Reshape to a constant [1, -1, values], got another one',
    ],
  ])('refuses a graph with %s and says what it expected', (_, change, message) => {
    const model = readOnnx(read(YUNET));
    change(model);
    expect(() => freeInputSize(writeOnnx(model))).toThrow(
      expect.objectContaining({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining(message) }),
    );
  });
});
