import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { freeBatch } from '../../../models/onnx/free-batch.ts';
import { GraphBuilder } from '../../../models/onnx/graph-builder.ts';
import { randomNumbers } from '../../support/random-numbers.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

const open = (bytes: Uint8Array) =>
  ort.InferenceSession.create(bytes, { intraOpNumThreads: 1, executionProviders: ['cpu'], logSeverityLevel: 4 });

/** The same noise every time. */
function noise(batch: number): Float32Array {
  const next = randomNumbers(11);
  return Float32Array.from({ length: batch * 3 * 112 * 112 }, () => next() * 4 - 2);
}
const faces = (data: Float32Array) => new ort.Tensor('float32', data, [data.length / (3 * 112 * 112), 3, 112, 112]);

describe.skipIf(!requirement('shared').met)('freeBatch', () => {
  const read = (file: string) => readFileSync(join(sharedDir, 'models', file));
  const MOBILEFACENET = 'mobilefacenet-arcface-128d.onnx';

  it('leaves what one face gets bit-equal', async () => {
    const feeds = { input0: faces(noise(1)) };
    const before = await (await open(read(MOBILEFACENET))).run(feeds);
    const after = await (await open(freeBatch(read(MOBILEFACENET)))).run(feeds);
    expect(after.output0!.dims).toEqual([1, 128]);
    expect(after.output0!.data).toEqual(before.output0!.data);
  });

  it('gives each of four faces what it gets alone', async () => {
    const session = await open(freeBatch(read(MOBILEFACENET)));
    const all = noise(4);
    const together = (await session.run({ input0: faces(all) })).output0!;
    expect(together.dims).toEqual([4, 128]);
    for (let face = 0; face < 4; face++) {
      const length = 3 * 112 * 112;
      const alone = (await session.run({ input0: faces(all.slice(face * length, (face + 1) * length)) })).output0!;
      const got = (together.data as Float32Array).subarray(face * 128, (face + 1) * 128);
      for (const [at, value] of got.entries()) expect(value).toBeCloseTo((alone.data as Float32Array)[at]!, 4);
    }
    // Noise differs from face to face: a batch that repeats its first face would pass otherwise.
    expect(together.data.slice(0, 128)).not.toEqual(together.data.slice(128, 256));
  });

  it('gives back what is free already, and does not change what it was given', () => {
    const bytes = read(MOBILEFACENET);
    const free = freeBatch(bytes);
    expect(Buffer.compare(bytes, read(MOBILEFACENET))).toBe(0);
    expect(freeBatch(free)).toBe(free);
    const liveness = read('minifasnet-v2-crop2.7.onnx');
    expect(freeBatch(liveness)).toBe(liveness);
  });
});

describe('freeBatch of a graph it does not know', () => {
  /** Flattens [batch, 2, 2] to `target`. */
  function flattening(batch: number, target: readonly number[], computed = false): Uint8Array {
    const graph = new GraphBuilder('flattening');
    const x = graph.input('x', [batch, 2, 2]);
    const shape = graph.ints(target);
    const to = computed ? graph.node('Identity', [shape]) : shape;
    graph.output('y', graph.node('Reshape', [x, to]), [batch, 4]);
    return graph.build();
  }

  it('frees a batch that the reshape keeps anyway', async () => {
    const session = await open(freeBatch(flattening(1, [-1, 4])));
    const { y } = await session.run({ x: new ort.Tensor('float32', Float32Array.from({ length: 12 }), [3, 2, 2]) });
    expect(y!.dims).toEqual([3, 4]);
  });

  it.each([
    ['another batch', flattening(2, [2, 4]), 'expected "x" with a batch of 1, got [2, 2, 2]'],
    ['a reshape that mixes the batch', flattening(1, [4, 1]), 'expected a Reshape that keeps a batch of 1, got [4, 1]'],
    ['a target that it computes', flattening(1, [1, 4], true), 'expected a Reshape to a constant, got "identity_2"'],
  ])('refuses %s and says what it expected', (_, bytes, message) => {
    expect(() => freeBatch(bytes)).toThrow(
      expect.objectContaining({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining(message) }),
    );
  });

  it('refuses what is no model', () => {
    expect(() => freeBatch(Buffer.from('no model'))).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });
});
