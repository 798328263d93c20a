import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../config/app-error.ts';
import { type AddModelOptions, addModel } from '../../models/add-model.ts';
import { readAddedModels } from '../../models/added-models.ts';
import { type CatalogEntry, catalogEntry } from '../../models/catalog.ts';
import { ModelInspector } from '../../models/inspection/model-inspector.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { faceApiPicture } from '../support/face-api-picture.ts';
import { readPicture } from '../support/read-picture.ts';
import { starterModels } from '../support/ready-models.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

/** Real networks that are there on any machine, as if a person brought them. */
const brought = (name: string) => ({ ...catalogEntry(name), builtFrom: null }) as CatalogEntry;
const EMBEDDER = 'starter-dlib-128d';

let models: Awaited<ReturnType<typeof starterModels>>;
let picture: PixelImage;
let inspector: ModelInspector;
let folder: string;
let dir: string;

beforeAll(async () => {
  models = await starterModels();
  picture = await readPicture(faceApiPicture(1));
  inspector = new ModelInspector();
});
afterAll(() => inspector.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-add-'));
  dir = join(folder, 'data/models');
});
afterEach(() => rm(folder, { recursive: true }));

const add = (file: string, options: Partial<AddModelOptions> = {}) =>
  addModel({
    file,
    entry: brought(EMBEDDER),
    dir,
    picture,
    helper: async () => ({ detector: models.detector, landmarks: models.landmarks }),
    inspector,
    now: new Date('2026-11-21T10:00:00Z'),
    ...options,
  });
const failure = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => expect.fail('expected it to fail'),
    (error: AppError) => error,
  );
const leftBehind = () => readdir(dir).catch(() => []);

describe('addModel', () => {
  it('takes a file that knows a face in the mirror, and notes its SHA-256', async () => {
    const file = join(folder, 'my model.onnx');
    await copyFile(models.embedder.path, file);
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    const added = await add(file);
    expect(added).toMatchObject({ path: join(dir, `${EMBEDDER}.onnx`), sha256 });
    expect(added.found).toContain('like its mirror image');
    expect((await leftBehind()).sort()).toEqual([`${EMBEDDER}.added.json`, `${EMBEDDER}.onnx`]);
    expect(Buffer.compare(await readFile(added.path), await readFile(file))).toBe(0);
    const addedAt = '2026-11-21T10:00:00.000Z';
    expect([...(await readAddedModels(dir))]).toEqual([
      [EMBEDDER, { sha256, bytes: added.bytes, from: 'my model.onnx', addedAt }],
    ]);
  });

  it('keeps what was added before, and takes a new one in the place of an old one', async () => {
    await add(models.embedder.path, { entry: { ...brought(EMBEDDER), name: 'one' } as CatalogEntry });
    await add(models.embedder.path, { entry: { ...brought(EMBEDDER), name: 'two' } as CatalogEntry });
    await add(models.embedder.path, {
      entry: { ...brought(EMBEDDER), name: 'one' } as CatalogEntry,
      now: new Date('2027-01-01T00:00:00Z'),
    });
    const records = await readAddedModels(dir);
    expect([...records.keys()].sort()).toEqual(['one', 'two']);
    expect(records.get('one')!.addedAt).toBe('2027-01-01T00:00:00.000Z');
  });

  it('accepts what is not there yet only whole: a file that changes while it is copied is what was hashed', async () => {
    const file = join(folder, 'm.onnx');
    await copyFile(models.embedder.path, file);
    const helper = async () => {
      // After the copy, before the trial: whoever swaps the original now changes nothing.
      await writeFile(file, 'something else');
      return { detector: models.detector, landmarks: models.landmarks };
    };
    const { path, sha256 } = await add(file, { helper });
    expect(
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ).toBe(sha256);
  });

  it.each<[string, () => Promise<string>, Partial<CatalogEntry>, string, string]>([
    [
      'another width',
      async () => models.embedder.path,
      { embedding: { width: 512, cropSize: 150, alignment: 'dlib' } } as Partial<CatalogEntry>,
      'MODEL_CONTRACT_MISMATCH',
      'starter-dlib-128d: expected output "embedding" float32 [1, 512], got float32 [n, 128]',
    ],
    [
      'another input size',
      async () => models.landmarks.path,
      {},
      'MODEL_CONTRACT_MISMATCH',
      'starter-dlib-128d: expected input "input" float32 [1, 3, 150, 150], got float32 [n, 3, 112, 112]',
    ],
    [
      'an output too few',
      async () => models.embedder.path,
      { outputs: { embedding: 'embedding', logVariance: 'logvar' } } as Partial<CatalogEntry>,
      'MODEL_CONTRACT_MISMATCH',
      'expected output "logvar" float32 [1, 1], got outputs "embedding"',
    ],
    ['no file', async () => join(folder, 'no such.onnx'), {}, 'MODEL_NOT_FOUND', 'no such.onnx is not there'],
    ['a folder', async () => folder, {}, 'MODEL_NOT_FOUND', 'is a folder'],
    ['text', () => put('hello.onnx', 'hello'), {}, 'MODEL_INVALID', 'hello.onnx is a text file, not a model'],
    ['bytes of another kind', () => put('b.onnx', '\u0001\u0002'), {}, 'MODEL_INVALID', 'b.onnx: not an ONNX model'],
    ['nothing', () => put('empty.onnx', ''), {}, 'MODEL_INVALID', 'empty.onnx is empty'],
    ['a checkpoint', () => put('m.pth', '\u0080\u0002}q'), {}, 'MODEL_INVALID', 'is a PyTorch checkpoint (pickle)'],
    [
      'a model that facegate builds itself',
      async () => models.embedder.path,
      { builtFrom: 'starter' },
      'MODEL_CONTRACT_MISMATCH',
      'is built by facegate; it cannot be brought',
    ],
  ])('refuses %s, and leaves nothing behind', async (_, file, change, code, message) => {
    const entry = { ...brought(EMBEDDER), ...change } as CatalogEntry;
    const error = await failure(add(await file(), { entry }));
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('.tmp');
    if (code === 'MODEL_CONTRACT_MISMATCH' && !entry.builtFrom)
      expect(error.message).toContain('.onnx cannot be added: ');
    expect(await leftBehind()).toEqual([]);
  });

  it('notes both of two that are added at once', async () => {
    const names = ['one', 'two', 'three', 'four'];
    const entry = (name: string) => ({ ...brought(EMBEDDER), name }) as CatalogEntry;
    await Promise.all(names.map((name) => add(models.embedder.path, { entry: entry(name) })));
    expect([...(await readAddedModels(dir)).keys()].sort()).toEqual([...names].sort());
  });

  it('makes the data folder for its owner alone: faces and keys will lie there', async () => {
    const home = join(folder, 'home');
    await add(models.embedder.path, { dir: join(home, 'models') });
    expect((await stat(home)).mode & 0o777).toBe(0o700);
  });

  it.skipIf(!requirement('shared').met)('refuses a file that the catalog knows as another model', async () => {
    const file = join(sharedDir, 'models', 'mobilefacenet-arcface-128d.onnx');
    const error = await failure(add(file));
    expect(error).toMatchObject({
      code: 'MODEL_CONTRACT_MISMATCH',
      message: expect.stringContaining('got mobilefacenet-arcface-128d (by its SHA-256)'),
    });
    expect(error.message).toContain(`${file} cannot be added`);
  });

  it('keeps the old file where the new one is refused', async () => {
    await add(models.embedder.path);
    const before = await readFile(join(dir, `${EMBEDDER}.added.json`), 'utf8');
    await failure(add(models.landmarks.path));
    expect((await leftBehind()).sort()).toEqual([`${EMBEDDER}.added.json`, `${EMBEDDER}.onnx`]);
    expect(await readFile(join(dir, `${EMBEDDER}.added.json`), 'utf8')).toBe(before);
  });

  it('refuses a picture without a face, for that says nothing of the model', async () => {
    const blank = { ...picture, data: new Uint8Array(picture.data.length) };
    const error = await failure(add(models.embedder.path, { picture: blank }));
    expect(error.code).toBe('FACE_NOT_FOUND');
    expect(await leftBehind()).toEqual([]);
  });

  async function put(name: string, content: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, content, 'latin1');
    return path;
  }
});
