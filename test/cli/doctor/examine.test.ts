import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { examine } from '../../../cli/doctor/examine.ts';
import { lookAtDataFolder } from '../../../cli/doctor/look-at-data-folder.ts';
import { lookAtPort } from '../../../cli/doctor/look-at-port.ts';
import { runSelfTest } from '../../../cli/doctor/run-self-test.ts';
import { tryProviders } from '../../../cli/doctor/try-providers.ts';
import { type SettingsInput, settingsSchema } from '../../../config/settings-schema.ts';
import { descendantsOf } from '../../support/child-processes.ts';
import { requirement } from '../../support/requirements.ts';
import { fixture, toolsThat } from '../../support/tool-answers.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-doctor-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const models = (settings: SettingsInput['models']) => settingsSchema.parse({ models: settings }).models;

describe('a self-test', () => {
  it('runs in a process of its own that is gone afterwards', async () => {
    const before = descendantsOf(process.pid);
    const answer = await runSelfTest({ provider: 'cpu', environment: {} });
    expect(answer).toMatchObject({ state: 'ran', result: { provider: 'cpu', nodes: { cpu: 4 } } });
    expect(descendantsOf(process.pid).filter((pid) => !before.includes(pid))).toEqual([]);
  });

  it('of a provider that is not there says what it would need', async () => {
    expect(await runSelfTest({ provider: 'dml', environment: {} })).toEqual({
      state: 'failed',
      why: 'this build of the runtime does not have it',
      toInstall: 'it is there on Windows only',
    });
  });

  it('that takes too long is ended', async () => {
    expect(await runSelfTest({ provider: 'cpu', environment: {}, timeoutMs: 1 })).toMatchObject({
      state: 'failed',
      why: 'it did not answer within 0.001 s',
    });
  });

  it('whose process is killed is an answer too', async () => {
    const before = descendantsOf(process.pid);
    const running = runSelfTest({ provider: 'cpu', environment: {} });
    const [mine] = descendantsOf(process.pid).filter((pid) => !before.includes(pid));
    process.kill(mine!, 'SIGKILL');
    expect(await running).toMatchObject({ state: 'failed', why: 'its process ended with signal SIGKILL' });
  });
});

describe('which providers are tried', () => {
  const ran = { state: 'ran', result: { provider: '', nodes: {}, latencyMs: 1, startMs: 1, deviation: 0 } } as const;
  const failed = { state: 'failed', why: 'no', toInstall: '' } as const;
  const tried = async (
    settings: SettingsInput['models'],
    running: string[],
    autoProvider = 'cpu',
    platform = 'linux',
  ) => {
    const asked: string[] = [];
    const all = await tryProviders({
      models: models(settings),
      platform,
      autoProvider,
      run: async ({ provider, device }) => {
        asked.push([provider, ...(device ? [device] : [])].join(' on '));
        return running.includes(provider) ? ran : failed;
      },
    });
    return { asked, needs: Object.fromEntries(all.map(({ name, asked: need }) => [name, need])) };
  };

  it('are all that the system can have, each once', async () => {
    expect(await tried({}, ['cpu'])).toEqual({
      asked: ['cpu', 'cuda', 'tensorrt', 'webgpu'],
      needs: { cpu: 'preferred', cuda: 'no', tensorrt: 'no', webgpu: 'no' },
    });
    expect((await tried({}, ['cpu'], 'coreml', 'darwin')).asked).toEqual(['cpu', 'coreml', 'webgpu']);
  });

  it.each<[SettingsInput['models'], string[], Record<string, string>]>([
    [{ providers: ['cuda'] }, ['cpu'], { cuda: 'strict' }],
    [{ providers: ['cuda', 'cpu'] }, ['cpu'], { cuda: 'preferred', cpu: 'preferred' }],
    [{ providers: ['tensorrt', 'cuda'] }, ['cpu'], { tensorrt: 'strict', cuda: 'strict' }],
    [{ providers: ['tensorrt', 'cuda'] }, ['cpu', 'cuda'], { tensorrt: 'preferred', cuda: 'preferred' }],
    [
      { providers: ['CUDAExecutionProvider'], embedder: { device: 'cpu' } },
      ['cpu'],
      { cuda: 'strict', cpu: 'preferred' },
    ],
    [{ embedder: { device: 'cuda:1' } }, ['cpu'], { 'cuda (cuda:1)': 'strict', cpu: 'preferred' }],
  ])('%j: how much they are needed', async (settings, running, needs) => {
    expect((await tried(settings, running)).needs).toMatchObject(needs);
  });

  it('are tried on the device that a network is given', async () => {
    const { asked } = await tried({ detector: { device: 'cuda:1' }, embedder: { device: 'MIG-1' } }, ['cpu']);
    expect(asked).toEqual(['cpu', 'cuda on cuda:1', 'cuda on MIG-1', 'tensorrt', 'webgpu']);
  });
});

describe('the port', () => {
  const listening = (server: Server) =>
    new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
    );
  const ss = (port: number) =>
    toolsThat({
      [`ss -Hltnp sport = :${port}`]: `LISTEN 0 511 127.0.0.1:${port} 0.0.0.0:* users:(("nginx",pid=4711,fd=20))\n`,
    });

  it('that another program has is told with its name', async () => {
    const server = createTcpServer((socket) => socket.destroy());
    const port = await listening(server);
    expect(await lookAtPort('127.0.0.1', port, ss(port))).toEqual({ is: 'taken', by: 'nginx (process 4711)' });
    expect(await lookAtPort('127.0.0.1', port, toolsThat({}))).toEqual({ is: 'taken', by: null });
    await new Promise((closed) => server.close(closed));
    expect(await lookAtPort('127.0.0.1', port, toolsThat({}))).toEqual({ is: 'free' });
  });

  it('that facegate has is told so', async () => {
    const server = createServer((_, response) => response.end('{"status":"ok","version":"0.1.0"}'));
    const port = await listening(server);
    expect(await lookAtPort('127.0.0.1', port, ss(port))).toEqual({ is: 'taken', by: 'facegate 0.1.0' });
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it('of an address that is not ours is refused', async () => {
    expect(await lookAtPort('192.0.2.1', 8080, toolsThat({}))).toEqual({ is: 'refused', why: 'EADDRNOTAVAIL' });
  });
});

describe('the data folder', () => {
  it('is looked at and not made', async () => {
    const path = join(folder, 'a', 'b');
    expect(await lookAtDataFolder(path)).toMatchObject({ folder: null, above: { path: folder, writable: true } });
    await mkdir(path, { recursive: true });
    await chmod(path, 0o750);
    const { folder: found } = await lookAtDataFolder(path);
    expect(found).toMatchObject({ isFolder: true, writable: true });
    expect(found!.mode & 0o777).toBe(0o750);
  });
});

describe.skipIf(!requirement('ffmpeg').met)('examining a machine', () => {
  const at = (settings: SettingsInput, tools: Parameters<typeof toolsThat>[0] = {}) =>
    examine({
      settings: settingsSchema.parse({ server: { port: 0 }, ...settings }),
      baseDir: folder,
      dataDir: join(folder, 'data'),
      mirrors: [],
      env: { PATH: process.env.PATH },
      run: toolsThat(tools),
      cameraTimeoutMs: 5000,
    });

  it('looks at everything, and says of what it could not look at that it did not', async () => {
    const findings = await at({
      cameras: [
        { id: 'pattern', url: 'test:' },
        { id: 'yard', url: 'test:', enabled: false },
      ],
    });
    const found = new Map(findings.map((finding) => [finding.check, finding]));
    expect([...found.keys()]).toEqual([
      'Node',
      'ffmpeg',
      'camera pattern',
      'camera yard',
      'NVIDIA driver',
      'CUDA',
      'MIG',
      'provider cpu',
      'provider cuda',
      'provider tensorrt',
      'provider webgpu',
      'Docker',
      'container toolkit',
      'detector model',
      'embedder model',
      'memory',
      'device memory',
      'disk',
      'data folder',
      'clock',
      'port',
    ]);
    for (const name of [
      'camera yard',
      'NVIDIA driver',
      'CUDA',
      'MIG',
      'Docker',
      'container toolkit',
      'clock',
      'device memory',
    ]) {
      expect(found.get(name)).toMatchObject({ state: 'not checked' });
    }
    expect(found.get('camera pattern')).toMatchObject({ state: 'ok', found: expect.stringMatching(/^\d+×\d+ /) });
    expect(found.get('provider cpu')).toMatchObject({ state: 'ok', found: expect.stringContaining('4 on cpu') });
    // Nothing was fetched: the folder was not even made.
    expect(found.get('detector model')).toMatchObject({
      state: 'warning',
      todo: expect.stringContaining('models pull'),
    });
    expect(found.get('data folder')!.found).toContain('will be made');
    for (const { state, todo } of findings) expect(todo !== undefined).toBe(state === 'wrong' || state === 'warning');
  });

  it('says what to type where the settings ask for a GPU that is not there, and shows no password', async () => {
    const findings = await at(
      {
        models: { providers: ['cuda'], embedder: { device: 'cpu' } },
        cameras: [{ id: 'front', url: 'rtsp://ada:hunter2@127.0.0.1:1/x' }],
      },
      { 'nvidia-smi -q -x': fixture('nvidia-smi/old-driver.xml') },
    );
    const wrong = findings.filter(({ state }) => state === 'wrong').map(({ check }) => check);
    expect(wrong).toEqual(['camera front', 'CUDA', 'provider cuda']);
    expect(findings.find(({ check }) => check === 'device memory')).toMatchObject({
      state: 'ok',
      found: expect.stringContaining('2383 MiB free (nvidia-smi, GPU 0 (NVIDIA GeForce GTX 1650))'),
    });
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });
});
