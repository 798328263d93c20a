import { readFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../config/error-codes.ts';
import { cameraSchema } from '../../config/settings-schema.ts';
import type { Frame } from '../../pipeline/frame.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { TestFilms } from '../support/test-film.ts';

const CREDENTIALS = { user: 'ann', password: "s3cret'@/x" };

describe.skipIf(!requirement('rtsp').met || !requirement('ffmpeg').met)('an RTSP camera', () => {
  let films: TestFilms;
  let film: string;
  let short: string;
  let ffmpeg: FfmpegBinary;
  let open: RtspServer;
  let locked: RtspServer;
  const links: CameraLink[] = [];

  beforeAll(async () => {
    films = await TestFilms.create();
    film = await films.draw({ seconds: 20 });
    short = await films.draw({ seconds: 2, name: 'short.mp4' });
    ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
    open = await RtspServer.start({ film });
    locked = await RtspServer.start({ film, credentials: CREDENTIALS });
  });
  afterEach(async () => {
    await Promise.all(links.splice(0).map((link) => link.close()));
  });
  afterAll(async () => {
    await Promise.all([open.close(), locked.close(), films[Symbol.asyncDispose]()]);
  });

  function setUp(url: string, settings: Record<string, unknown> = {}) {
    const log = recordedLog();
    const source = createSource(cameraSchema.parse({ id: 'front', url, width: 320, timeout: '2s', ...settings }), {
      ffmpeg,
      clock: systemClock,
      log,
      baseDir: '/',
    });
    const link = new CameraLink(source, { clock: systemClock, log });
    links.push(link);
    return { source, link, log };
  }

  /** Releases every frame; resolves with the first `count`. */
  function take(frames: CameraLink, count: number, onFrame: (frame: Frame) => void = () => {}): Promise<Frame[]> {
    const seen: Frame[] = [];
    return new Promise((resolve, reject) => {
      const watching = frames.frames().subscribe({
        next: (frame) => {
          seen.push(frame);
          onFrame(frame);
          frame.release();
          if (seen.length === count) {
            watching.unsubscribe();
            resolve(seen);
          }
        },
        error: reject,
        complete: () => reject(new Error(`completed after ${seen.length} frames`)),
      });
    });
  }

  it.each(['tcp', 'udp'])('over %s gives its frames at the rate asked for, young, each once', async (transport) => {
    const { source, link } = setUp(open.url(), { fps: 10, transport });
    const frames = await take(link, 30);
    expect(frames[0]).toMatchObject({ cameraId: 'front', sequence: 1, connection: 1, width: 320, height: 180 });
    expect(new Set(frames.map((frame) => frame.ptsSeconds)).size).toBe(30);
    // How old the first ones are cannot be told yet.
    expect(frames[0]!.degraded).toBe(true);
    expect(frames.at(-1)!.degraded).toBe(false);
    const lasted = frames.at(-1)!.ptsSeconds! - frames[0]!.ptsSeconds!;
    expect(lasted).toBeGreaterThan(2.85);
    // 25 frames a second come in steps of 40 ms: every third of them.
    expect(lasted).toBeLessThan(3.55);
    const wall = frames.at(-1)!.arrivedAtMs - frames[0]!.arrivedAtMs;
    expect(wall).toBeGreaterThan(1500);
    expect(Math.abs(frames.at(-1)!.capturedAtMs - Date.now())).toBeLessThan(5000);
    expect(source.stats()).toMatchObject({ codec: 'h264', width: 320, height: 180, connections: 1 });
    await source.gone();
    expect(source.pids()).toEqual([]);
  });

  it.each(['basic', 'digest'] as const)('is let in by %s, and its password stands nowhere', async (auth) => {
    await using server = await RtspServer.start({ film, credentials: { ...CREDENTIALS, auth } });
    const { source, link, log } = setUp(server.url(CREDENTIALS));
    let frames = 0;
    const watching = link.frames().subscribe((frame) => {
      frames += 1;
      frame.release();
    });
    await expect.poll(() => frames, { timeout: 10_000 }).toBeGreaterThan(2);
    const [pid] = source.pids();
    const argv = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const environment = await readFile(`/proc/${pid}/environ`, 'utf8');
    watching.unsubscribe();
    await source.gone();
    expect(argv).toContain('ffmpeg');
    for (const text of [argv, environment, JSON.stringify(log.lines), JSON.stringify(link.status)]) {
      expect(text).not.toMatch(/s3cret|ann:/);
    }
    expect(log.lines.some((line) => line.message === 'ffmpeg said')).toBe(true);
  });

  const refusals: [what: string, url: () => string, code: ErrorCode, message: RegExp][] = [
    ['a wrong path', () => `${open.url()}-not`, 'STREAM_NOT_FOUND', /knows no stream under that path/],
    [
      'a wrong password',
      () => locked.url({ user: 'ann', password: 'wrong-s3cret' }),
      'STREAM_AUTH_FAILED',
      /refused the user name or password/,
    ],
    ['no password', () => locked.url(), 'STREAM_AUTH_FAILED', /asks for a user name and password/],
    [
      'a wrong port',
      () => 'rtsp://ann:s3cret@127.0.0.1:1/cam',
      'STREAM_CONNECTION_FAILED',
      /nothing listens at camera 127.0.0.1:1/,
    ],
    ['a wrong scheme', () => open.url().replace('rtsp:', 'rtsps:'), 'STREAM_TLS_FAILED', /is it rtsp:\/\/ rather/],
  ];
  it.each(refusals)('with %s says so in a line, and stays to be asked again', async (_, url, code, message) => {
    const { link, log } = setUp(url());
    const states: string[] = [];
    link.changes.subscribe((status) => states.push(status.state));
    const watching = link.frames().subscribe();
    await expect.poll(() => link.status.code, { timeout: 10_000 }).toBe(code);
    expect(link.status).toMatchObject({ state: 'reconnecting', message: expect.stringMatching(message) });
    expect(link.status.message).not.toContain('\n');
    expect(states).toEqual(['connecting', 'reconnecting']);
    const pause = link.status.retryAtMs! - Date.now();
    if (code === 'STREAM_AUTH_FAILED') expect(pause).toBeGreaterThan(40_000);
    else expect(pause).toBeLessThan(1300);
    expect(JSON.stringify(log.lines)).not.toContain('s3cret');
    watching.unsubscribe();
  });

  it('is connected to again each time its film ends, with sequence and connection going on', async () => {
    await using server = await RtspServer.start({ film: short });
    const { link } = setUp(server.url(), { fps: 5 });
    const states: string[] = [];
    link.changes.subscribe(({ state, code }) => states.push(`${state} ${code}`));
    const frames = await take(link, 22);
    expect(frames.map((frame) => frame.sequence)).toEqual(frames.map((_, i) => i + 1));
    expect(new Set(frames.map((frame) => frame.connection))).toEqual(new Set([1, 2, 3]));
    expect(states.slice(0, 4)).toEqual([
      'connecting null',
      'running null',
      'reconnecting STREAM_ENDED',
      'running null',
    ]);
  });

  it('comes back by itself when it was switched off and on', async () => {
    const first = await RtspServer.start({ film });
    const { link } = setUp(first.url());
    let frames = 0;
    const watching = link.frames().subscribe((frame) => {
      frames += 1;
      frame.release();
    });
    await expect.poll(() => frames, { timeout: 10_000 }).toBeGreaterThan(2);
    await first.close();
    await expect.poll(() => link.status.code, { timeout: 15_000 }).toBe('STREAM_CONNECTION_FAILED');
    const before = frames;
    await using _second = await RtspServer.start({ film, port: first.port });
    await expect.poll(() => frames, { timeout: 15_000 }).toBeGreaterThan(before + 2);
    expect(link.status.state).toBe('running');
    watching.unsubscribe();
  });

  it('whose reader was paused for 3 s has old frames, not new ones', async () => {
    const { link } = setUp(open.url(), { width: 640 });
    const ages: number[] = [];
    let paused = false;
    const young: number[] = [];
    await take(link, 40, (frame) => {
      if (!paused) young.push(frame.ageMs);
      else ages.push(frame.ageMs);
      if (young.length === 10 && !paused) {
        paused = true;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
      }
    });
    const backlog = ages.slice(0, 8);
    expect(Math.max(...young)).toBeLessThan(1500);
    expect(backlog[0]).toBeGreaterThan(1800);
    // They are taken 200 ms apart and come at once: each is that much younger, none is new before its time.
    for (const [i, age] of backlog.entries()) expect(age).toBeGreaterThan(1800 - i * 230);
    expect(Math.min(...ages)).toBeLessThan(500);
  });

  it('drops frames, and counts them, while somebody holds all buffers', async () => {
    const { source, link } = setUp(open.url(), { fps: 25 });
    const held: Frame[] = [];
    const watching = link.frames().subscribe((frame) => held.push(frame));
    await expect.poll(() => source.stats().dropped.pool, { timeout: 10_000 }).toBeGreaterThan(10);
    expect(held).toHaveLength(8);
    const dropped = source.stats().dropped.pool;
    for (const frame of held) frame.release();
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(16);
    expect(held[8]!.ptsSeconds! - held[7]!.ptsSeconds!).toBeGreaterThan(dropped * 0.04);
    expect(held[8]!.sequence).toBe(9);
    watching.unsubscribe();
    for (const frame of held.slice(8)) frame.release();
  });

  it('is let go of by close(), at any time, and ffmpeg is gone by then', async () => {
    for (const ms of [0, 20, 150, 600]) {
      const { source, link } = setUp(open.url());
      link.frames().subscribe((frame) => frame.release());
      await new Promise((resolve) => setTimeout(resolve, ms));
      const pids = source.pids();
      await link.close();
      expect(source.pids()).toEqual([]);
      for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
      expect(link.status.state).toBe('closed');
    }
  });

  it('is let go of by close() within seconds, also when it hangs and cannot be said goodbye to', async () => {
    await using server = await RtspServer.start({ film });
    const { source, link } = setUp(server.url(), { timeout: '30s' });
    link.frames().subscribe((frame) => frame.release());
    await expect.poll(() => link.status.state, { timeout: 10_000 }).toBe('running');
    process.kill(server.pid, 'SIGSTOP');
    const before = performance.now();
    await link.close();
    expect(performance.now() - before).toBeLessThan(5000);
    expect(source.pids()).toEqual([]);
  });

  it('is let go of by close() after its ffmpeg crashed', async () => {
    const { source, link } = setUp(open.url());
    link.frames().subscribe((frame) => frame.release());
    await expect.poll(() => link.status.state, { timeout: 10_000 }).toBe('running');
    process.kill(source.pids()[0]!, 'SIGKILL');
    await expect.poll(() => link.status.state, { timeout: 10_000 }).toBe('reconnecting');
    expect(link.status.message).toContain('SIGKILL');
    await link.close();
    expect(source.pids()).toEqual([]);
  });
});

describe.skipIf(!requirement('ffmpeg').met)('something that is no RTSP camera', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it.each([
    ['stays silent', () => {}, 'STREAM_TIMEOUT'],
    ['speaks HTTP', (socket: Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'), 'STREAM_CONNECTION_FAILED'],
    ['speaks nonsense', (socket: Socket) => socket.end(Buffer.alloc(5000, 7)), 'STREAM_CONNECTION_FAILED'],
    ['hangs up', (socket: Socket) => socket.destroy(), 'STREAM_CONNECTION_FAILED'],
    [
      'sends elsewhere',
      (socket: Socket) => socket.end('RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: file:///etc/passwd\r\n\r\n'),
      'STREAM_CONNECTION_FAILED',
    ],
  ] as const)('and %s ends the attempt', async (_, answer, code) => {
    server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('data', () => answer(socket));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const source = createSource(
      cameraSchema.parse({ id: 'x', url: `rtsp://u:pw@127.0.0.1:${port}/x`, timeout: '1s' }),
      {
        ffmpeg: await findFfmpeg({ pathVariable: process.env.PATH }),
        clock: systemClock,
        log: recordedLog(),
        baseDir: '/',
      },
    );
    const error = await new Promise((resolve) => source.frames().subscribe({ error: resolve }));
    expect(error).toMatchObject({ name: 'SourceError', code });
    await source.gone();
  });
});
