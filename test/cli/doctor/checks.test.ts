import { describe, expect, it } from 'vitest';
import { checkCamera } from '../../../cli/doctor/check-camera.ts';
import { checkClock } from '../../../cli/doctor/check-clock.ts';
import { checkContainers } from '../../../cli/doctor/check-containers.ts';
import { checkDataFolder, type DataFolderFacts } from '../../../cli/doctor/check-data-folder.ts';
import { checkDisk } from '../../../cli/doctor/check-disk.ts';
import { checkDriver } from '../../../cli/doctor/check-driver.ts';
import { checkFfmpeg } from '../../../cli/doctor/check-ffmpeg.ts';
import { checkMemory } from '../../../cli/doctor/check-memory.ts';
import { checkMig } from '../../../cli/doctor/check-mig.ts';
import { checkModel } from '../../../cli/doctor/check-model.ts';
import { checkNode } from '../../../cli/doctor/check-node.ts';
import { checkPort } from '../../../cli/doctor/check-port.ts';
import { checkProvider } from '../../../cli/doctor/check-provider.ts';
import { exitCodeOf, type Finding } from '../../../cli/doctor/finding.ts';
import { askNvidiaSmi } from '../../../models/devices/nvidia-smi.ts';
import type { ToolAnswer } from '../../../models/devices/run-tool.ts';
import type { FfmpegBinary } from '../../../sources/ffmpeg/ffmpeg-binary.ts';
import { answered, fixture, toolsThat } from '../../support/tool-answers.ts';

const nvidia = (xml: string) =>
  askNvidiaSmi(
    toolsThat({
      'nvidia-smi -q -x': fixture(`nvidia-smi/${xml}`),
      ...(xml === 'a100-mig.xml' && { 'nvidia-smi -L': fixture('nvidia-smi/a100-mig.list.txt') }),
    }),
  );
const none = { state: 'absent' } as const;
const states = (findings: readonly Finding[]) => findings.map(({ check, state }) => [check, state]);

describe('Node', () => {
  it.each([
    ['24.21.0', 'ok', '24.21.0'],
    ['22.18.0', 'ok', '22.18.0 (facegate is tested with 24)'],
    ['22.17.1', 'wrong', '22.17.1; facegate needs 22.18 or newer'],
    ['20.20.2', 'wrong', '20.20.2; facegate needs 22.18 or newer'],
  ])('%s', (version, state, found) => {
    expect(checkNode(version)).toMatchObject({ state, found });
  });
});

const good: FfmpegBinary = {
  path: '/usr/bin/ffmpeg',
  version: '5.1.9-0+deb12u1',
  major: 5,
  origin: 'path',
  environment: {},
  can: {
    fpsMode: true,
    autoscale: true,
    ffconcatOptions: true,
    showinfoChecksum: true,
    rtspTimeout: 'timeout',
    devices: ['v4l2', 'lavfi'],
    hwaccels: [],
  },
};

describe('ffmpeg', () => {
  const can = (change: Partial<FfmpegBinary['can']>) => ({ ...good, can: { ...good.can, ...change } });

  it.each<[string, FfmpegBinary | Error, string[], string, RegExp]>([
    [
      'a good one',
      good,
      ['rtsp://a/b', 'rtsps://a/b', 'webcam:/dev/video0'],
      'ok',
      /^5\.1\.9.* \(\/usr\/bin\/ffmpeg\)$/,
    ],
    [
      'none',
      new Error('no ffmpeg was found: none on the PATH. Install one.'),
      [],
      'wrong',
      /^no ffmpeg was found: none on the PATH\.$/,
    ],
    ['the bundled one for files', { ...good, origin: 'bundled' }, ['file:a.mp4'], 'warning', /good for files only/],
    ['the bundled one for a camera', { ...good, origin: 'bundled' }, ['rtsp://a/b'], 'wrong', /good for files only/],
    ['one of a camera with TLS, which facegate ends', good, ['rtsps://a/b', 'https://a/b'], 'ok', /5\.1\.9/],
    ['one without devices', can({ devices: ['lavfi'] }), ['webcam:/dev/video0'], 'wrong', /without capture devices/],
    [
      'an old one',
      { ...can({ ffconcatOptions: false, rtspTimeout: null }), major: 4 },
      [],
      'warning',
      /older than 5\.0; passwords of cameras show .*; a silent RTSP camera/,
    ],
  ])('%s', (_, ffmpeg, urls, state, found) => {
    const finding = checkFfmpeg(
      ffmpeg,
      urls.map((url) => ({ url, hwaccel: 'none' })),
      'Install one.',
    );
    expect(finding).toMatchObject({ state, found: expect.stringMatching(found) });
    expect(finding.todo).toBe(state === 'ok' ? undefined : 'Install one.');
  });
});

describe('hardware decoding', () => {
  it('that the build of ffmpeg lacks is warned about', () => {
    const cameras = [{ url: 'rtsp://a/b', hwaccel: 'vaapi' as const }];
    expect(checkFfmpeg(good, cameras, 'Install one.')).toMatchObject({
      state: 'warning',
      found: expect.stringContaining('it cannot decode with vaapi'),
    });
    const able = { ...good, can: { ...good.can, hwaccels: ['vaapi'] } };
    expect(checkFfmpeg(able, cameras, 'Install one.').state).toBe('ok');
  });
});

describe('NVIDIA driver and CUDA', () => {
  it.each([
    ['h100.xml', 'ok', 'ok', /^the driver runs CUDA up to 12\.4$/],
    ['a100-mig.xml', 'ok', 'ok', /12\.2/],
    ['old-driver.xml', 'ok', 'wrong', /^the driver runs CUDA up to 11\.4; 12\.1 is needed$/],
  ])('of %s', async (xml, driver, cuda, found) => {
    const findings = checkDriver(await nvidia(xml), true);
    expect(states(findings)).toEqual([
      ['NVIDIA driver', driver],
      ['CUDA', cuda],
    ]);
    expect(findings[1]!.found).toMatch(found);
  });

  it.each([
    ['12.1', 'ok'],
    ['12.0', 'wrong'],
    ['13.0', 'ok'],
  ])('CUDA %s is %s', (cuda, state) => {
    const gpu = {
      index: 0,
      name: 'X',
      uuid: null,
      memory: { totalMb: 1, freeMb: 1 },
      utilization: null,
      mig: 'off',
      migPending: false,
      slices: [],
    } as const;
    expect(checkDriver({ state: 'found', system: { driver: '530', cuda, gpus: [gpu] } }, false)[1]!.state).toBe(state);
  });

  it('are not checked where there is no driver and nobody asks for one', () => {
    expect(states(checkDriver(none, false))).toEqual([
      ['NVIDIA driver', 'not checked'],
      ['CUDA', 'not checked'],
    ]);
    expect(states(checkDriver(none, true))).toEqual([
      ['NVIDIA driver', 'wrong'],
      ['CUDA', 'not checked'],
    ]);
  });

  it('are wrong where the driver fails, whoever asks', () => {
    const [driver, cuda] = checkDriver({ state: 'failed', why: 'Driver/library version mismatch' }, false);
    expect(driver).toMatchObject({ state: 'wrong', found: 'nvidia-smi failed: Driver/library version mismatch' });
    expect(cuda!.state).toBe('not checked');
  });

  it('see a driver without a GPU', () => {
    const found = { state: 'found', system: { driver: '550', cuda: '12.4', gpus: [] } } as const;
    expect(states(checkDriver(found, true))).toEqual([
      ['NVIDIA driver', 'wrong'],
      ['CUDA', 'not checked'],
    ]);
    expect(checkDriver(found, false)[0]!.state).toBe('warning');
  });
});

describe('MIG', () => {
  it.each<[string, string[], [string, string][]]>([
    [
      'h100.xml',
      [],
      [
        ['MIG of GPU 0', 'ok'],
        // The mode was switched, and the GPU not reset.
        ['MIG of GPU 1', 'warning'],
      ],
    ],
    ['old-driver.xml', [], [['MIG of GPU 0', 'ok']]],
    [
      'a100-mig.xml',
      ['MIG-cba663e8-0000-5b25-b243-5985ef7c9beb', 'MIG-00000000-0000-0000-0000-000000000000'],
      [
        ['MIG of GPU 0', 'ok'],
        // On, and no slice on it.
        ['MIG of GPU 1', 'wrong'],
        ['MIG slice', 'ok'],
        ['MIG slice', 'wrong'],
      ],
    ],
    [
      'a100-mig.xml',
      // As drivers before 470 named slices 1/0 and 13/0; there is no 2/0.
      ['1/0', '2/0'].map((numbers) => `MIG-GPU-2a1b2c3d-1111-4222-8333-444455556666/${numbers}`),
      [
        ['MIG of GPU 0', 'ok'],
        ['MIG of GPU 1', 'wrong'],
        ['MIG slice', 'ok'],
        ['MIG slice', 'wrong'],
      ],
    ],
    [
      'mig-hidden.xml',
      ['MIG-cba663e8-0000-5b25-b243-5985ef7c9beb'],
      [
        ['MIG of GPU 0', 'ok'],
        ['MIG slice', 'not checked'],
      ],
    ],
  ])('of %s', async (xml, asked, expected) => {
    expect(states(checkMig(await nvidia(xml), asked))).toEqual(expected);
  });

  it('is not checked without a driver, and a slice that is asked for is missing then', () => {
    expect(states(checkMig(none, []))).toEqual([['MIG', 'not checked']]);
    expect(states(checkMig(none, ['MIG-1']))).toEqual([['MIG slice', 'wrong']]);
  });
});

describe('containers', () => {
  const facts = { inside: false, gpu: true, docker: none as ToolAnswer, toolkit: none as ToolAnswer };
  const docker = (text: string) => checkContainers({ ...facts, docker: answered(text) })[0];
  const toolkit = (text: string) =>
    checkContainers({ ...facts, docker: answered('Docker version 26.1.3, build b72abbb'), toolkit: answered(text) })[1];

  it.each([
    ['Docker version 24.0.6, build ed223bc\n', 'ok'],
    ['Docker version 20.10.24+dfsg1, build 297e128\n', 'ok'],
    ['Docker version 20.10.0, build 7287ab3\n', 'ok'],
    ['Docker version 19.03.15, build 99e3ed8919\n', 'wrong'],
    ['Docker version 18.09.1, build 4c52b90\n', 'wrong'],
    ['podman version 4.3.1\n', 'not checked'],
    ['\n', 'not checked'],
  ])('%j', (text, state) => {
    expect(docker(text)).toMatchObject({ check: 'Docker', state });
  });

  it.each([
    ['NVIDIA Container Toolkit CLI version 1.17.8\ncommit: f202b80a9b9d0db00d9b1d73c0128c8962c55f4d\n', 'ok'],
    ['NVIDIA Container Toolkit CLI version 1.13.0\n', 'ok'],
    ['NVIDIA Container Toolkit CLI version 1.12.1\n', 'wrong'],
    ['something else\n', 'not checked'],
  ])('%j', (text, state) => {
    expect(toolkit(text)).toMatchObject({ check: 'container toolkit', state });
  });

  it.each<[string, Partial<typeof facts>, [string, string]]>([
    ['there is no docker', {}, ['not checked', 'not checked']],
    [
      'we are inside one',
      { inside: true, docker: answered('Docker version 19.03.15') },
      ['not checked', 'not checked'],
    ],
    ['there is no GPU', { gpu: false, docker: answered('Docker version 26.1.3') }, ['ok', 'not checked']],
    ['the toolkit is missing', { docker: answered('Docker version 26.1.3') }, ['ok', 'warning']],
    [
      'both fail',
      { docker: { state: 'failed', why: 'permission denied' }, toolkit: { state: 'failed', why: 'no' } },
      ['not checked', 'not checked'],
    ],
  ])('where %s', (_, change, expected) => {
    expect(checkContainers({ ...facts, ...change }).map(({ state }) => state)).toEqual(expected);
  });
});

describe('a provider', () => {
  const ran = (deviation: number) => ({
    state: 'ran' as const,
    result: { provider: 'cuda', nodes: { cuda: 4 }, latencyMs: 0.4, startMs: 812.4, deviation },
  });
  const failed = { state: 'failed', why: 'no device', toInstall: 'it needs a driver' } as const;

  it('that ran says how fast, and on what', () => {
    expect(checkProvider({ name: 'cuda', asked: 'strict', answer: ran(0.0004) })).toEqual({
      check: 'provider cuda',
      state: 'ok',
      found: 'self-test 0.4 ms, first answer after 812 ms; heavy nodes: 4 on cuda',
    });
  });

  it.each([0.1, Number.NaN, Number.POSITIVE_INFINITY])('that ran and is %d off is wrong', (deviation) => {
    expect(checkProvider({ name: 'cuda', asked: 'no', answer: ran(deviation) })).toMatchObject({
      state: 'wrong',
      found: expect.stringContaining("away from the CPU's"),
    });
  });

  it.each([
    ['strict', 'wrong', 'it needs a driver; or set models.providers: auto and name no device'],
    ['preferred', 'warning', 'it needs a driver; or take cuda out of the providers'],
    ['no', 'not checked', undefined],
  ] as const)('that does not run and is asked for (%s) is %s', (asked, state, todo) => {
    const finding = checkProvider({ name: 'cuda', asked, answer: failed });
    expect(finding).toMatchObject({ state, found: expect.stringContaining('no device') });
    expect(finding.todo).toBe(todo);
  });
});

describe('memory', () => {
  const facts = { freeMb: 2000, neededMb: 900, processes: 2, device: null };
  it('is enough or not, and says what to set', () => {
    expect(checkMemory(facts).map(({ state }) => state)).toEqual(['ok', 'not checked']);
    expect(checkMemory({ ...facts, freeMb: 500, processes: 8 })[0]).toMatchObject({
      state: 'wrong',
      todo: expect.stringMatching(/models\.processes: [1-4]$/),
    });
  });

  it.each([
    [3000, 'ok'],
    [100, 'wrong'],
    [null, 'not checked'],
  ])('of a device with %s MiB free', (freeMb, state) => {
    const device = { free: { freeMb, source: 'nvidia-smi, GPU 0' }, neededMb: 1150 };
    expect(checkMemory({ ...facts, device })[1]).toMatchObject({ check: 'device memory', state });
  });
});

describe('disk and data folder', () => {
  it.each([
    [50_000, 'ok'],
    [1023, 'warning'],
    [99, 'wrong'],
    [new Error('ENOSYS'), 'not checked'],
  ])('%s MiB', (free, state) => {
    expect(checkDisk(free, '/data').state).toBe(state);
  });

  const good: DataFolderFacts = {
    path: '/data',
    folder: { isFolder: true, mode: 0o40700, writable: true },
    above: { path: '/', writable: false },
    modes: true,
  };
  it.each<[string, DataFolderFacts, string, string | undefined]>([
    ['a private folder', good, 'ok', undefined],
    ['one that others may read', { ...good, folder: { ...good.folder!, mode: 0o40755 } }, 'warning', 'chmod 700 /data'],
    ['that on Windows', { ...good, modes: false, folder: { ...good.folder!, mode: 0o40777 } }, 'ok', undefined],
    ['one of somebody else', { ...good, folder: { ...good.folder!, writable: false } }, 'wrong', 'chown'],
    ['a file', { ...good, folder: { ...good.folder!, isFolder: false } }, 'wrong', '--data'],
    ['one to be made', { ...good, folder: null, above: { path: '/', writable: true } }, 'ok', undefined],
    ['one that cannot be made', { ...good, folder: null }, 'wrong', '--data'],
  ])('%s', (_, facts, state, todo) => {
    const finding = checkDataFolder(facts);
    expect(finding.state).toBe(state);
    if (todo === undefined) expect(finding.todo).toBeUndefined();
    else expect(finding.todo).toContain(todo);
  });
});

describe('a model', () => {
  it.each([
    [{ at: 'here', path: '/m/x.onnx', verified: true } as const, 'ok', 'x: /m/x.onnx (SHA-256 verified)'],
    [
      { at: 'here', path: '/m/x.onnx', verified: false } as const,
      'ok',
      'x: /m/x.onnx (not verified: nothing is known to compare it with; facegate models add notes it)',
    ],
    [{ at: 'catalog' } as const, 'warning', 'x is not here; the first start fetches it'],
    [{ at: 'nowhere', why: 'model "x" was not found' } as const, 'wrong', 'model "x" was not found'],
  ])('%j', (state, expected, found) => {
    expect(checkModel({ role: 'detector', name: 'x', state })).toMatchObject({
      check: 'detector model',
      state: expected,
      found,
    });
  });
});

describe('a camera', () => {
  it('says what it sends, or why it does not and what to type', () => {
    const picture = { width: 2, height: 2, format: 'rgb24', data: new Uint8Array(12) } as const;
    expect(
      checkCamera('front', 'rtsp://a/b', { ok: true, width: 1920, height: 1080, codec: 'h264', fps: 25, picture }),
    ).toEqual({
      check: 'camera front',
      state: 'ok',
      found: '1920×1080 h264, 25 frames a second',
    });
    expect(
      checkCamera('front', 'rtsp://a/b', { ok: false, code: 'STREAM_AUTH_FAILED', message: 'it refused the password' }),
    ).toEqual({
      check: 'camera front',
      state: 'wrong',
      found: 'it refused the password (STREAM_AUTH_FAILED)',
      todo: 'facegate cameras probe rtsp://a/b',
    });
  });
});

describe('the clock', () => {
  const now = Date.UTC(2026, 10, 21);
  it.each<[ToolAnswer, string]>([
    [answered('NTPSynchronized=yes\n'), 'ok'],
    [answered('NTPSynchronized=no\n'), 'warning'],
    [answered('\n'), 'not checked'],
    [none, 'not checked'],
    [{ state: 'failed', why: 'System has not been booted with systemd as init system (PID 1).' }, 'not checked'],
  ])('%j', (timedatectl, state) => {
    expect(checkClock(now, now - 1000, timedatectl).state).toBe(state);
  });

  it('is wrong where it shows a time before facegate was installed', () => {
    expect(checkClock(now, now + 1000, answered('NTPSynchronized=yes\n')).state).toBe('wrong');
  });
});

describe('the port', () => {
  it.each([
    [8080, { is: 'free' } as const, 'ok', /^free on 127\.0\.0\.1$/],
    [0, { is: 'free' } as const, 'ok', /^a free one/],
    [8080, { is: 'taken', by: 'node (process 4711)' } as const, 'wrong', /by node \(process 4711\)$/],
    [8080, { is: 'taken', by: null } as const, 'wrong', /by another program$/],
    [8080, { is: 'taken', by: 'facegate 0.1.0' } as const, 'warning', /^facegate 0\.1\.0 answers there already$/],
    [80, { is: 'refused', why: 'EACCES' } as const, 'wrong', /below 1024 need a privilege$/],
    [8080, { is: 'refused', why: 'EADDRNOTAVAIL' } as const, 'wrong', /EADDRNOTAVAIL$/],
  ])('%i, %j', (port, state, expected, found) => {
    expect(checkPort('127.0.0.1', port, state)).toMatchObject({ state: expected, found: expect.stringMatching(found) });
  });
});

describe('the exit code', () => {
  it.each([
    [['ok', 'warning', 'not checked'], 0],
    [['ok', 'wrong'], 1],
    [[], 0],
  ] as const)('of %j is %i', (all, code) => {
    expect(exitCodeOf(all.map((state) => ({ check: 'x', state, found: 'y' })))).toBe(code);
  });
});
