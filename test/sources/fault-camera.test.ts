import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../config/error-codes.ts';
import { cameraSchema } from '../../config/settings-schema.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { type Fault, FaultRtspServer, type FaultRtspServerOptions } from '../support/fault-rtsp-server.ts';
import { h264Video } from '../support/h264-video.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';
import { selfSigned } from '../support/self-signed.ts';

const ANN = { user: 'ann', password: "s3cret'@/x%41" };

describe.skipIf(!requirement('ffmpeg').met)('a camera with a fault', () => {
  let video: Buffer;
  let ffmpeg: FfmpegBinary;
  let dir: string;
  const links: CameraLink[] = [];
  const servers: FaultRtspServer[] = [];

  beforeAll(async () => {
    video = h264Video();
    ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
    dir = await mkdtemp(join(tmpdir(), 'facegate-fault-'));
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });
  afterAll(() => rm(dir, { recursive: true }));

  async function serve(options: Partial<FaultRtspServerOptions> = {}) {
    const server = await FaultRtspServer.start({ video, ...options });
    servers.push(server);
    return server;
  }

  function setUp(url: string, settings: Record<string, unknown> = {}, binary = ffmpeg) {
    const log = recordedLog();
    const camera = cameraSchema.parse({ id: 'front', url, width: 320, fps: 10, timeout: '2s', ...settings });
    const source = createSource(camera, { ffmpeg: binary, clock: systemClock, log, baseDir: dir });
    const link = new CameraLink(source, { clock: systemClock, log });
    links.push(link);
    const seen = { frames: 0, lastAtMs: 0, lastPtsSeconds: 0 };
    const degraded: boolean[] = [];
    const ages: number[] = [];
    const changes: { state: string; code: ErrorCode | null; atMs: number }[] = [];
    link.changes.subscribe(({ state, code }) => changes.push({ state, code, atMs: performance.now() }));
    const watching = link.frames().subscribe((frame) => {
      seen.frames += 1;
      seen.lastAtMs = performance.now();
      seen.lastPtsSeconds = frame.ptsSeconds ?? Number.NaN;
      degraded.push(frame.degraded);
      ages.push(frame.ageMs);
      frame.release();
    });
    return { source, link, log, changes, watching, seen, degraded, ages };
  }

  it('and none at all plays, and is said goodbye to', async () => {
    const server = await serve();
    const { seen, watching, source, link } = setUp(server.url());
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(5);
    expect(link.status).toMatchObject({ state: 'running', streamInUse: null });
    watching.unsubscribe();
    await source.gone();
    await expect.poll(() => server.asked('TEARDOWN'), { timeout: 5000 }).toBe(1);
  });

  const refusals: [Fault, ErrorCode, RegExp][] = [
    ['mute', 'STREAM_TIMEOUT', /accepted the connection and then stayed silent/],
    ['slow', 'STREAM_TIMEOUT', /accepted the connection and then stayed silent/],
    ['not-found', 'STREAM_NOT_FOUND', /knows no stream under that path/],
    ['garbage', 'STREAM_CONNECTION_FAILED', /answers, but not in RTSP/],
    ['refusing', 'STREAM_CONNECTION_FAILED', /broke the connection off|without an answer/],
  ];
  it.each(refusals)(
    '(%s) is given up in its timeout and a second, and no ffmpeg is started for it',
    async (fault, code, message) => {
      const server = await serve({ fault });
      const before = performance.now();
      const { link, source, changes } = setUp(server.url(ANN));
      await expect.poll(() => link.status.code, { timeout: 5000, interval: 20 }).toBe(code);
      expect(performance.now() - before).toBeLessThan(3000);
      expect(link.status.message).toMatch(message);
      expect(source.stats().connections).toBe(0);
      expect(changes.map(({ state }) => state)).toEqual(['connecting', 'reconnecting']);
    },
  );

  it('is given up by ffmpeg in its timeout and a second where it falls mute after the first answers', async () => {
    const server = await serve({ fault: 'mute-to-ffmpeg' });
    const { link, changes, source } = setUp(server.url());
    await expect.poll(() => server.requests.length, { timeout: 20_000, interval: 10 }).toBe(2);
    const mute = performance.now();
    await expect.poll(() => link.status.code, { timeout: 8000, interval: 20 }).toBe('STREAM_TIMEOUT');
    expect(performance.now() - mute).toBeLessThan(3000);
    expect(source.stats().connections).toBe(1);
    expect(changes.at(-1)?.state).toBe('reconnecting');
  });

  it('that sends only RTCP any more is stalled after 5 s and connected to anew after 10 s', async () => {
    const server = await serve();
    const { seen, changes } = setUp(server.url());
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(5);
    server.fault = 'rtcp-only';
    await expect.poll(() => changes.length, { timeout: 15_000 }).toBe(4);
    const from = seen.lastAtMs;
    const [, , stalled, again] = changes.map(({ state, code, atMs }) => ({ state, code, after: (atMs - from) / 1000 }));
    expect(stalled).toMatchObject({ state: 'stalled', code: 'STREAM_STALLED' });
    expect(stalled!.after).toBeGreaterThan(4.9);
    expect(stalled!.after).toBeLessThan(6);
    expect(again).toMatchObject({ state: 'reconnecting', code: 'STREAM_STALLED' });
    expect(again!.after).toBeGreaterThan(9.9);
    expect(again!.after).toBeLessThan(11);
    server.fault = 'none';
    await expect.poll(() => changes.at(-1)?.state, { timeout: 20_000 }).toBe('running');
  });

  it('that sends everything late is connected to anew, and then shows what it sees now', {
    timeout: 60_000,
  }, async () => {
    const server = await serve({ credentials: ANN });
    const { seen, changes, link, ages } = setUp(server.url(ANN));
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(20);
    server.fault = 'hesitating';
    await wait(4000);
    server.fault = 'none';
    await expect.poll(() => changes.map(({ code }) => code), { timeout: 20_000 }).toContain('STREAM_BEHIND');
    expect(link.status).toMatchObject({ message: expect.stringMatching(/^the pictures come [34][.\d]* s late$/) });
    expect(Math.max(...ages)).toBeGreaterThan(2500);
    await expect.poll(() => link.status.state, { timeout: 20_000 }).toBe('running');
    const before = ages.length;
    await expect.poll(() => ages.length, { timeout: 20_000 }).toBeGreaterThan(before + 30);
    expect(Math.max(...ages.slice(before + 10))).toBeLessThan(1500);
    expect(changes.map(({ state }) => state)).toEqual(['connecting', 'running', 'reconnecting', 'running']);
    // Said goodbye to, and not refused once: nothing that locks an account.
    expect(server.asked('TEARDOWN')).toBe(1);
    expect(server.requests.filter(({ refused }) => refused)).toEqual([]);
  });

  it('whose ffmpeg stood still is not connected to anew where what piled up is worked off soon', {
    timeout: 60_000,
  }, async () => {
    const server = await serve();
    const { seen, changes, source, ages } = setUp(server.url());
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(20);
    const [pid] = source.pids();
    process.kill(pid!, 'SIGSTOP');
    const before = ages.length;
    await wait(4000);
    process.kill(pid!, 'SIGCONT');
    await expect.poll(() => ages.length, { timeout: 20_000 }).toBeGreaterThan(before + 60);
    expect(Math.max(...ages.slice(before))).toBeGreaterThan(2500);
    expect(ages.at(-1)).toBeLessThan(1500);
    expect(changes.map(({ state }) => state)).toEqual(['connecting', 'running']);
  });

  it('that sends only RTCP from the start is given up after 10 s', async () => {
    const server = await serve({ fault: 'rtcp-only' });
    const from = performance.now();
    const { link } = setUp(server.url());
    await expect.poll(() => link.status.code, { timeout: 15_000 }).toBe('STREAM_STALLED');
    expect((performance.now() - from) / 1000).toBeLessThan(11.5);
    expect(link.status).toMatchObject({ state: 'reconnecting', message: 'connected, and no picture came within 10 s' });
  });

  it('that breaks off is running again in seconds, each time', async () => {
    const server = await serve({ fault: 'sudden-close' });
    const { changes, seen } = setUp(server.url());
    await expect.poll(() => changes.filter(({ state }) => state === 'running').length, { timeout: 20_000 }).toBe(3);
    expect(seen.frames).toBeGreaterThan(15);
    const lost = changes.findIndex(({ state }) => state === 'reconnecting');
    expect(changes[lost]?.code).toMatch(/STREAM_(ENDED|CONNECTION_FAILED)/);
    expect(changes[lost + 1]!.atMs - changes[lost]!.atMs).toBeLessThan(3000);
  });

  it('that repeats one picture is frozen within 3 s, not decided upon, and running again when it moves', async () => {
    const server = await serve();
    const { seen, source, changes, degraded } = setUp(server.url());
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(20);
    server.fault = 'frozen';
    // By the camera's own time: what this machine takes to decode beside other tests is not what is meant.
    const movedUntil = seen.lastPtsSeconds;
    let frozenAt = Number.NaN;
    source.frozenChanges.subscribe((frozen) => {
      if (frozen) frozenAt = seen.lastPtsSeconds;
    });
    await expect
      .poll(() => changes.at(-1), { timeout: 20_000, interval: 20 })
      .toMatchObject({ state: 'frozen', code: 'STREAM_FROZEN' });
    expect(frozenAt - movedUntil).toBeLessThan(3);
    const before = seen.frames;
    degraded.length = 0;
    await expect.poll(() => seen.frames, { timeout: 5000 }).toBeGreaterThan(before + 5);
    expect(new Set(degraded)).toEqual(new Set([true]));
    server.fault = 'none';
    await expect.poll(() => changes.at(-1)?.state, { timeout: 20_000 }).toBe('running');
    expect(changes.map(({ state }) => state)).toEqual(['connecting', 'running', 'frozen', 'running']);
  });

  it.skipIf(process.platform === 'win32')(
    'of rtsps: whose stream the hardware does not decode is decoded by the processor, over a tunnel of its own',
    async () => {
      // Opens its device and then fails as ffmpeg does where the driver is missing.
      const path = join(dir, 'ffmpeg-with-device');
      const script = `#!/bin/sh\ncase "$*" in *-init_hw_device*) exit 0;; esac\nexec ${JSON.stringify(ffmpeg.path)} "$@"\n`;
      await writeFile(path, script, { mode: 0o755 });
      const server = await serve({ tls: selfSigned() });
      const binary = { ...ffmpeg, path, can: { ...ffmpeg.can, hwaccels: ['cuda'] } };
      const settings = { hwaccel: 'cuda', tls: { verify: false } };
      const { seen, changes, source } = setUp(server.url(), settings, binary);
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(3);
      expect(changes.map(({ state }) => state)).toEqual(['connecting', 'running']);
      expect(source.stats()).toMatchObject({ connections: 2, decoder: { requested: 'cuda', used: 'software' } });
    },
  );

  it('whose pictures are corrupt goes on, with its decode errors counted', async () => {
    const server = await serve();
    const { seen, source, link } = setUp(server.url());
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(5);
    expect(source.stats().decodeErrors).toBe(0);
    server.fault = 'corrupt';
    await expect.poll(() => source.stats().decodeErrors, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(link.status.state).toBe('running');
  });

  it('that refuses ffmpeg by way of this program is opened by ffmpeg itself, at once and each time', async () => {
    const server = await serve({ fault: 'every-other' });
    // "At once" is before that: a busy machine takes its time.
    const { seen, link, changes } = setUp(server.url(), { timeout: '20s' });
    await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(changes.map(({ state }) => state)).toEqual(['connecting', 'running']);
    expect(link.status.connections).toBe(1);
    server.hangUp();
    await expect.poll(() => changes.filter(({ state }) => state === 'running').length, { timeout: 20_000 }).toBe(2);
    expect(link.status.connections).toBe(2);
  });

  it.each([null, 'basic', 'digest'] as const)(
    'that knows its stream by no other address than its own is asked by that, by way of this program (password: %s)',
    async (auth) => {
      const server = await serve({ fault: 'own-name-only', ...(auth && { credentials: { ...ANN, auth } }) });
      const { seen, source, watching } = setUp(server.url(auth ? ANN : undefined), { timeout: '20s' });
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(3);
      watching.unsubscribe();
      await source.gone();
      await expect.poll(() => server.asked('TEARDOWN'), { timeout: 5000 }).toBe(1);
      // The question before, and ffmpeg's own: nothing was tried twice.
      expect(server.connections).toBe(2);
      expect(server.requests.filter(({ refused }) => refused)).toEqual([]);
      expect(server.requests.filter(({ url }) => !url.startsWith(server.url()))).toEqual([]);
    },
  );

  describe('and a password', () => {
    it.each(['basic', 'digest'] as const)('lets the right one in (%s)', async (auth) => {
      const server = await serve({ credentials: { ...ANN, auth } });
      const { link } = setUp(server.url(ANN));
      await expect.poll(() => link.status.state, { timeout: 20_000 }).toBe('running');
      expect(server.requests.filter(({ refused }) => refused)).toEqual([]);
    });

    it('lets the right one in by SHA-256, as far as the question before ffmpeg goes', async () => {
      const server = await serve({ credentials: { ...ANN, auth: 'sha-256' } });
      setUp(server.url(ANN));
      await expect.poll(() => server.requests[1]).toMatchObject({ method: 'DESCRIBE', authorized: true });
    });

    it('is shown a wrong one once a minute, and by nobody else', async () => {
      const server = await serve({ credentials: ANN });
      const { link, source } = setUp(server.url({ user: 'ann', password: 'wr0ng' }));
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_AUTH_FAILED');
      expect(link.status.retryAtMs! - Date.now()).toBeGreaterThan(46_000);
      await new Promise((resolve) => setTimeout(resolve, 2500));
      expect(server.requests.filter(({ refused }) => refused)).toHaveLength(1);
      expect(source.stats().connections).toBe(0);
    });

    it('takes it from a file, anew at every connection', async () => {
      await writeFile(join(dir, 'password'), `wr0ng\nsecond line\n`);
      const server = await serve({ credentials: ANN });
      const { source } = setUp(server.url(), { username: ANN.user, passwordFile: 'password' });
      await expect.poll(() => server.requests.some(({ refused }) => refused), { timeout: 5000 }).toBe(true);
      await links.splice(0)[0]!.close();
      await writeFile(join(dir, 'password'), `${ANN.password}\n`);
      let frames = 0;
      const watching = source.frames().subscribe((frame) => {
        frames += 1;
        frame.release();
      });
      await expect.poll(() => frames, { timeout: 20_000 }).toBeGreaterThan(2);
      watching.unsubscribe();
      await source.gone();
    });

    it('says which file of it cannot be read', async () => {
      const server = await serve({ credentials: ANN });
      const { link } = setUp(server.url(), { username: 'ann', passwordFile: 'nowhere' });
      await expect.poll(() => link.status.code).toBe('STREAM_AUTH_FAILED');
      expect(link.status.message).toBe(`the password file ${join(dir, 'nowhere')} cannot be read: ENOENT`);
      expect(server.connections).toBe(0);
    });
  });

  describe('that redirects', () => {
    it('on its own host is followed', async () => {
      const target = await serve({ credentials: ANN });
      const server = await serve({ fault: 'redirect', redirectTo: target.url() });
      const { seen } = setUp(server.url(ANN));
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(2);
      // ffmpeg was sent to the end of the way at once.
      expect(server.requests.map(({ method }) => method)).toEqual(['DESCRIBE']);
    });

    it.each([
      ['to another host', 'rtsp://127.0.0.2:8554/cam', 'rtsp://127.0.0.2:8554'],
      ['to another protocol', 'http://127.0.0.1/admin?token=t0ken', 'http://127.0.0.1'],
      ['to a file', 'file:///etc/passwd', 'file://'],
    ])('%s is not followed', async (_, redirectTo, said) => {
      const server = await serve({ fault: 'redirect', redirectTo });
      const { link, source } = setUp(server.url(ANN));
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_CONNECTION_FAILED');
      expect(link.status.message).toContain(`redirects to ${said}, which is not followed`);
      expect(link.status.message).not.toContain('t0ken');
      expect(source.stats().connections).toBe(0);
    });

    it('in a circle is left', async () => {
      const server = await serve({ fault: 'redirect' });
      server.redirectTo = server.url();
      const { link } = setUp(server.url());
      await expect.poll(() => link.status.message, { timeout: 5000 }).toMatch(/redirects more than 3 times/);
      expect(server.connections).toBeLessThan(6);
    });
  });

  describe('with several addresses', () => {
    it('is played from the next one when the first fails, and says which', async () => {
      const dead = await serve({ fault: 'not-found' });
      const good = await serve();
      const { link, seen, changes } = setUp(dead.url(), { failover: [good.url()] });
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(2);
      expect(link.status.streamInUse).toEqual({ index: 1, url: good.url() });
      expect(changes.map(({ state }) => state)).toEqual(['connecting', 'running']);
      // The first one counts again in the next round.
      dead.fault = 'none';
      await good.close();
      await expect.poll(() => link.status.streamInUse?.index, { timeout: 20_000 }).toBe(0);
      await expect.poll(() => link.status.state, { timeout: 20_000 }).toBe('running');
    });

    it('fails with what the first one says when all do', async () => {
      const first = await serve({ fault: 'not-found' });
      const second = await serve({ fault: 'garbage' });
      const { link } = setUp(first.url(), { failover: [second.url()] });
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_NOT_FOUND');
      expect(link.status.message).toMatch(/knows no stream under that path; camera .* answers, but not in RTSP/);
    });

    it('shows a refused password to no second one of the same host and user, and waits a minute', async () => {
      const first = await serve({ credentials: ANN });
      const second = await serve({ credentials: ANN });
      const { link } = setUp(first.url(), { failover: [second.url()], username: 'ann', password: 'wr0ng' });
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_AUTH_FAILED');
      expect(second.connections).toBe(0);
      expect(link.status.retryAtMs! - Date.now()).toBeGreaterThan(46_000);
    });
  });

  describe('behind TLS', () => {
    const { cert, key } = selfSigned();
    const on = (server: FaultRtspServer, credentials?: typeof ANN) => server.url(credentials, 'localhost');

    it('with the certificate that is trusted plays, and its goodbye arrives', async () => {
      await writeFile(join(dir, 'cam.pem'), cert);
      const server = await serve({ tls: { cert, key }, credentials: ANN });
      const { seen, watching, source, log } = setUp(on(server, ANN), { tls: { ca: 'cam.pem' } });
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(5);
      watching.unsubscribe();
      await source.gone();
      await expect.poll(() => server.asked('TEARDOWN')).toBe(1);
      expect(JSON.stringify(log.lines)).not.toContain('s3cret');
    });

    it('with a certificate that nobody vouches for is refused before the password is sent', async () => {
      const server = await serve({ tls: { cert, key }, credentials: ANN });
      const { link } = setUp(on(server, ANN));
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_TLS_FAILED');
      expect(link.status.message).toMatch(/certificate of camera localhost:\d+ is self-signed: name it .* in tls.ca/);
      expect(server.requests).toEqual([]);
    });

    it('with a certificate for another name is refused', async () => {
      await writeFile(join(dir, 'cam.pem'), cert);
      const server = await serve({ tls: { cert, key } });
      const { link } = setUp(server.url(), { tls: { ca: 'cam.pem' } });
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_TLS_FAILED');
      expect(link.status.message).toMatch(/is for another name/);
    });

    it('is played unverified where the settings say so', async () => {
      const server = await serve({ tls: { cert, key } });
      const { seen } = setUp(server.url(), { tls: { verify: false }, transport: 'udp' });
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(2);
    });

    it('that has none, and waits for more of the handshake, is told apart in its timeout', async () => {
      const server = await serve();
      const { link } = setUp(server.url().replace('rtsp:', 'rtsps:'), { tls: { verify: false } });
      await expect.poll(() => link.status.code, { timeout: 5000 }).toBe('STREAM_TLS_FAILED');
      expect(link.status.message).toMatch(/is it rtsp:\/\/ rather than rtsps:\/\/\?/);
    });

    it('is not mistaken for one without', async () => {
      const server = await serve({ tls: { cert, key } });
      const { link } = setUp(server.url().replace('rtsps:', 'rtsp:'));
      await expect.poll(() => link.status.code, { timeout: 5000 }).not.toBeNull();
      expect(link.status.message).toMatch(/is it rtsps:\/\/ rather|without an answer|broke the connection off/);
    });

    it('that breaks off in the middle is running again in seconds', async () => {
      const server = await serve({ tls: { cert, key } });
      const { seen, changes } = setUp(server.url(), { tls: { verify: false } });
      await expect.poll(() => seen.frames, { timeout: 20_000 }).toBeGreaterThan(2);
      server.hangUp();
      await expect.poll(() => changes.filter(({ state }) => state === 'running').length, { timeout: 20_000 }).toBe(2);
    });
  });
});
