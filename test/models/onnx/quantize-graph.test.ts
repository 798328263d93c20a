import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { asInt8, int8Ranges } from '../../../models/int8.ts';
import { exposeValues, valuesToRound } from '../../../models/onnx/expose-values.ts';
import { GraphBuilder } from '../../../models/onnx/graph-builder.ts';
import { quantizeGraph } from '../../../models/onnx/quantize-graph.ts';
import { makeRetinaFaceDynamic } from '../../../models/onnx/retinaface-dynamic.ts';
import { randomNumbers } from '../../support/random-numbers.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const open = (bytes: Uint8Array, options: ort.InferenceSession.SessionOptions = {}) =>
  ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    executionProviders: ['cpu'],
    logSeverityLevel: 4,
    ...options,
  });

const random = randomNumbers(5);
const wave = (length: number, height = 1) => Float32Array.from({ length }, () => (random() * 2 - 1) * height);

/** Two convolutions with a rectifier between them and a sum around the second; the last one gives the answer. */
function smallNetwork(rectifier: 'Relu' | 'LeakyRelu'): Uint8Array {
  const graph = new GraphBuilder('small');
  const x = graph.input('x', [1, 4, 8, 8]);
  const weights = (out: number, height: number) => graph.floats(wave(out * 4 * 9, height), [out, 4, 3, 3]);
  const pads = { pads: [1, 1, 1, 1], kernel_shape: [3, 3] };
  const first = graph.node('Conv', [x, weights(4, 0.3), graph.floats(wave(4), [4])], pads);
  const rectified = graph.node(rectifier, [first], rectifier === 'LeakyRelu' ? { alpha: { float: 0.1 } } : {});
  const second = graph.node('Conv', [rectified, weights(4, 0.3)], pads);
  const sum = graph.node('Add', [rectified, second]);
  graph.output('y', graph.node('Conv', [sum, weights(2, 0.3)], pads), [1, 2, 8, 8]);
  return graph.build();
}

const picture = (data = wave(4 * 64, 2)) => new ort.Tensor('float32', data, [1, 4, 8, 8]);

/** What 40 random pictures make of each value. */
async function observed(bytes: Uint8Array): Promise<Record<string, [number, number]>> {
  const names = valuesToRound(bytes);
  const session = await open(exposeValues(bytes, names));
  const ranges: Record<string, [number, number]> = {};
  for (let i = 0; i < 40; i += 1) {
    const x = picture();
    const values = { ...(await session.run({ x })), x };
    for (const name of names) {
      const data = values[name as 'x']!.data as Float32Array;
      const [least, most] = ranges[name] ?? [0, 0];
      ranges[name] = [Math.min(least, ...data), Math.max(most, ...data)];
    }
  }
  return ranges;
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (const [i, value] of a.entries()) {
    dot += value * b[i]!;
    aa += value ** 2;
    bb += b[i]! ** 2;
  }
  return dot / Math.sqrt(aa * bb);
}

/** The kinds of nodes that a run was made of, after the runtime's own rewriting. */
async function nodesRun(bytes: Uint8Array, feeds: Record<string, ort.Tensor>): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'facegate-nodes-'));
  try {
    const session = await open(bytes, { enableProfiling: true, profileFilePrefix: join(folder, 'p') });
    await session.run(feeds);
    session.endProfiling();
    const [file] = readdirSync(folder);
    const events = JSON.parse(readFileSync(join(folder, file!), 'utf8')) as {
      cat: string;
      args?: { op_name?: string };
    }[];
    return events.flatMap(({ cat, args }) => (cat === 'Node' && args?.op_name ? [args.op_name] : []));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

describe('quantizeGraph', () => {
  it.each(['Relu', 'LeakyRelu'] as const)('gives nearly the same answer in whole numbers (%s)', async (rectifier) => {
    const bytes = smallNetwork(rectifier);
    const rounded = quantizeGraph(bytes, await observed(bytes));
    const [before, after] = [await open(bytes), await open(rounded)];
    for (let i = 0; i < 10; i += 1) {
      const feeds = { x: picture() };
      const [a, b] = [(await before.run(feeds)).y!.data, (await after.run(feeds)).y!.data] as Float32Array[];
      expect(a).not.toEqual(b);
      expect(cosine(a!, b!)).toBeGreaterThan(0.999);
    }
    const nodes = await nodesRun(rounded, { x: picture() });
    // The last convolution gives the answer and stays as it is.
    expect(nodes.filter((node) => node === 'QLinearConv')).toHaveLength(2);
    expect(nodes).toContain('QLinearAdd');
    expect(nodes).not.toContain('Relu');
  });

  it('leaves in float32 what has no range', async () => {
    const bytes = smallNetwork('Relu');
    const nodes = await nodesRun(quantizeGraph(bytes, {}), { x: picture() });
    expect(nodes).not.toContain('QLinearConv');
  });

  it('cuts off what lies outside the range, and nothing wraps around', async () => {
    const bytes = smallNetwork('Relu');
    const ranges = await observed(bytes);
    const session = await open(quantizeGraph(bytes, ranges));
    const { y } = await session.run({ x: picture(wave(4 * 64, 50)) });
    const most = Math.max(...(y!.data as Float32Array).map(Math.abs));
    const usual = Math.max(...((await session.run({ x: picture() })).y!.data as Float32Array).map(Math.abs));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(usual * 6);
  });

  it('refuses ranges of another graph, and a graph without operators for it', () => {
    expect(() => quantizeGraph(smallNetwork('Relu'), { nobody: [0, 1] })).toThrowError(
      expect.objectContaining({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining('"nobody"') }),
    );
    expect(() => quantizeGraph(Uint8Array.of(1, 2, 3), {})).toThrowError(
      expect.objectContaining({ code: 'MODEL_INVALID' }),
    );
  });
});

describe.skipIf(!requirement('shared').met)('the usual networks in int8', () => {
  it.each(['retinaface-mobilenet025', 'mobilefacenet-arcface-128d'])('%s is known by its weights', (name) => {
    const model = sharedModel(name);
    const ranges = int8Ranges(model.entry);
    const bytes = readFileSync(model.path);
    const graph = name.startsWith('retinaface') ? makeRetinaFaceDynamic(bytes) : bytes;
    expect(Object.keys(ranges!).length).toBeGreaterThan(30);
    expect(valuesToRound(graph)).toEqual(expect.arrayContaining(Object.keys(ranges!)));
    expect(asInt8(model, 'x').entry).toMatchObject({
      name: `${name}-int8`,
      precision: 'int8',
      sha256: model.entry.sha256,
    });
  });

  it('and no other is: the message names those that are', () => {
    expect(() => asInt8(sharedModel('yunet-2023mar'), 'models.detector.precision')).toThrowError(
      /^models\.detector\.precision: int8 is there for .*mobilefacenet-arcface-128d.*, not for yunet-2023mar$/,
    );
  });
});
