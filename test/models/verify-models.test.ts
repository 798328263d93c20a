import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { noteAddedModel } from '../../models/added-models.ts';
import { CATALOG, type CatalogEntry } from '../../models/catalog.ts';
import { buildStarterModel } from '../../models/starter/build-starter-model.ts';
import { verifyModels } from '../../models/verify-models.ts';

const NAME = 'retinaface-mobilenet025';
const weights = Buffer.from('the weights');
const sha256 = createHash('sha256').update(weights).digest('hex');
const catalog = new Map([...CATALOG, [NAME, { ...CATALOG.get(NAME)!, sha256 } as CatalogEntry]]);

let folder: string;
let dir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-verify-'));
  dir = join(folder, 'models');
});
afterEach(() => rm(folder, { recursive: true }));

const verify = (names: string[] | null = null) =>
  verifyModels({
    dir,
    folder: join(folder, 'mine'),
    systemDir: join(folder, 'system'),
    mirrors: [join(folder, 'mirror'), 'https://mirror.example/x'],
    names: names && new Set(names),
    catalog,
  });
async function put(path: string, bytes: string | Buffer = weights): Promise<string> {
  await mkdir(dirname(join(folder, path)), { recursive: true });
  await writeFile(join(folder, path), bytes);
  return join(folder, path);
}

describe('verifyModels', () => {
  it('finds nothing where nothing is', async () => {
    expect(await verify()).toEqual([]);
  });

  it('hashes what lies in each place that a model is taken from', async () => {
    const good = await Promise.all(
      [`models/${NAME}.onnx`, `mine/${NAME}.onnx`, `mirror/${NAME}.onnx`].map((path) => put(path)),
    );
    const wrong = await put(`system/retinaface/${NAME}.onnx`, 'other bytes');
    const verified = await verify();
    const why = 'as the catalog names it';
    expect(verified).toEqual([
      { model: NAME, path: good[0], state: 'good', sha256, why },
      { model: NAME, path: good[1], state: 'good', sha256, why },
      { model: NAME, path: wrong, state: 'wrong', sha256: expect.any(String), why: `expected SHA-256 ${sha256}` },
      { model: NAME, path: good[2], state: 'good', sha256, why },
    ]);
  });

  it('compares a file that was added with what was noted, and knows nothing of one that just lies there', async () => {
    const path = await put('models/rts-512d.onnx');
    expect(await verify()).toMatchObject([{ model: 'rts-512d', path, state: 'unknown' }]);
    expect((await verify())[0]!.why).toContain(`facegate models add ${path} --as rts-512d`);
    await noteAddedModel(dir, 'rts-512d', { sha256, bytes: 1, from: 'x', addedAt: '2026-11-21T10:00:00.000Z' });
    expect(await verify()).toMatchObject([{ state: 'good', why: 'as it was added on 2026-11-21' }]);
    await put('models/rts-512d.onnx', 'changed');
    expect(await verify()).toMatchObject([{ state: 'wrong' }]);
  });

  it('tells a checkpoint under the name of a model, a folder, and a file of no known name', async () => {
    await put('models/rts-512d.onnx', Buffer.from([0x80, 2, 0x8a]));
    await mkdir(join(dir, `${NAME}.onnx`));
    await put('models/mystery.onnx');
    expect((await verify()).map(({ model, state, why }) => [model, state, why])).toEqual([
      [NAME, 'wrong', 'is not a file'],
      ['rts-512d', 'wrong', 'is a PyTorch checkpoint (pickle)'],
      [null, 'unknown', 'has the name of no model; it is never used'],
    ]);
  });

  it('knows the starter models by the SHA-256 in their names', async () => {
    const { path } = await buildStarterModel('starter-landmarks68', dir);
    expect(await verify()).toMatchObject([{ model: 'starter-landmarks68', path, state: 'good' }]);
    await writeFile(path, 'meddled with');
    expect(await verify()).toMatchObject([{ model: 'starter-landmarks68', path, state: 'wrong' }]);
  });

  it('looks at the named ones only', async () => {
    await put(`models/${NAME}.onnx`, 'wrong');
    await put('models/rts-512d.onnx');
    await put('models/mystery.onnx');
    expect((await verify(['rts-512d'])).map(({ model }) => model)).toEqual(['rts-512d']);
  });
});
