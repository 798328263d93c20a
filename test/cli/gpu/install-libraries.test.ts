import { createHash } from 'node:crypto';
import { access, chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type InstallOptions, installLibraries } from '../../../cli/gpu/install-libraries.ts';
import { runtimePackage } from '../../../cli/gpu/runtime-package.ts';
import { runtimeFolder } from '../../../models/runtime/runtime-folder.ts';
import { nugetServer, zipOf } from '../../support/nuget-server.ts';

const wanted = runtimePackage('linux/x64');
const library = (name: string) => Buffer.from(`the library ${name} `.repeat(5000));
const contents = Object.fromEntries(wanted.files.map(({ entry, name }) => [entry, library(name)]));
const manifest = (id = wanted.id, version = wanted.version) =>
  `<?xml version="1.0"?><package><metadata><id>${id}</id><version>${version}</version></metadata></package>`;
const bytes = zipOf({ [`${wanted.id}.nuspec`]: manifest(), 'README.md': 'hello', ...contents });
const sha512 = createHash('sha512').update(bytes).digest('hex');

let folder: string;
let target: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-gpu-test-'));
  target = join(folder, 'bin');
  await mkdir(target);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const install = (options: Partial<InstallOptions> = {}) => installLibraries({ wanted, folder: target, ...options });
const packageFile = async (content: Buffer) => {
  const file = join(folder, 'package.nupkg');
  await writeFile(file, content);
  return file;
};
const refused = (message: RegExp) => ({ code: 'GPU_INSTALL_FAILED', message: expect.stringMatching(message) });

describe('the package of the runtime', () => {
  it('is of the version that is installed, and goes where its libraries lie', async () => {
    const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
    expect(wanted).toMatchObject({ id: 'Microsoft.ML.OnnxRuntime.Gpu.Linux', version });
    expect(wanted.index).toBe('https://api.nuget.org/v3/index.json');
    expect(wanted.files.map(({ name }) => name)).toContain('libonnxruntime_providers_cuda.so');
    await access(runtimeFolder());
  });

  it('is not there for other systems', () => {
    expect(() => runtimePackage('darwin/arm64')).toThrow(
      expect.objectContaining(refused(/for linux\/x64 only, this is darwin\/arm64/)),
    );
  });
});

describe('installing from NuGet', () => {
  it('puts every library in its place, as it is in the package, and nothing else', async () => {
    await using server = await nugetServer({ ...wanted, bytes });
    const done: (number | null)[][] = [];
    const installed = await install({
      wanted: { ...wanted, index: server.index },
      onProgress: (...progress) => done.push(progress),
    });
    expect(installed).toEqual({ already: false, sha512, files: wanted.files.map(({ name }) => join(target, name)) });
    for (const { entry, name } of wanted.files) {
      expect(await readFile(join(target, name))).toEqual(contents[entry]);
    }
    expect((await readdir(target)).sort()).toEqual(
      [...wanted.files.map(({ name }) => name), 'facegate-gpu.json'].sort(),
    );
    expect(done.at(-1)).toEqual([bytes.length, bytes.length]);
    expect(JSON.parse(await readFile(join(target, 'facegate-gpu.json'), 'utf8'))).toMatchObject({
      package: wanted.id,
      version: wanted.version,
      sha512,
    });
  });

  it('asks nothing the second time, until a library is missing, another version is wanted, or it is told to', async () => {
    await using server = await nugetServer({ ...wanted, bytes });
    const online = { wanted: { ...wanted, index: server.index } };
    await install(online);
    const asked = server.asked.length;
    expect(await install(online)).toMatchObject({ already: true, sha512: null });
    expect(server.asked).toHaveLength(asked);
    expect(await install({ ...online, force: true })).toMatchObject({ already: false });
    await rm(join(target, wanted.files[1]!.name));
    expect(await install(online)).toMatchObject({ already: false });
    await writeFile(join(target, wanted.files[0]!.name), 'half');
    expect(await install(online)).toMatchObject({ already: false });
    await writeFile(join(target, 'facegate-gpu.json'), '{"version": "1');
    expect(await install(online)).toMatchObject({ already: false });
    await expect(install({ wanted: { ...online.wanted, version: '99.0.0' } })).rejects.toMatchObject(
      refused(/HTTP 404/),
    );
  });

  it('refuses bytes that are not those of the catalog, and leaves what was there', async () => {
    await writeFile(join(target, wanted.files[0]!.name), 'of before');
    await using server = await nugetServer({ ...wanted, bytes, claim: Buffer.alloc(64, 7).toString('base64') });
    await expect(install({ wanted: { ...wanted, index: server.index } })).rejects.toMatchObject(
      refused(new RegExp(`expected SHA-512 (07){64}, got ${sha512}`)),
    );
    expect(await readdir(target)).toEqual([wanted.files[0]!.name]);
    expect(await readFile(join(target, wanted.files[0]!.name), 'utf8')).toBe('of before');
  });

  it('holds a person’s own SHA-512 higher than the server’s', async () => {
    await using server = await nugetServer({ ...wanted, bytes });
    const online = { wanted: { ...wanted, index: server.index } };
    await expect(install({ ...online, sha512: 'ab'.repeat(64) })).rejects.toMatchObject(
      refused(/expected SHA-512 (ab){64}/),
    );
    await expect(install({ ...online, sha512: 'abc' })).rejects.toMatchObject({ code: 'USAGE' });
    expect(await install({ ...online, sha512: Buffer.from(sha512, 'hex').toString('base64') })).toMatchObject({
      sha512,
    });
  });

  it('says what to do where NuGet cannot be reached', async () => {
    const gone = await nugetServer({ ...wanted, bytes });
    const { index } = gone;
    await gone[Symbol.asyncDispose]();
    await expect(install({ wanted: { ...wanted, index } })).rejects.toMatchObject(
      refused(/^127\.0\.0\.1:\d+ cannot be reached \(.*ECONNREFUSED.*HTTPS_PROXY; .* --from/),
    );
  });

  it('refuses a server that is none of NuGet', async () => {
    await using server = await nugetServer({ ...wanted, bytes });
    const index = server.index.replace('/v3/index.json', '/elsewhere');
    await expect(install({ wanted: { ...wanted, index } })).rejects.toMatchObject(refused(/answered with HTTP 404/));
  });
});

describe('installing from a file', () => {
  it('asks nothing of the network and tells its SHA-512', async () => {
    const from = await packageFile(bytes);
    const offline = { ...wanted, index: 'http://127.0.0.1:1/' };
    expect(await install({ wanted: offline, from })).toMatchObject({ already: false, sha512 });
    expect((await stat(join(target, wanted.files[0]!.name))).size).toBe(contents[wanted.files[0]!.entry]!.length);
  });

  it.each<[string, Buffer, RegExp]>([
    ['no zip', Buffer.from('<html>proxy</html>'), /is no NuGet package/],
    ['half of a package', bytes.subarray(0, bytes.length >> 1), /is no NuGet package/],
    ['a zip without a manifest', zipOf({ 'a.txt': 'x' }), /got a zip without a manifest/],
    [
      'another package',
      zipOf({ 'x.nuspec': manifest('Microsoft.ML.OnnxRuntime', wanted.version), ...contents }),
      /expected the NuGet package Microsoft\.ML\.OnnxRuntime\.Gpu\.Linux .*, got Microsoft\.ML\.OnnxRuntime /,
    ],
    ['another version', zipOf({ 'x.nuspec': manifest(wanted.id, '1.2.3'), ...contents }), /got .*Linux 1\.2\.3$/],
    [
      'a package without one of them',
      zipOf({ 'x.nuspec': manifest(), [wanted.files[0]!.entry]: 'x' }),
      /has no runtimes\/linux-x64\/native\//,
    ],
    ['a damaged package', damaged(bytes), /damaged|put into|invalid/],
  ])('refuses %s and leaves nothing behind', async (_, content, message) => {
    const from = await packageFile(content);
    await expect(install({ from })).rejects.toMatchObject(refused(message));
    expect(await readdir(target)).toEqual([]);
  });

  it('refuses another SHA-512 than was said, and a file that is not there', async () => {
    const from = await packageFile(bytes);
    await expect(install({ from, sha512: 'ab'.repeat(64) })).rejects.toMatchObject(
      refused(/expected SHA-512 (ab){64}/),
    );
    await expect(install({ from: join(folder, 'gone') })).rejects.toMatchObject(refused(/gone cannot be read/));
  });

  // Root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('says who should run it where the folder cannot be written', async () => {
    await chmod(target, 0o500);
    await expect(install({ from: await packageFile(bytes) })).rejects.toMatchObject(
      refused(/cannot be written \(EACCES\); run this as whoever installed the packages/),
    );
  });
});

/** One byte inside a library is another one. */
function damaged(whole: Buffer): Buffer {
  const copy = Buffer.from(whole);
  const at = copy.indexOf('libonnxruntime_providers_cuda.so') + 60;
  copy[at]! ^= 0xff;
  return copy;
}
