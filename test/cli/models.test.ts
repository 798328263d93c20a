import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { starterModels } from '../support/ready-models.ts';
import { requirement, sharedDir } from '../support/requirements.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-models-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Ran {
  code: number;
  out: string;
  err: string;
}

function models(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const own = { PATH: process.env.PATH ?? '', HOME: folder, FACEGATE_HOME: join(folder, 'home'), ...env };
  return new Promise((done) => {
    execFile(process.execPath, [main, 'models', ...args], { cwd: folder, env: own }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

describe('facegate models', () => {
  it('lists what is known, for people and for programs', async () => {
    const [table, json] = await Promise.all([models(['list']), models(['list', '--json'])]);
    expect(table.out).toMatch(/^NAME +TASK +HERE +LICENCE +WHERE$/m);
    expect(table.out).toMatch(
      /^curricularface-ir101-512d +embedder +no +MIT .* bring your own: facegate models info curricularface-ir101-512d$/m,
    );
    const list = JSON.parse(json.out) as { name: string; here: boolean; obtain: string | null }[];
    expect(list.find(({ name }) => name === 'retinaface-resnet50')).toMatchObject({
      here: false,
      task: 'detector',
      path: null,
      obtain: 'bring your own: facegate models info retinaface-resnet50',
    });
  });

  it('tells how to get what is not here, without asking the network', async () => {
    const { code, out } = await models(['info', 'rts-512d']);
    expect(code).toBe(0);
    expect(out).toMatch(/^file +not here$/m);
    expect(out).toMatch(/^to get it +Get pytorch_model\.bin of damo\/cv_ir_face-recognition-ood_rts/m);
    expect(out).toMatch(/^rests on +published, not measured by us/m);
  });

  it.each<[string[], number, string]>([
    [['info', 'retinaface-resnet5'], 78, 'did you mean "retinaface-resnet50"?'],
    [['pull', 'minifasnett'], 78, 'did you mean "minifasnet"?'],
    [['verify', 'nothing'], 78, 'model "nothing" is not in the catalog'],
    [['add', 'x.onnx'], 2, 'which model is x.onnx? facegate models add x.onnx --as NAME'],
    [['add', 'x.onnx', '--as', 'minifasnet'], 2, 'stands for several models; name one: minifasnet-v2-crop2.7, '],
    [['add', 'x.onnx', '--as', 'rts-512d'], 1, 'the model file x.onnx is not there'],
    [['add', 'x.onnx', '--as', 'starter-dlib-128d'], 78, 'is built by facegate; it cannot be brought'],
    [['add', 'x.onnx', '--as', 'rts-512d', '--picture', 'no.jpg'], 2, 'the picture no.jpg cannot be read'],
    [['pull', 'retinaface-resnet50'], 1, 'facegate models add FILE --as retinaface-resnet50. Get Resnet50_Final.pth'],
    [['info', './no such.onnx'], 1, 'no such.onnx is not there'],
  ])('says what is wrong: %j', async (args, code, text) => {
    const ran = await models(args);
    expect(ran.err).toContain(text);
    expect(ran.code).toBe(code);
    expect(ran.err).not.toMatch(/^ +at /m);
  });

  it('gives the command that exports a checkpoint, which runs as it is printed', async () => {
    const file = join(folder, "my model's weights.pth");
    writeFileSync(file, Buffer.from([0x80, 2, 0x8a]));
    const { code, err } = await models(['add', file, '--as', 'rts-512d']);
    expect(code).toBe(1);
    const command = /^facegate: +(python3 .*)$/m.exec(err)![1]!;
    if (!requirement('python').met) return;
    const ran = await new Promise<string>((done) => {
      execFile('sh', ['-c', command], { cwd: folder }, (_, __, text) => done(text));
    });
    // It came as far as it could: to PyTorch, or to the damaged file.
    expect(ran).toMatch(/is not installed|is no PyTorch checkpoint|is no file of weights alone/);
  });

  it('ends with 1 where a file is wrong, and with 0 where all are right', async () => {
    const dir = join(folder, 'checked/models');
    mkdirSync(dir, { recursive: true });
    const { landmarks } = await starterModels();
    const name = landmarks.path.split('/').at(-1)!;
    copyFileSync(landmarks.path, join(dir, name));
    const env = { FACEGATE_HOME: join(folder, 'checked') };
    expect(await models(['verify'], env)).toMatchObject({ code: 0, out: expect.stringContaining(' good ') });
    writeFileSync(join(dir, 'yunet-2023mar.onnx'), 'damaged');
    const wrong = await models(['verify', '--json'], env);
    expect(wrong.code).toBe(1);
    expect(JSON.parse(wrong.out)).toMatchObject([
      { model: 'yunet-2023mar', state: 'wrong' },
      { model: 'starter-landmarks68', state: 'good' },
    ]);
    expect((await models(['verify', 'starter-landmarks68'], env)).code).toBe(0);
  });

  it.skipIf(!requirement('shared').met)(
    "adds a file of one's own, uses it, and notices when it is changed",
    async () => {
      const env = { FACEGATE_HOME: join(folder, 'own') };
      const file = join(sharedDir, 'models/research/w600k-mbf-int8-512d.onnx');
      const added = await models(['add', file, '--as', 'arcface-w600k-512d'], env);
      expect(added.err).toContain('trying ');
      expect(added).toMatchObject({
        code: 0,
        out: expect.stringMatching(/found a face like its mirror image by 0\.\d\d/),
      });
      const dir = join(folder, 'own/models');
      const ours = readdirSync(dir).filter((name) => !name.startsWith('starter-'));
      expect(ours.sort()).toEqual(['arcface-w600k-512d.added.json', 'arcface-w600k-512d.onnx']);
      const info = await models(['info', 'arcface-w600k-512d'], env);
      expect(info.out).toMatch(/^model +arcface-w600k-512d@7caa7fb0$/m);
      expect(info.out).toMatch(/^output +516 float32 \[1, 512\]$/m);
      expect(info.out).toMatch(/^on cpu +yes, [\d.]+ ms a run$/m);
      expect((await models(['list'], env)).out).toMatch(/^arcface-w600k-512d +embedder +added /m);
      const path = join(dir, 'arcface-w600k-512d.onnx');
      const bytes = readFileSync(path);
      bytes[1000]! ^= 1;
      writeFileSync(path, bytes);
      expect((await models(['info', 'arcface-w600k-512d'], env)).err).toContain('is not the file that was added on ');
      expect((await models(['verify', 'arcface-w600k-512d'], env)).code).toBe(1);
    },
  );
});
