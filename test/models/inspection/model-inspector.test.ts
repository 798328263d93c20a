import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AppError } from '../../../config/app-error.ts';
import { ModelInspector, type ModelInspectorOptions } from '../../../models/inspection/model-inspector.ts';
import { GraphBuilder } from '../../../models/onnx/graph-builder.ts';
import { readOnnx, writeOnnx } from '../../../models/onnx/onnx-file.ts';
import type { ResolvedModel } from '../../../models/store.ts';
import { faceApiPicture } from '../../support/face-api-picture.ts';
import { readPicture } from '../../support/read-picture.ts';
import { starterModels } from '../../support/ready-models.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const bad = (options: ModelInspectorOptions = {}) =>
  new ModelInspector({ entry: new URL('../../support/bad-inspector.ts', import.meta.url), ...options });
const describing = (path: string) => ({ type: 'describe', path }) as const;
const failure = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => expect.fail('expected it to fail'),
    (error: AppError) => error,
  );
const isRunning = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('a process that looks into models', () => {
  it.each<[string, ModelInspectorOptions, string]>([
    ['crash', {}, 'ended with signal SIGABRT'],
    ['end', {}, 'ended with exit code 3'],
    ['hang', { deadlineMs: 800 }, 'had no answer within 800 ms'],
    ['silent', { deadlineMs: 800 }, 'had no answer within 800 ms'],
    ['hog', { memoryLimitMb: 400 }, 'MiB of memory, at most 400 are given'],
  ])('is replaced when a file makes it %s, and the file is to blame', async (what, options, why) => {
    await using inspector = bad(options);
    const first = await inspector.ask(describing('fine'));
    const error = await failure(inspector.ask(describing(what)));
    expect(error.code).toBe('MODEL_INVALID');
    expect(error.message).toContain(why);
    const next = await inspector.ask(describing('fine'));
    expect(next.bytes).not.toBe(first.bytes);
    expect(isRunning(first.bytes)).toBe(false);
    expect(inspector.started).toBe(2);
  });

  it('answers questions one after the other, also those behind one that fails', async () => {
    await using inspector = bad();
    const asked = ['fine', 'crash', 'fine', 'fine'].map((what) => inspector.ask(describing(what)));
    const settled = await Promise.allSettled(asked);
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(inspector.started).toBe(2);
  });

  it('is gone when close resolves, however often it is called, also in the middle of a question', async () => {
    const inspector = bad();
    const { bytes: pid } = await inspector.ask(describing('fine'));
    const waiting = failure(inspector.ask(describing('silent')));
    await Promise.all([inspector.close(), inspector.close()]);
    expect(isRunning(pid)).toBe(false);
    expect((await waiting).code).toBe('INFERENCE_CLOSED');
    await inspector.close();
    expect((await failure(inspector.ask(describing('fine')))).code).toBe('INFERENCE_CLOSED');
  });

  it('is not started before it is asked', async () => {
    const inspector = bad();
    await inspector.close();
    expect(inspector.started).toBe(0);
  });
});

describe('looking into a file', () => {
  let folder: string;
  let inspector: ModelInspector;
  let graph: Uint8Array;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facegate-inspect-'));
    inspector = new ModelInspector();
    const builder = new GraphBuilder('small');
    const input = builder.input('pixels', ['n', 3, 112, 112]);
    const weights = builder.floats(new Float32Array(3 * 8), [8, 3, 1, 1]);
    const mixed = builder.node('Conv', [input, weights], { kernel_shape: [1, 1] });
    builder.output('numbers', builder.node('Flatten', [builder.node('GlobalAveragePool', [mixed])]), ['n', 8]);
    graph = builder.build();
  });
  afterAll(async () => {
    await inspector.close();
    await rm(folder, { recursive: true });
  });
  const file = async (bytes: Uint8Array | string) => {
    const path = join(folder, 'file.onnx');
    await writeFile(path, bytes);
    return path;
  };

  it('tells inputs and outputs as the file has them, without its weights', async () => {
    expect(await inspector.ask(describing(await file(graph)))).toMatchObject({
      bytes: graph.length,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      producer: 'facegate',
      opset: 17,
      inputs: [{ name: 'pixels', type: 'float32', shape: ['n', 3, 112, 112] }],
      outputs: [{ name: 'numbers', type: 'float32', shape: ['n', 8] }],
    });
  });

  it.each<[string, () => Uint8Array | string, string]>([
    ['nothing', () => '', 'is empty'],
    ['text', () => 'once upon a time', 'is a text file, not a model'],
    ['half of a model', () => graph.subarray(0, graph.length / 2), 'not an ONNX model'],
    [
      'a Git LFS pointer',
      () => 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n',
      'is a Git LFS pointer',
    ],
    ['a login page', () => '<!doctype html><title>Log in</title>', 'is a web page, not a model'],
  ])('refuses %s', async (_, bytes, message) => {
    const error = await failure(inspector.ask(describing(await file(bytes()))));
    expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining(message) });
  });

  it('refuses a model that keeps tensors in other files, also where nothing edits its graph', async () => {
    const model = readOnnx(graph);
    model.graph.initializer[0]!.externalData = [{ key: 'location', value: '/etc/passwd' }];
    model.graph.initializer[0]!.dataLocation = 1;
    const path = await file(writeOnnx(model));
    const message = expect.stringContaining('in another file; only models of a single file are accepted');
    expect(await failure(inspector.ask(describing(path)))).toMatchObject({ code: 'MODEL_INVALID', message });
    const { embedder } = await starterModels();
    const asked = { entry: { ...embedder.entry, sha256: null }, path, origin: 'a test' } as ResolvedModel;
    expect(await failure(inspector.ask({ type: 'load', model: asked }))).toMatchObject({
      code: 'MODEL_INVALID',
      message,
    });
  });

  it('refuses a PyTorch checkpoint with the command that exports it', async () => {
    const path = await file(Buffer.from([0x80, 0x02, 0x8a, 0x0a, 0x6c]));
    const error = await failure(inspector.ask(describing(path)));
    expect(error.message).toContain('is a PyTorch checkpoint (pickle), not an ONNX model; export it, then add it:');
  });

  it('says that a file is not there', async () => {
    const error = await failure(inspector.ask(describing(join(folder, 'no such.onnx'))));
    expect(error.code).toBe('MODEL_NOT_FOUND');
  });

  it('loads a model, and says what it takes', async () => {
    const { landmarks } = await starterModels();
    const loaded = await inspector.ask({ type: 'load', model: landmarks });
    expect(loaded.provider).toBe('cpu');
    expect(loaded.memoryMb).toBeLessThan(500);
  });

  it('asks each provider by itself', async () => {
    const { landmarks: model } = await starterModels();
    const cpu = await inspector.ask({ type: 'provider', model, provider: 'cpu' });
    expect(cpu).toMatchObject({ provider: 'cpu', why: null, latencyMs: expect.any(Number) });
    const other = await inspector.ask({ type: 'provider', model, provider: 'coreml' });
    expect(other).toMatchObject({ latencyMs: null, why: expect.stringContaining('coreml') });
  });
});

describe('trying a model on a real face', () => {
  it('lets a detector find it, and an embedder know it in the mirror', async () => {
    const { detector, landmarks, embedder } = await starterModels();
    const picture = await readPicture(faceApiPicture(1));
    await using inspector = new ModelInspector();
    const helper = { detector, landmarks };
    const trial = await inspector.ask({ type: 'face', model: embedder, helper, picture });
    expect(trial.found).toMatch(
      /^found a face like its mirror image by 0\.\d\d, like another face by 0\.\d\d \(cosine\)$/,
    );
    const blank = { ...picture, data: new Uint8Array(picture.data.length) };
    expect(await failure(inspector.ask({ type: 'face', model: embedder, helper, picture: blank }))).toMatchObject({
      code: 'FACE_NOT_FOUND',
    });
  });

  it.skipIf(!requirement('shared').met)('tells the detectors and scorers that there are', async () => {
    const picture = await readPicture(faceApiPicture(1));
    await using inspector = new ModelInspector();
    const detector = sharedModel('retinaface-mobilenet025');
    const helper = { detector, landmarks: null };
    const ask = (model: ResolvedModel) => inspector.ask({ type: 'face', model, helper, picture });
    expect((await ask(detector)).found).toMatch(/^found \d+ faces, the surest with /);
    expect((await ask(sharedModel('yunet-2023mar'))).found).toMatch(/^found /);
    expect((await ask(sharedModel('minifasnet-v2-crop2.7'))).found).toMatch(/^gave a face \d\.\d{3}$/);
    const blank = { ...picture, data: new Uint8Array(picture.data.length) };
    expect(await failure(inspector.ask({ type: 'face', model: detector, helper: null, picture: blank }))).toMatchObject(
      {
        code: 'MODEL_CONTRACT_MISMATCH',
        message: 'retinaface-mobilenet025: expected a face to be found in the picture, got none',
      },
    );
  });

  it.each([
    ['zeros', 0, 'expected a vector of numbers that are not all zero'],
    ['the same for everything', 1, 'expected a face to be more like itself in the mirror than like another face'],
  ])('refuses an embedder that answers with %s', async (_, value, message) => {
    const { detector, landmarks, embedder } = await starterModels();
    const folder = await mkdtemp(join(tmpdir(), 'facegate-inspect-'));
    try {
      const builder = new GraphBuilder('constant');
      const input = builder.input('input', ['n', 3, 150, 150]);
      const pooled = builder.node('Flatten', [builder.node('GlobalAveragePool', [input])]);
      const zero = builder.node('Mul', [pooled, builder.floats([0, 0, 0], [3])]);
      const wide = builder.node('Gemm', [
        zero,
        builder.floats(new Float32Array(3 * 128), [3, 128]),
        builder.floats(new Float32Array(128).fill(value), [128]),
      ]);
      builder.output('embedding', wide, ['n', 128]);
      const path = join(folder, 'constant.onnx');
      await writeFile(path, builder.build());
      await using inspector = new ModelInspector();
      const model = { ...embedder, path, entry: { ...embedder.entry, sha256: null } } as ResolvedModel;
      const picture = await readPicture(faceApiPicture(1));
      const error = await failure(inspector.ask({ type: 'face', model, helper: { detector, landmarks }, picture }));
      expect(error).toMatchObject({ code: 'MODEL_CONTRACT_MISMATCH', message: expect.stringContaining(message) });
      expect((await readFile(path)).length).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
