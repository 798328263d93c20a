import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOG, type CatalogEntry, catalogEntry } from '../../../models/catalog.ts';
import { buildStarterModel, findStarterModel } from '../../../models/starter/build-starter-model.ts';
import { findFaceApiPackage, readFaceApiWeights } from '../../../models/starter/face-api-weights.ts';
import { openModelStore } from '../../../models/store.ts';
import { recordedLog } from '../../support/recorded-log.ts';

/** The version that the expected numbers and file hashes belong to. */
const VERSION = '1.7.15';
const installed = createRequire(import.meta.url)('@vladmandic/face-api/package.json').version;

/** 0..255, the same every time. */
function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 7;
  for (let at = 0; at < length; at += 1) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[at] = state >>> 24;
  }
  return bytes;
}

/** Interleaved RGB bytes as the entry's network wants them. */
function inputOf({ input }: CatalogEntry, batch = 1): ort.Tensor {
  const [width, height] = input.size!;
  const pixels = noise(width * height * 3);
  const data = new Float32Array(batch * pixels.length);
  for (let at = 0; at < data.length; at += 1) {
    const channel = Math.floor(at / (width * height)) % 3;
    const pixel = at % (width * height);
    data[at] = (pixels[pixel * 3 + channel]! - input.mean[channel]!) / input.std[channel]!;
  }
  return new ort.Tensor('float32', data, [batch, 3, height, width]);
}

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'facegate-starter-'));
});
afterAll(() => rm(dir, { recursive: true }));

describe.skipIf(installed !== VERSION)(`the starter models from @vladmandic/face-api ${VERSION}`, () => {
  // What face-api itself (tfjs, CPU backend) answers to the same pixels; its boxes put into pixels and x before y.
  it.each<[string, Record<string, { dims: number[]; at: number; values: number[]; within: number }[]>]>([
    [
      'starter-ssd-mobilenetv1',
      {
        boxes: [
          { dims: [5118, 4], at: 0, values: [5.82121, 1.29191, 29.22364, 31.5744], within: 0.01 },
          { dims: [5118, 4], at: 5117 * 4, values: [137.47241, -90.61768, 376.66376, 659.96997], within: 0.01 },
        ],
        confidence: [
          { dims: [5118], at: 0, values: [0.0040989], within: 1e-6 },
          { dims: [5118], at: 2500, values: [0.0002482], within: 1e-6 },
          { dims: [5118], at: 5117, values: [0.0033479], within: 1e-6 },
        ],
      },
    ],
    [
      'starter-landmarks68',
      {
        landmarks: [
          { dims: [136], at: 0, values: [0.27559, 0.362785, 0.34289, 0.409046, 0.377041, 0.4983], within: 1e-5 },
        ],
      },
    ],
    [
      'starter-dlib-128d',
      {
        embedding: [
          {
            dims: [128],
            at: 0,
            values: [-0.076895, 0.094266, 0.009854, -0.025717, -0.164539, -0.044792],
            within: 1e-5,
          },
        ],
      },
    ],
  ])('%s answers what face-api answers, alone and in a batch', async (name, expected) => {
    const entry = catalogEntry(name);
    const { path } = await buildStarterModel(name, dir);
    const session = await ort.InferenceSession.create(path, { intraOpNumThreads: 1 });
    for (const batch of [1, 2]) {
      const outputs = await session.run({ [entry.input.name]: inputOf(entry, batch) });
      expect(Object.keys(outputs).sort()).toEqual(
        Object.values('outputs' in entry ? (entry.outputs as Record<string, string>) : {}).sort(),
      );
      for (const [output, samples] of Object.entries(expected)) {
        const data = outputs[output]!.data as Float32Array;
        for (const { dims, at, values, within } of samples) {
          expect(outputs[output]!.dims).toEqual([batch, ...dims]);
          for (const [offset, value] of values.entries()) {
            const got = data[(batch - 1) * (data.length / batch) + at + offset]!;
            expect(Math.abs(got - value), `${output}[${at + offset}] is ${got}`).toBeLessThan(within);
          }
        }
      }
    }
    await session.release();
  });

  it('are built the same way every time, and found again instead of built again', async () => {
    const name = 'starter-landmarks68';
    const first = await buildStarterModel(name, dir);
    const elsewhere = await buildStarterModel(name, join(dir, 'elsewhere'));
    expect(elsewhere.sha256).toBe(first.sha256);
    expect(await findStarterModel(name, dir)).toEqual(first);
    expect(await buildStarterModel(name, dir)).toEqual(first);
  });

  it('change their revision when what is built changes', async () => {
    // Not the same any more? Raise REVISION in build-starter-model.ts, then write the new names here.
    for (const name of [...CATALOG.values()].filter((e) => e.builtFrom === 'starter').map((e) => e.name)) {
      await buildStarterModel(name, dir);
    }
    expect((await readdir(dir)).filter((file) => file.endsWith('.onnx')).sort()).toEqual([
      'starter-dlib-128d-1.7.15-r1-cbc965573e0a2514.onnx',
      'starter-landmarks68-1.7.15-r1-5c41c8e3420911bc.onnx',
      'starter-ssd-mobilenetv1-1.7.15-r1-67e58064ae6315e4.onnx',
    ]);
  });

  it('are built again when their file was damaged', async () => {
    const name = 'starter-landmarks68';
    const { path, sha256 } = await buildStarterModel(name, dir);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1]! ^= 1;
    await writeFile(path, bytes);
    expect(await findStarterModel(name, dir)).toBeNull();
    expect((await buildStarterModel(name, dir)).sha256).toBe(sha256);
    expect(await findStarterModel(name, dir)).toMatchObject({ path, sha256 });
  });
});

describe('a store', () => {
  it('builds starter models only where they are allowed', async () => {
    const closed = openModelStore({ dir, mirrors: [], starter: false, log: recordedLog() });
    await expect(closed.resolve('starter-dlib-128d')).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('"starter-dlib-128d" is a starter model, for the demo and for tests only'),
    });
    const opened = openModelStore({ dir, mirrors: [], starter: true, log: recordedLog() });
    const { path, origin } = await opened.resolve('starter-landmarks68');
    expect(origin).toBe('built here from the npm package @vladmandic/face-api');
    expect((await opened.list()).find(({ entry }) => entry.name === 'starter-landmarks68')).toMatchObject({
      present: true,
      path,
    });
  });
});

describe('a package that is not installed', () => {
  it('gives an error that says how to install it', async () => {
    await expect(buildStarterModel('starter-landmarks68', dir, async () => null)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining('npm i @vladmandic/face-api'),
    });
  });
});

describe('the weights of a package that is damaged', () => {
  it('give an error that names the network and what is wrong', async () => {
    const from = (await findFaceApiPackage())!;
    const missing = { folder: join(dir, 'none'), version: '9.9.9' };
    await expect(readFaceApiWeights(missing, 'face_landmark_68')).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringMatching(
        /^the face_landmark_68 weights of @vladmandic\/face-api 9\.9\.9 in .*none cannot be read: ENOENT/,
      ),
    });
    const weights = await readFaceApiWeights(from, 'face_landmark_68');
    expect(() => weights('dense9/conv0/bias')).toThrow('have no tensor "dense9/conv0/bias"');
  });
});
