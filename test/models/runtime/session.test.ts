import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogEntry } from '../../../models/catalog.ts';
import { Session } from '../../../models/runtime/session.ts';
import type { ResolvedModel } from '../../../models/store.ts';
import { starterModels } from '../../support/ready-models.ts';
import { requirement } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

let folder: string;
let landmarks: ResolvedModel;
const shape = [1, 3, 112, 112];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-session-'));
  landmarks = (await starterModels()).landmarks;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const open = (model: ResolvedModel, providers: 'auto' | string[] = 'auto', warmUp = [shape]) =>
  Session.open(model, { providers, warmUp });

describe('Session', () => {
  it('runs a network and says what it runs on', async () => {
    const session = await open(landmarks);
    expect(session).toMatchObject({
      provider: 'cpu',
      degraded: false,
      requested: 'auto',
      model: 'starter-landmarks68',
      passedOver: [],
    });
    expect(session.nodes.cpu).toBeGreaterThan(10);
    const input = session.input(shape);
    input.data.fill(0.1);
    const first = (await session.run(input)).landmarks!.slice();
    input.data.fill(-0.3);
    const second = (await session.run(input)).landmarks!;
    expect(first).toHaveLength(136);
    expect(first.every(Number.isFinite)).toBe(true);
    expect([...second]).not.toEqual([...first]);
    await session.close();
  });

  it('says which network failed on which input', async () => {
    const session = await open(landmarks);
    await expect(session.run(session.input([1, 4, 112, 112]))).rejects.toMatchObject({
      code: 'INFERENCE_FAILED',
      message: 'starter-landmarks68 failed on an input of [1, 4, 112, 112]',
    });
    // And is none the worse for it.
    await session.run(session.input(shape));
    await session.close();
  });

  it.each([[['cuda']], [['CUDAExecutionProvider']]])(
    'fails on %j alone where the libraries are not there, and says what to install',
    async (providers) => {
      await expect(open(landmarks, providers)).rejects.toMatchObject({
        code: 'MODEL_PROVIDER_UNAVAILABLE',
        message: expect.stringMatching(
          /^the execution provider cuda cannot run starter-landmarks68: .*npm run gpu:install/,
        ),
      });
    },
  );

  it('falls back to the CPU where that was allowed, and says that it did', async () => {
    const session = await open(landmarks, ['dml', 'coreml', 'cpu']);
    expect(session).toMatchObject({
      provider: 'cpu',
      degraded: true,
      passedOver: [
        { provider: 'dml', why: expect.stringContaining('Windows only') },
        { provider: 'coreml', why: expect.stringContaining('macOS only') },
      ],
    });
    await session.close();
  });

  it('is not degraded where the CPU was asked for by its own name', async () => {
    const session = await open(landmarks, ['CPUExecutionProvider']);
    expect(session).toMatchObject({ provider: 'cpu', degraded: false });
    await session.close();
  });

  it('refuses a provider that nobody knows', async () => {
    await expect(open(landmarks, ['gpu', 'cpu'])).rejects.toMatchObject({ code: 'MODEL_PROVIDER_UNAVAILABLE' });
  });

  it('refuses a file that is no model', async () => {
    const path = join(folder, 'text.onnx');
    await writeFile(path, 'not a model');
    await expect(open({ ...landmarks, path })).rejects.toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining(path),
    });
  });

  it('says where it looked for a file that is gone', async () => {
    const path = join(folder, 'gone.onnx');
    await expect(open({ ...landmarks, path })).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      message: expect.stringContaining(path),
    });
  });

  it('refuses a network that is another one than the entry says', async () => {
    const entry = { ...landmarks.entry, outputs: { landmarks: 'points' } } as CatalogEntry;
    await expect(open({ ...landmarks, entry })).rejects.toMatchObject({
      code: 'MODEL_CONTRACT_MISMATCH',
      message: 'starter-landmarks68: expected output "points" float32 [1, 136], got outputs "landmarks"',
    });
  });

  it('leaves no profile behind', async () => {
    const profiles = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('facegate-profile-'));
    const before = new Set(await profiles());
    const session = await open(landmarks);
    await session.close();
    await expect(open({ ...landmarks, path: join(folder, 'gone.onnx') })).rejects.toThrow();
    const mine = (await profiles()).filter((name) => !before.has(name));
    // Other tests may be in the middle of theirs: only what stays counts.
    await expect
      .poll(async () => (await profiles()).filter((name) => mine.includes(name)), { timeout: 5000 })
      .toEqual([]);
  });

  describe.skipIf(!requirement('shared').met)('with the published weights', () => {
    it('refuses a model file with one byte changed', async () => {
      const model = sharedModel('retinaface-mobilenet025');
      const bytes = await readFile(model.path);
      bytes[bytes.length >> 1]! ^= 1;
      const path = join(folder, 'changed.onnx');
      await writeFile(path, bytes);
      await expect(open({ ...model, path }, 'auto', [[1, 3, 320, 320]])).rejects.toMatchObject({
        code: 'MODEL_CHECKSUM_MISMATCH',
        message: expect.stringContaining(path),
      });
    });

    it('opens RetinaFace at any size that is a multiple of 32', async () => {
      const shapes = [
        [1, 3, 96, 160],
        [1, 3, 320, 320],
      ];
      const session = await open(sharedModel('retinaface-mobilenet025'), 'auto', shapes);
      const outputs = await session.run(session.input([1, 3, 64, 128]));
      expect(outputs['593']!.length).toBe((16 * 8 + 8 * 4 + 4 * 2) * 2 * 2);
      await session.close();
    });
  });
});
