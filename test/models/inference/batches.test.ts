import { beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { batchRuns, batchSizesUpTo, outputsOf } from '../../../models/inference/batch-runs.ts';
import { type FaceAnalyserConfig, LocalFaceAnalyser } from '../../../models/inference/face-analyser.ts';
import { probeBatches } from '../../../models/inference/probe-batches.ts';
import { Session } from '../../../models/runtime/session.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { readPicture } from '../../support/read-picture.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

describe('batchRuns', () => {
  it.each([
    [0, 8, []],
    [1, 8, [1]],
    [3, 8, [2, 1]],
    [7, 8, [4, 2, 1]],
    [17, 8, [8, 8, 1]],
    [5, 1, [1, 1, 1, 1, 1]],
    [5, 3, [2, 2, 1]],
  ])('makes up %d of batches up to %d', (count, most, sizes) => {
    const runs = batchRuns(count, batchSizesUpTo(most));
    expect(runs.map(({ size }) => size)).toEqual(sizes);
    let next = 0;
    for (const { from, size } of runs) {
      expect(from).toBe(next);
      next += size;
    }
  });

  it('finds the outputs of one member', () => {
    const outputs = { a: Float32Array.of(1, 2, 3, 4, 5, 6), b: Float32Array.of(7, 8, 9) };
    expect(outputsOf(outputs, 1, 3)).toEqual({ a: Float32Array.of(3, 4), b: Float32Array.of(8) });
    expect(outputsOf(outputs, 0, 1)).toBe(outputs);
  });
});

describe('probeBatches', () => {
  const session = (run: (dims: readonly number[]) => number[], provider = 'cuda') => {
    const shapes: (readonly number[])[] = [];
    return {
      shapes,
      provider: provider as Session['provider'],
      input: (dims: readonly number[]) => ({ dims, data: new Float32Array(1) }),
      run: async ({ dims }: { dims: readonly number[] }) => {
        shapes.push(dims);
        return Object.fromEntries(run(dims).map((length, i) => [`output${i}`, new Float32Array(length)]));
      },
    };
  };

  it.each([
    ['a CPU', session(([n]) => [n! * 4], 'cpu'), [1]],
    ['a graph that takes any number', session(([n]) => [n! * 4, n! * 2]), [1, 2, 4]],
    ['a graph that says nothing of the others', session(([n]) => [n! * 4, 2]), [1]],
    [
      'a graph that is fixed inside',
      session(([n]) => {
        if (n! > 1) throw new AppError('INFERENCE_FAILED', 'Reshape: the input tensor cannot be reshaped');
        return [4];
      }),
      [1],
    ],
  ])('knows what to give %s', async (_, probed, sizes) => {
    expect(await probeBatches(probed, [1, 3, 8, 8], 4)).toEqual(sizes);
  });

  it('does not take want of memory for a fixed graph', async () => {
    const greedy = session(() => {
      throw new AppError('INFERENCE_FAILED', 'm failed', { cause: new Error('CUDA failure 2: out of memory') });
    });
    await expect(probeBatches(greedy, [1, 3, 8, 8], 4)).rejects.toMatchObject({ code: 'INFERENCE_FAILED' });
  });
});

describe.skipIf(!requirement('shared').met)('pictures of several cameras in one batch', () => {
  const config: FaceAnalyserConfig = {
    work: 'pictures',
    detector: { model: sharedModelOr('retinaface-mobilenet025'), providers: 'auto' },
    embedder: { model: sharedModelOr('mobilefacenet-arcface-128d'), providers: 'auto' },
    landmarks: null,
    scorers: [],
    batch: { most: 4, within: 0 },
    settings: {
      inputSize: 640,
      confidence: 0.7,
      preset: 'default',
      nms: 0.4,
      maxFaces: 20,
      minFacePx: 24,
      oodThreshold: 0.4,
    },
  };
  let pictures: PixelImage[];
  beforeAll(async () => {
    const sizes = [
      [1280, 720],
      [640, 480],
      [480, 640],
      [700, 420],
      [640, 360],
      [500, 500],
      [1280, 720],
    ] as const;
    pictures = await Promise.all(
      sizes.map(([width, height], i) =>
        readPicture(faceApiPicture(((i % 6) + 1) as 1), (sharp) => sharp.resize(width, height, { fit: 'cover' })),
      ),
    );
  });

  it('give the same faces as one by one, to within rounding, whatever their sizes', async () => {
    const alone = await LocalFaceAnalyser.open(config);
    const together = await LocalFaceAnalyser.open(config, () => true);
    expect([alone.most, together.most, together.withinMs]).toEqual([1, 4, 0]);
    const batch = await together.work(pictures.map((image) => ({ image, options: {} })));
    let faces = 0;
    for (const [i, image] of pictures.entries()) {
      // The same canvases, one by one: what a batch changes is the batch alone.
      const [single] = await together.work([{ image, options: {} }]);
      const [mine, theirs] = [batch[i]!, single!];
      if (mine.status !== 'fulfilled' || theirs.status !== 'fulfilled') throw new Error('a picture failed');
      expect(mine.value.faces.length).toBe(theirs.value.faces.length);
      for (const [at, face] of mine.value.faces.entries()) {
        const same = theirs.value.faces[at]!;
        faces += 1;
        for (const side of [0, 1, 2, 3] as const) expect(face.box[side]).toBeCloseTo(same.box[side], 2);
        expect(face.confidence).toBeCloseTo(same.confidence, 4);
        expect(face.unfit).toBe(same.unfit);
        if (!face.embedding) continue;
        const cosine = face.embedding.vector.reduce((sum, v, k) => sum + v * same.embedding!.vector[k]!, 0);
        expect(cosine).toBeGreaterThan(0.9999);
      }
      // On canvases as small as the picture the network sees less padding, and nearly the same.
      const exact = await alone.analyse(image, {});
      expect(exact.faces.length).toBe(mine.value.faces.length);
    }
    expect(faces).toBeGreaterThan(12);
  });

  it('see each option of their own', async () => {
    const together = await LocalFaceAnalyser.open(config, () => true);
    const image = pictures[0]!;
    const [all, none, some, boxes] = await together.analyseAll([
      { image, options: {} },
      { image, options: { confidence: 1 } },
      { image, options: { maxFaces: 1 } },
      { image, options: { want: 'detections' } },
    ]);
    expect(none!.faces).toEqual([]);
    expect(some!.faces).toHaveLength(1);
    expect(boxes!.faces.map(({ box }) => box)).toEqual(all!.faces.map(({ box }) => box));
    expect(boxes!.faces.every(({ embedding }) => embedding === null)).toBe(true);
    expect(all!.faces.some(({ embedding }) => embedding !== null)).toBe(true);
  });

  it('cost each other nothing when one of them cannot be worked on', async () => {
    const together = await LocalFaceAnalyser.open(config, () => true);
    const broken = { width: 640, height: 480, format: 'rgb24', data: undefined as unknown as Uint8Array } as const;
    const answers = await together.work([
      { image: pictures[1]!, options: {} },
      { image: broken, options: {} },
      { image: pictures[2]!, options: {} },
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('use no shape that was not run before: the arena of a GPU would grow', async () => {
    const shapes: string[] = [];
    const input = Session.prototype.input;
    Session.prototype.input = function (dims) {
      shapes.push(`${this.model} ${dims}`);
      return input.call(this, dims);
    };
    try {
      const together = await LocalFaceAnalyser.open(config, () => true);
      const warm = new Set(shapes);
      await together.work(pictures.map((image) => ({ image, options: {} })));
      for (const [width, height] of [
        [3840, 100],
        [100, 3840],
        [17, 13],
        [1920, 1081],
      ] as const) {
        const data = new Uint8Array(width * height * 3);
        await together.analyse({ width, height, format: 'rgb24', data }, {});
      }
      expect(shapes.filter((shape) => !warm.has(shape))).toEqual([]);
      // 5 canvases × 3 sizes of batch, 5 sizes of batches of faces.
      expect(warm.size).toBe(5 * 3 + 5);
    } finally {
      Session.prototype.input = input;
    }
  });
});

/** Asked for while the tests are collected, also where they are skipped. */
function sharedModelOr(name: string): FaceAnalyserConfig['detector']['model'] {
  return requirement('shared').met ? sharedModel(name) : (null as never);
}
