import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open as openFile, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppError } from '../../config/app-error.ts';
import { noteAddedModel } from '../../models/added-models.ts';
import { CATALOG, type CatalogEntry } from '../../models/catalog.ts';
import { type ModelStore, type ModelStoreOptions, openModelStore } from '../../models/store.ts';
import { recordedLog } from '../support/recorded-log.ts';
import {
  cutAt,
  hang,
  notFound,
  redirectTo,
  serve,
  serveWithoutRanges,
  startWeightsServer,
  type WeightsServer,
} from '../support/weights-server.ts';

const NAME = 'retinaface-mobilenet025';
/** Weights of our own, so that these tests need no published file. */
const weights = Buffer.alloc(300_000, 'facegate').map((byte, at) => byte ^ (at % 251));
const sha256 = createHash('sha256').update(weights).digest('hex');
/** `fetch` refuses this port before anything leaves the machine. */
const NOBODY = 'http://127.0.0.1:9/';

let folder: string;
let dir: string;
let mirror: string;
let server: WeightsServer;
let log: ReturnType<typeof recordedLog>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-store-'));
  dir = join(folder, 'data/models');
  mirror = join(folder, 'mirror');
  await mkdir(mirror);
  server = await startWeightsServer();
  log = recordedLog();
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

/** What a log of this test says that is a warning. */
const warnings = () => log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);

/** A store whose catalog has the weights of this file under the name of a real entry. */
function open(options: Partial<ModelStoreOptions> = {}, entry: Partial<CatalogEntry> = {}): ModelStore {
  const own = { ...CATALOG.get(NAME)!, url: NOBODY, sha256, bytes: weights.length, ...entry } as CatalogEntry;
  const catalog = new Map([...CATALOG, [NAME, own]]);
  return openModelStore({
    dir,
    mirrors: [],
    starter: false,
    log,
    systemDir: join(folder, 'system'),
    catalog,
    ...options,
  });
}

async function put(path: string, bytes: Uint8Array = weights): Promise<string> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

const failure = (work: Promise<unknown>): Promise<AppError> =>
  work.then(
    () => expect.fail('expected it to fail'),
    (error: AppError) => error,
  );

describe('a model is looked for', () => {
  it('in the data folder first', async () => {
    const path = await put(join(dir, `${NAME}.onnx`));
    await put(join(mirror, `${NAME}.onnx`));
    expect((await open({ mirrors: [mirror] }).resolve(NAME)).path).toBe(path);
  });

  it('then in the folder of its family', async () => {
    const path = await put(join(folder, 'system/retinaface', `${NAME}.onnx`));
    await put(join(mirror, `${NAME}.onnx`));
    expect((await open({ mirrors: [mirror] }).resolve(NAME)).path).toBe(path);
  });

  it('then at the mirrors in their order, where folders are used in place', async () => {
    const path = await put(join(mirror, `${NAME}.onnx`));
    server.answer(serve(weights));
    const found = await open({ mirrors: [join(folder, 'no such'), mirror, server.url] }).resolve(NAME);
    expect(found).toMatchObject({ path, origin: `mirror ${mirror}` });
    expect(await readdir(folder)).not.toContain('data');
    expect(server.requests).toEqual([]);
  });

  it('in a mirror given as a file URL', async () => {
    const path = await put(join(mirror, `${NAME}.onnx`));
    expect((await open({ mirrors: [pathToFileURL(mirror).href] }).resolve(NAME)).path).toBe(path);
  });

  it('then at an HTTP mirror, under its catalog name, and kept in the data folder', async () => {
    server.answer(serve(weights));
    const found = await open({ mirrors: [`${server.url}/weights/`] }).resolve(NAME);
    expect(server.requests).toEqual([`GET /weights/${NAME}.onnx`]);
    expect(found).toMatchObject({ path: join(dir, `${NAME}.onnx`), origin: `${server.url}/weights/${NAME}.onnx` });
    expect(await readdir(dir)).toEqual([`${NAME}.onnx`]);
    expect(Buffer.compare(await readFile(found.path), weights)).toBe(0);
  });

  it('at last at the URL of the catalog, also through a redirect', async () => {
    server.answer(redirectTo('/elsewhere'), serve(weights));
    const found = await open({}, { url: `${server.url}/FaceDetector.onnx` }).resolve(NAME);
    expect(server.requests).toEqual(['GET /FaceDetector.onnx', 'GET /elsewhere']);
    expect(found.path).toBe(join(dir, `${NAME}.onnx`));
  });

  it('once for callers that ask at the same time', async () => {
    server.answer(serve(weights));
    const store = open({ mirrors: [server.url] });
    const [first, second] = await Promise.all([store.resolve(NAME), store.resolve(NAME)]);
    expect(second.path).toBe(first.path);
    expect(server.requests).toHaveLength(1);
  });

  it('by two stores at the same time without spoiling the file', async () => {
    server.answer(serve(weights));
    const found = await Promise.all([1, 2, 3].map(() => open({ mirrors: [server.url] }).resolve(NAME)));
    for (const { path } of found) expect(Buffer.compare(await readFile(path), weights)).toBe(0);
    expect(await readdir(dir)).toEqual([`${NAME}.onnx`]);
  });

  it('without the network when offline', async () => {
    server.answer(serve(weights));
    const error = await failure(open({ mirrors: [server.url], offline: true }).resolve(NAME));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message).toContain(`${server.url}/${NAME}.onnx: not asked (offline)`);
    expect(server.requests).toEqual([]);
  });
});

describe('a download', () => {
  it('reports its progress up to the size of the file', async () => {
    server.answer(serve(weights));
    const seen: [number, number | null][] = [];
    await open({ mirrors: [server.url] }).resolve(NAME, { onProgress: (done, total) => seen.push([done, total]) });
    expect(seen[0]).toEqual([0, weights.length]);
    expect(seen.at(-1)).toEqual([weights.length, weights.length]);
    expect(seen.map(([done]) => done)).toEqual(seen.map(([done]) => done).sort((a, b) => a - b));
  });

  it('that is cut goes on where it stopped', async () => {
    server.answer(cutAt(weights, 100_000), serve(weights));
    await open({ mirrors: [server.url] }).resolve(NAME);
    expect(server.requests).toEqual([`GET /${NAME}.onnx`, `GET /${NAME}.onnx bytes=100000-`]);
    expect(Buffer.compare(await readFile(join(dir, `${NAME}.onnx`)), weights)).toBe(0);
  });

  it('that is cut for good is continued by the next call', async () => {
    server.answer(cutAt(weights, 100_000), notFound);
    const error = await failure(open({ mirrors: [server.url] }).resolve(NAME));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(await readdir(dir)).toEqual([`${NAME}.onnx.part`]);
    server.requests.length = 0;
    server.answer(serve(weights));
    await open({ mirrors: [server.url] }).resolve(NAME);
    expect(server.requests).toEqual([`GET /${NAME}.onnx bytes=100000-`]);
    expect(await readdir(dir)).toEqual([`${NAME}.onnx`]);
  });

  it('starts anew at a server that knows no ranges', async () => {
    await put(join(dir, `${NAME}.onnx.part`), weights.subarray(0, 50_000));
    server.answer(serveWithoutRanges(weights));
    await open({ mirrors: [server.url] }).resolve(NAME);
    expect(Buffer.compare(await readFile(join(dir, `${NAME}.onnx`)), weights)).toBe(0);
  });

  it('starts anew when what was left of an earlier one is wrong', async () => {
    await put(join(dir, `${NAME}.onnx.part`), Buffer.alloc(50_000, 1));
    server.answer(serve(weights));
    await open({ mirrors: [server.url] }).resolve(NAME);
    expect(server.requests).toEqual([`GET /${NAME}.onnx bytes=50000-`, `GET /${NAME}.onnx`]);
    expect(Buffer.compare(await readFile(join(dir, `${NAME}.onnx`)), weights)).toBe(0);
  });

  it('does not mind the lock of a process that is gone', async () => {
    await put(join(dir, `${NAME}.onnx.part.lock`), Buffer.from(`${process.pid}`));
    await put(join(dir, `${NAME}.onnx.part`), weights.subarray(0, 50_000));
    server.answer(serve(weights));
    await open({ mirrors: [server.url] }).resolve(NAME);
    expect(server.requests).toEqual([`GET /${NAME}.onnx bytes=50000-`]);
  });

  it.each<[string, Uint8Array, string]>([
    ['other bytes of the same size', weights.map((byte) => byte ^ 1), 'got [0-9a-f]{64}'],
    ['a longer file', Buffer.concat([weights, weights]), 'got a file of 600000 bytes instead of 300000'],
    ['a web page', Buffer.from('<!doctype html>'), 'got a file of 15 bytes instead of 300000'],
  ])('of %s is reported, not kept, and the next place is tried', async (_, bytes, got) => {
    server.answer(serve(bytes));
    const error = await failure(open({ mirrors: [server.url] }).resolve(NAME));
    expect(error.code).toBe('MODEL_CHECKSUM_MISMATCH');
    expect(error.message).toMatch(new RegExp(`/${NAME}.onnx: another file \\(expected SHA-256 ${sha256}, ${got}\\)`));
    expect(await readdir(dir)).toEqual([]);
    expect(warnings()).toEqual([expect.stringContaining('another file')]);
    const path = await put(join(mirror, `${NAME}.onnx`));
    expect((await open({ mirrors: [server.url, mirror] }).resolve(NAME)).path).toBe(path);
  });

  it('that goes on without end is stopped at the size of the file', async () => {
    let sent = 0;
    server.answer((_, response) => {
      response.writeHead(200);
      const more = () => {
        while (response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      more();
    });
    const error = await failure(open({ mirrors: [server.url] }).resolve(NAME));
    expect(error.message).toContain('got more than 300000 bytes');
    expect(await readdir(dir)).toEqual([]);
    expect(sent).toBeLessThan(100_000_000);
  });

  it('from a server that never answers is given up after five seconds', async () => {
    server.answer(hang);
    const began = performance.now();
    const error = await failure(open({ mirrors: [server.url] }).resolve(NAME));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message).toContain(`${server.url}/${NAME}.onnx: no answer in 5000 ms`);
    expect(performance.now() - began).toBeLessThan(8000);
  });

  it('can be cancelled', async () => {
    server.answer(hang);
    const cancel = new AbortController();
    const work = failure(open({ mirrors: [server.url] }).resolve(NAME, { signal: cancel.signal }));
    cancel.abort();
    expect(await work).toMatchObject({ code: 'MODEL_DOWNLOAD_FAILED', message: expect.stringContaining('cancelled') });
  });

  it('says so when this machine cannot store it', async () => {
    // A file where the folder should be.
    await put(join(folder, 'data'), Buffer.from('in the way'));
    server.answer(serve(weights));
    const error = await failure(open({ mirrors: [server.url] }).resolve(NAME));
    expect(error.code).toBe('MODEL_DOWNLOAD_FAILED');
    expect(error.message).toContain(`cannot store ${join(dir, `${NAME}.onnx`)}`);
  });

  it('sends the credentials of a mirror and shows them to nobody', async () => {
    let authorization: string | undefined;
    server.answer((request, response) => {
      ({ authorization } = request.headers);
      notFound(request, response);
    });
    const url = server.url.replace('://', '://ada:S3cret%40@');
    const error = await failure(open({ mirrors: [`${url}/weights?token=T0ken`] }).resolve(NAME));
    expect(authorization).toBe(`Basic ${Buffer.from('ada:S3cret@').toString('base64')}`);
    expect(server.requests).toEqual([`GET /weights/${NAME}.onnx?token=T0ken`]);
    for (const text of [error.message, JSON.stringify(error.details), JSON.stringify(log.lines)]) {
      expect(text).not.toMatch(/S3cret|T0ken|ada/);
    }
  });
});

describe('a file with other bytes', () => {
  it('in the data folder is an error that says how to mend it', async () => {
    const path = await put(join(dir, `${NAME}.onnx`), Buffer.from('damaged'));
    await put(join(mirror, `${NAME}.onnx`));
    const error = await failure(open({ mirrors: [mirror] }).resolve(NAME));
    const got = createHash('sha256').update('damaged').digest('hex');
    expect(error.code).toBe('MODEL_CHECKSUM_MISMATCH');
    expect(error.message).toBe(
      `${path} is not the file that the catalog names: expected SHA-256 ${sha256}, got ${got}. Delete it: it is then fetched again`,
    );
  });

  it('in a mirror folder is reported, and the next place is tried', async () => {
    const wrong = await put(join(mirror, `${NAME}.onnx`), Buffer.from('damaged'));
    server.answer(serve(weights));
    const found = await open({ mirrors: [mirror, server.url] }).resolve(NAME);
    expect(found.path).toBe(join(dir, `${NAME}.onnx`));
    expect(warnings()).toEqual([expect.stringContaining(`${wrong}: another file (expected SHA-256 ${sha256}, got`)]);
  });

  it('never passes, whichever byte it is', async () => {
    const path = join(dir, `${NAME}.onnx`);
    const store = open();
    for (let mutation = 0; mutation < 50; mutation += 1) {
      const bytes = Uint8Array.from(weights);
      bytes[(mutation * 6113) % bytes.length]! ^= 1 << (mutation % 8);
      await put(path, bytes);
      expect((await failure(store.resolve(NAME))).code).toBe('MODEL_CHECKSUM_MISMATCH');
    }
    await put(path);
    expect((await store.resolve(NAME)).path).toBe(path);
  });

  it('is not listed as present', async () => {
    await put(join(dir, `${NAME}.onnx`), Buffer.from('damaged'));
    expect((await open().list()).find(({ entry }) => entry.name === NAME)).toMatchObject({
      present: false,
      path: null,
    });
  });
});

describe('a model that is nowhere', () => {
  it('gives an error that lists every place, what was there, and what to do', async () => {
    await put(join(mirror, 'FaceDetector.onnx'));
    await mkdir(join(dir, `${NAME}.onnx`), { recursive: true });
    server.answer(notFound);
    const other = 'mobilefacenet-arcface-128d';
    const catalog = new Map([
      ...CATALOG,
      [NAME, { ...CATALOG.get(NAME)!, url: NOBODY, sha256: '0'.repeat(64) } as CatalogEntry],
      [other, { ...CATALOG.get(other)!, sha256 } as CatalogEntry],
    ]);
    await put(join(mirror, `${other}.onnx`));
    const mirrors = [mirror, server.url, 'ftp://mirror.example/x', 'http://'];
    const error = await failure(open({ mirrors, catalog }).resolve(NAME));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message.split('\n')).toEqual([
      `model "${NAME}" was not found; looked at:`,
      `  ${dir}/${NAME}.onnx: is not a file`,
      `  ${folder}/system/retinaface/${NAME}.onnx: not there (no such folder)`,
      `  ${mirror}/${NAME}.onnx: not there (has FaceDetector.onnx, ${other}.onnx)`,
      `  ${server.url}/${NAME}.onnx: answered 404 Not Found`,
      '  mirror ftp://mirror.example/x: is neither a folder nor an http or https URL',
      '  mirror http://: is not a valid URL',
      expect.stringMatching(/^ {2}http:\/\/127\.0\.0\.1:9\/: could not be read \(.+\)$/),
      `on this machine are: ${other}`,
      `put ${NAME}.onnx into one of these folders, or name a folder or URL that has it with FACEGATE_MODEL_MIRROR`,
    ]);
    expect(error.details).toMatchObject({ model: NAME, present: [other] });
  });

  it.each<[string, string]>([
    ['retinaface-mobilnet025', 'did you mean "retinaface-mobilenet025"? known are: retinaface-mobilenet025, '],
    ['mobilefacenet', 'did you mean "mobilefacenet-arcface-128d"?'],
    ['yunnet', 'did you mean "yunet-2023mar"?'],
    ['liveness', 'known are: retinaface-mobilenet025,'],
    ['zzz', 'known are: retinaface-mobilenet025, retinaface-mobilenet1.0, retinaface-resnet50, '],
  ])('because "%s" is no name of the catalog gives the nearest name', async (name, text) => {
    const error = await failure(open().resolve(name));
    expect(error.code).toBe('MODEL_UNKNOWN');
    expect(error.message).toContain(`model "${name}" is not in the catalog; ${text}`);
    expect(error.message).toContain('\non this machine are: none');
  });

  it('because no such scorer is known names the scorers alone, and what a pair of them is called', async () => {
    const error = await failure(open({ catalog: CATALOG }).resolve('liveness', { task: 'scorer' }));
    const scorers = 'known scorers are: minifasnet-v2-crop2.7, minifasnet-v1se-crop4.0, minifasnet\n';
    expect(error.message).toContain(`model "liveness" is not in the catalog; ${scorers}`);
  });

  it.each([
    ['../../etc/passwd', 'CONFIG_INVALID'],
    ['a/b', 'CONFIG_INVALID'],
    ['retinaface-mobilenet025.onnx/..', 'CONFIG_INVALID'],
    ['..', 'MODEL_UNKNOWN'],
    ['', 'MODEL_UNKNOWN'],
    ['A'.repeat(70), 'MODEL_UNKNOWN'],
    ['x\0', 'MODEL_UNKNOWN'],
  ])('because %j is neither a name nor an absolute path touches no file', async (name, code) => {
    expect(await failure(open({ mirrors: [mirror] }).resolve(name))).toMatchObject({ code });
    expect(await readdir(folder)).toEqual(['mirror']);
  });
});

describe('FACEGATE_MODELS_DIR', () => {
  it('is looked into right after the data folder, before the folder of the family', async () => {
    const path = await put(join(folder, 'mine', `${NAME}.onnx`));
    await put(join(folder, 'system/retinaface', `${NAME}.onnx`));
    const store = open({ folder: join(folder, 'mine') });
    expect(await store.resolve(NAME)).toMatchObject({ path, origin: `FACEGATE_MODELS_DIR ${join(folder, 'mine')}` });
    const own = await put(join(dir, `${NAME}.onnx`));
    expect((await store.resolve(NAME)).path).toBe(own);
  });

  it('is named among the places where a model is not', async () => {
    const error = await failure(open({ folder: join(folder, 'mine'), offline: true }).resolve(NAME));
    expect(error.message.split('\n').slice(1, 4)).toEqual([
      `  ${dir}/${NAME}.onnx: not there (no such folder)`,
      `  ${folder}/mine/${NAME}.onnx: not there (no such folder)`,
      `  ${folder}/system/retinaface/${NAME}.onnx: not there (no such folder)`,
    ]);
  });
});

describe('a model that was added', () => {
  const brought = { url: null, sha256: null, bytes: null };
  const note = (hash: string) =>
    noteAddedModel(dir, NAME, { sha256: hash, bytes: 3, from: 'mine.onnx', addedAt: '2026-11-21T10:00:00.000Z' });

  it('is compared with what was noted on the day when it was added', async () => {
    const path = await put(join(dir, `${NAME}.onnx`));
    await note(sha256);
    expect(await open({}, brought).resolve(NAME)).toMatchObject({ path, entry: { sha256 } });
    await writeFile(path, 'something else');
    const error = await failure(open({}, brought).resolve(NAME));
    expect(error.code).toBe('MODEL_CHECKSUM_MISMATCH');
    expect(error.message).toContain(
      `${path} is not the file that was added on 2026-11-21: expected SHA-256 ${sha256}, got `,
    );
    expect(error.message).toContain(`Add it again: facegate models add FILE --as ${NAME}`);
    expect((await open({}, brought).list()).find(({ entry }) => entry.name === NAME)!.present).toBe(false);
  });

  it('takes the place of the bytes that the catalog names, which stay good as well', async () => {
    const own = Buffer.from('an export of my own');
    const path = await put(join(dir, `${NAME}.onnx`), own);
    const hash = createHash('sha256').update(own).digest('hex');
    expect((await failure(open().resolve(NAME))).code).toBe('MODEL_CHECKSUM_MISMATCH');
    await note(hash);
    expect(await open().resolve(NAME)).toMatchObject({ path, entry: { sha256: hash } });
    await writeFile(path, weights);
    expect(await open().resolve(NAME)).toMatchObject({ entry: { sha256 } });
  });

  it.each(['', '{', '{"version":2}', '{"version":1,"sha256":"no","bytes":1,"from":"x","addedAt":"2026"}'])(
    'is not taken on trust where its note is damaged: %j',
    async (text) => {
      await put(join(dir, `${NAME}.onnx`));
      await writeFile(join(dir, `${NAME}.added.json`), text);
      const error = await failure(open({}, brought).resolve(NAME));
      expect(error).toMatchObject({ code: 'MODEL_INVALID', message: expect.stringContaining(`${NAME}.added.json`) });
    },
  );

  it('is listed with what was noted', async () => {
    await put(join(dir, `${NAME}.onnx`));
    await note(sha256);
    const listing = (await open({}, brought).list()).find(({ entry }) => entry.name === NAME)!;
    expect(listing).toMatchObject({ present: true, sha256, added: { from: 'mine.onnx' } });
  });
});

describe('embedders of other bytes than the catalog names', () => {
  const EMBEDDER = 'curricularface-ir101-512d';

  it('have names of their own, so that their embeddings never meet', async () => {
    const path = await put(join(dir, `${EMBEDDER}.onnx`));
    const one = await open().resolve(EMBEDDER);
    await writeFile(path, 'other weights of that architecture');
    const other = await open().resolve(EMBEDDER);
    expect(one.entry.name).toBe(`${EMBEDDER}@${sha256.slice(0, 8)}`);
    expect(other.entry.name).toMatch(/^curricularface-ir101-512d@[0-9a-f]{8}$/);
    expect(other.entry.name).not.toBe(one.entry.name);
    await writeFile(path, weights);
    expect((await open().resolve(EMBEDDER)).entry.name).toBe(one.entry.name);
  });
});

describe('a PyTorch checkpoint', () => {
  /** What `torch.save` writes: an archive whose first member is the pickle. */
  const archive = Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(26), Buffer.from('m/data.pkl'), weights]);
  const pickle = Buffer.concat([Buffer.from([0x80, 0x02, 0x8a, 0x0a]), weights]);

  it.each<[string, Buffer]>([
    ['archive', archive],
    ['pickle', pickle],
  ])('under the name of the model gives the command that exports it (%s)', async (_, bytes) => {
    const path = await put(join(dir, `${NAME}.onnx`), bytes);
    const error = await failure(open({}, { url: null, sha256: null, bytes: null }).resolve(NAME));
    expect(error.code).toBe('MODEL_INVALID');
    expect(error.message).toContain(`${path} is a PyTorch checkpoint`);
    expect(error.message).toMatch(
      new RegExp(`python3 models/export/export\\.py --check --model ${NAME} ${path} .*\\.export\\.onnx`),
    );
    expect(error.message).toContain(`--as ${NAME}`);
  });

  it('beside the place of a model is found, also under the name of its publisher', async () => {
    const path = await put(join(folder, 'system/retinaface/Resnet50_Final.pth'), archive);
    const error = await failure(open().resolve('retinaface-resnet50'));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message).toContain(`python3 models/export/export.py --check --model retinaface-resnet50 ${path} `);
  });

  it.each(['pth', 'pt', 'onnx'])(
    'at a path of the settings is recognised by its content, as .%s',
    async (extension) => {
      const path = await put(join(folder, `my weights.${extension}`), archive);
      const error = await failure(open().resolve(path));
      expect(error.code).toBe('MODEL_INVALID');
      expect(error.message).toContain(`--model NAME '${path}'`);
      expect(error.message).toContain('where NAME is one of: retinaface-mobilenet025, ');
    },
  );
});

describe('a path', () => {
  it('is the entry of the same SHA-256, whatever it is called', async () => {
    const path = await put(join(folder, 'x/whatever.onnx'));
    expect(await open().resolve(path)).toMatchObject({ path, entry: { name: NAME, sha256 } });
  });

  it.each(['retinaface-resnet50.onnx', 'Resnet50_Final.onnx', 'RESNET50_FINAL.onnx'])(
    'is the entry that has its name: %s',
    async (file) => {
      const path = await put(join(folder, file), Buffer.from([8, 1]));
      expect(await open().resolve(path)).toMatchObject({ path, entry: { name: 'retinaface-resnet50' } });
    },
  );

  it('is refused where it has the name of a model of other bytes', async () => {
    const path = await put(join(folder, `${NAME}.onnx`), Buffer.from([8, 2]));
    const error = await failure(open().resolve(path));
    expect(error.code).toBe('MODEL_CHECKSUM_MISMATCH');
    expect(error.message).toContain(`facegate models add ${path} --as ${NAME}`);
  });

  const tensor = (name: string, shape: (number | string)[]) => ({ name, type: 'float32', shape });
  const facts = { bytes: 1, sha256: '', producer: null, opset: 17 };
  const rts = {
    ...facts,
    inputs: [tensor('input', ['n', 3, 112, 112])],
    outputs: [tensor('embedding', ['n', 512]), tensor('logvar', ['n', 1])],
  };
  const scrfd = {
    ...facts,
    inputs: [tensor('input.1', [1, 3, 640, 640])],
    outputs: [
      ...[8, 16, 32].map((step) => tensor(`score_${step}`, [1, 9, 1])),
      ...[8, 16, 32].map((step) => tensor(`bbox_${step}`, [1, 9, 4])),
      ...[8, 16, 32].map((step) => tensor(`kps_${step}`, [1, 9, 10])),
    ],
  };

  it('is the only entry that its inputs and outputs fit, also where a graph edit will free its size', async () => {
    const path = await put(join(folder, 'mystery.onnx'), Buffer.from([8, 7]));
    const found = await open({ inspect: async () => scrfd }).resolve(path);
    expect(found.entry.name).toBe('scrfd-500m-bnkps');
  });

  it('is the entry that asks for all of its outputs, where others ask for some of them', async () => {
    const path = await put(join(folder, 'mystery.onnx'), Buffer.from([8, 7]));
    const found = await open({ inspect: async () => rts }).resolve(path, { task: 'embedder' });
    expect(found.entry.name).toMatch(/^rts-512d@/);
  });

  it('says what to type where several entries fit', async () => {
    const path = await put(join(folder, 'mystery.onnx'), Buffer.from([8, 7]));
    const liveness = { ...facts, inputs: [tensor('input', ['n', 3, 80, 80])], outputs: [tensor('output', ['n', 3])] };
    const error = await failure(open({ inspect: async () => liveness }).resolve(path, { task: 'scorer' }));
    expect(error.code).toBe('MODEL_UNKNOWN');
    expect(error.message).toContain('fit several models: minifasnet-v2-crop2.7, minifasnet-v1se-crop4.0');
    expect(error.message).toContain(`facegate models add ${path} --as minifasnet-v2-crop2.7`);
  });

  it('says which there are where none of the task fits', async () => {
    const path = await put(join(folder, 'mystery.onnx'), Buffer.from([8, 7]));
    const error = await failure(open({ inspect: async () => rts }).resolve(path, { task: 'detector' }));
    expect(error.message).toContain('fit no detector of the catalog (retinaface-mobilenet025, ');
    expect(error.message).toContain(`facegate models add ${path} --as NAME`);
    expect(error.message).not.toContain('rts-512d');
  });

  it('of no file lists what lies there, what is here, and the nearest name', async () => {
    await put(join(dir, `${NAME}.onnx`));
    await put(join(folder, 'x/FaceDetector.onnx'));
    const error = await failure(open().resolve(join(folder, 'x/retinaface-mobilenet25.onnx')));
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message.split('\n')).toEqual([
      `the model file ${folder}/x/retinaface-mobilenet25.onnx is not there (has FaceDetector.onnx)`,
      `on this machine are: ${NAME}`,
      `did you mean the model "${NAME}"?`,
    ]);
  });

  it('of no file names the one beside it that was meant', async () => {
    await put(join(folder, 'x/face-detector.onnx'));
    const error = await failure(open().resolve(join(folder, 'x/face-detecter.onnx')));
    expect(error.message).toContain(`did you mean ${folder}/x/face-detector.onnx?`);
  });

  it('of a folder or a file of 2 GiB is refused before it is read', async () => {
    const path = join(folder, 'huge.onnx');
    const file = await openFile(path, 'w');
    await file.truncate(2 ** 31);
    await file.close();
    expect(await failure(open().resolve(path))).toMatchObject({
      code: 'MODEL_INVALID',
      message: expect.stringContaining('has 2147483648 bytes; a model has fewer than 2147483648'),
    });
    await mkdir(join(folder, 'a.onnx'));
    expect(await failure(open().resolve(join(folder, 'a.onnx')))).toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('a model that a person brings', () => {
  const brought = { url: null, sha256: null, bytes: null };

  it.each(['data/models', 'system/retinaface', 'mirror'])('is taken as it lies in %s', async (place) => {
    const path = await put(join(folder, place, `${NAME}.onnx`));
    const store = open({ mirrors: [mirror] }, brought);
    expect((await store.resolve(NAME)).path).toBe(path);
    expect((await store.list()).find(({ entry }) => entry.name === NAME)).toMatchObject({ present: true, path });
  });

  it('is fetched from nowhere, for nothing is known to check it by', async () => {
    server.answer(serve(weights));
    const error = await failure(
      open({ mirrors: [server.url] }, { ...brought, licence: 'research only', obtain: 'Ask its makers' }).resolve(NAME),
    );
    expect(error.code).toBe('MODEL_NOT_FOUND');
    expect(error.message).toContain('not asked (no SHA-256 is known to check it by)');
    expect(error.message).toContain(
      `facegate fetches no such file (licence: research only): facegate models add FILE --as ${NAME}. Ask its makers`,
    );
    expect(server.requests).toEqual([]);
  });

  it('is the only kind without a SHA-256, so that nothing is fetched unchecked', () => {
    for (const { name, url, sha256 } of CATALOG.values()) expect(url === null || sha256 !== null, name).toBe(true);
  });

  it('is the only way to a network under a non-commercial licence', () => {
    const restricted = [...CATALOG.values()].filter(({ licence }) => /non-commercial|research/i.test(licence));
    expect(restricted.map(({ name }) => name)).toContain('scrfd-500m-bnkps');
    for (const { name, url } of restricted) expect(url, name).toBeNull();
  });
});

describe('list', () => {
  it('tells of every catalog entry whether it is here, and fetches nothing', async () => {
    const path = await put(join(mirror, `${NAME}.onnx`));
    server.answer(serve(weights));
    const listings = await open({ mirrors: [mirror, server.url], starter: true }).list();
    expect(listings.map(({ entry }) => entry.name)).toEqual([...CATALOG.keys()]);
    expect(listings.filter(({ present }) => present)).toEqual([
      {
        entry: expect.objectContaining({ name: NAME }),
        present: true,
        path,
        bytes: (await stat(path)).size,
        sha256,
        added: null,
      },
    ]);
    expect(server.requests).toEqual([]);
  });
});
