import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOG } from '../../../models/catalog.ts';
import { randomNumbers } from '../../support/random-numbers.ts';
import { exportPython, requirement, sharedDir } from '../../support/requirements.ts';
import { sharedModel } from '../../support/shared-model.ts';

const SCRIPTS = fileURLToPath(new URL('../../../models/export', import.meta.url));
const HERE = import.meta.dirname;
const EXPORTABLE = [...CATALOG.values()].filter(({ exportable }) => exportable);

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-export-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Ran {
  code: number;
  out: string;
  err: string;
}

function python(args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(exportPython, args, { maxBuffer: 1 << 24 }, (error, out, err) => {
      const code = error ? (typeof error.code === 'number' ? error.code : -1) : 0;
      resolve({ code, out: String(out), err: String(err) });
    });
  });
}

const exporter = (...args: string[]) => python([join(SCRIPTS, 'export.py'), ...args]);

describe.skipIf(!requirement('python').met)('the export script', () => {
  it('compiles, every file of it', async () => {
    const files = (await readdir(SCRIPTS, { recursive: true })).filter((file) => file.endsWith('.py'));
    expect(files.length).toBeGreaterThan(8);
    const program = 'import sys; [compile(open(f).read(), f, "exec") for f in sys.argv[1:]]';
    expect(await python(['-c', program, ...files.map((file) => join(SCRIPTS, file))])).toMatchObject({ code: 0 });
  });

  it('exports exactly what the catalog says it exports, under the names that it expects', async () => {
    const { code, out } = await exporter('--list');
    expect(code).toBe(0);
    const names = out.trim().split('\n');
    expect(names.map((line) => line.split('\t')[0]).sort()).toEqual(EXPORTABLE.map(({ name }) => name).sort());
    const program =
      'import json, sys; sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True; from targets import TARGETS;' +
      'print(json.dumps({n: [t.input, list(t.outputs), t.size] for n, t in TARGETS.items()}))';
    const targets = JSON.parse((await python(['-c', program, SCRIPTS])).out) as Record<string, unknown>;
    for (const { name, input, ...rest } of EXPORTABLE) {
      const outputs = 'outputs' in rest ? Object.values(rest.outputs).map((output) => output ?? 'embedding') : [];
      const size = input.size && [...input.size].reverse();
      expect(targets[name], name).toEqual([input.name, outputs, size]);
    }
  });

  it.each<[string, string[], number, string]>([
    ['no model', [], 2, '--model NAME is missing; --list prints the names'],
    [
      'an unknown model',
      ['--model', 'resnet', 'x.pth'],
      2,
      '--model "resnet" cannot be exported; known are: retinaface-',
    ],
    [
      'no checkpoint',
      ['--model', 'rts-512d'],
      2,
      'the checkpoint is missing: export.py --model NAME CHECKPOINT [OUTPUT]',
    ],
    [
      'a checkpoint that is not there',
      ['--model', 'rts-512d', '/no/such.pth'],
      1,
      '/no/such.pth is not there, or is no file',
    ],
    ['an option that is none', ['--modle', 'x'], 2, '--modle'],
  ])('says what is wrong: %s', async (_, args, code, text) => {
    const ran = await exporter(...args);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain(text);
    expect(ran.err).not.toContain('Traceback');
  });

  it('replaces no file unasked', async () => {
    const file = join(folder, 'there.onnx');
    await writeFile(file, 'mine');
    await writeFile(join(folder, 'there.pth'), 'x');
    const ran = await exporter('--model', 'rts-512d', join(folder, 'there.pth'), file);
    expect(ran).toMatchObject({
      code: 1,
      err: expect.stringContaining(`${file} is there already; --force replaces it`),
    });
  });
});

// Importing torch alone takes seconds, and many on a busy machine.
describe.skipIf(!requirement('torch').met)(
  `an export (needs ${requirement('torch').why})`,
  { timeout: 180_000 },
  () => {
    const random = async (model: string, ...how: string[]) => {
      const file = join(folder, `${model}-${how.join('-')}.pth`);
      const ran = await python([join(HERE, 'random_checkpoint.py'), SCRIPTS, model, file, ...how]);
      expect(ran.err).toBe('');
      return file;
    };

    it.each(EXPORTABLE.map(({ name }) => name).filter((name) => !/resnet101|w600k|rts/.test(name)))(
      'of %s answers in onnxruntime as in PyTorch',
      async (model) => {
        const ran = await exporter(
          '--check',
          '--model',
          model,
          await random(model, 'wrapped'),
          join(folder, `${model}.onnx`),
        );
        expect(ran.err).toBe('');
        expect(ran.out).toMatch(/checked .* off by/);
        expect(ran.out).toContain(`facegate models add`);
      },
    );

    it('reads both public layouts of RetinaFace', async () => {
      const file = join(folder, 'other.onnx');
      const ran = await exporter(
        '--check',
        '--model',
        'retinaface-mobilenet1.0',
        await random('retinaface-mobilenet1.0', 'yakhyo'),
        file,
      );
      expect(ran).toMatchObject({ code: 0, err: '' });
    });

    it.each<[string, () => Promise<string>, string]>([
      ['a checkpoint of another network', () => random('minifasnet-v2-crop2.7'), 'the checkpoint is not rts-512d: '],
      ['text', () => text('hello'), 'is no PyTorch checkpoint'],
      ['an empty file', () => text(''), 'is no PyTorch checkpoint'],
      ['a pickle that would run code', code, 'is no file of weights alone'],
      ['a whole pickled model', wholeModel, 'is no file of weights alone'],
    ])('is refused for %s, without a stack trace and without a file', async (_, make, message) => {
      const file = join(folder, 'refused.onnx');
      const ran = await exporter('--model', 'rts-512d', await make(), file);
      expect(ran.code).toBe(1);
      expect(ran.err).toContain(message);
      expect(ran.err).not.toContain('Traceback');
      expect(await readdir(folder)).not.toContain('refused.onnx');
      expect((await readdir(folder)).filter((name) => name.endsWith('.tmp') || name === 'ran')).toEqual([]);
    });

    async function text(content: string): Promise<string> {
      const file = join(folder, 'text.pth');
      await writeFile(file, content);
      return file;
    }

    async function code(): Promise<string> {
      const file = join(folder, 'code.pth');
      await writeFile(file, `cos\nsystem\n(S'touch ${folder}/ran'\ntR.`);
      return file;
    }

    async function wholeModel(): Promise<string> {
      const file = join(folder, 'whole.pth');
      await python(['-c', `import sys, torch; torch.save(torch.nn.Linear(1, 1), sys.argv[1])`, file]);
      return file;
    }

    it.skipIf(!requirement('shared').met).each([
      ['retinaface-mobilenet025', [1, 3, 640, 640]],
      ['minifasnet-v2-crop2.7', [1, 3, 80, 80]],
      ['minifasnet-v1se-crop4.0', [1, 3, 80, 80]],
    ])('of the real weights of %s answers as the published file', async (model, dims) => {
      const published = join(sharedDir, 'models', `${model}.onnx`);
      const checkpoint = join(folder, `${model}-real.pth`);
      const made = await python([join(HERE, 'checkpoint_from_onnx.py'), SCRIPTS, model, published, checkpoint]);
      expect(made).toMatchObject({ code: 0, err: '' });
      const file = join(folder, `${model}-real.onnx`);
      expect(await exporter('--model', model, checkpoint, file)).toMatchObject({ code: 0, err: '' });
      const { entry } = sharedModel(model);
      const next = randomNumbers(5);
      const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () => next() * 255 - 100);
      const feeds = { [entry.input.name]: new ort.Tensor('float32', data, dims) };
      const [ours, theirs] = await Promise.all(
        [file, published].map(async (path) => (await ort.InferenceSession.create(path)).run(feeds)),
      );
      for (const [name, { data: wanted }] of Object.entries(theirs!)) {
        const got = ours![name]!.data as Float32Array;
        const largest = (wanted as Float32Array).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const off = (wanted as Float32Array).reduce((most, value, at) => Math.max(most, Math.abs(value - got[at]!)), 0);
        expect(off / largest, name).toBeLessThan(1e-4);
      }
    });
  },
);
