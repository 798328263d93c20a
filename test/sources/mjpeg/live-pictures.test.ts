import { execFileSync } from 'node:child_process';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../../config/settings-schema.ts';
import type { Frame } from '../../../pipeline/frame.ts';
import { systemClock } from '../../../pipeline/system-clock.ts';
import type { CameraSource } from '../../../sources/camera-source.ts';
import { createSource } from '../../../sources/create-source.ts';
import { type FfmpegBinary, findFfmpeg } from '../../../sources/ffmpeg/ffmpeg-binary.ts';
import type { StreamChange } from '../../../sources/ffmpeg-source.ts';
import { FaultRtspServer } from '../../support/fault-rtsp-server.ts';
import { h264Video } from '../../support/h264-video.ts';
import { MjpegServer, streamJpegs } from '../../support/mjpeg-server.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { requirement } from '../../support/requirements.ts';
import { RtspServer } from '../../support/rtsp-server.ts';
import { TestFilms } from '../../support/test-film.ts';

type Seen = Pick<Frame, 'width' | 'height' | 'ptsSeconds' | 'ageMs' | 'degraded' | 'arrivedAtMs'> & {
  first: number[];
  bytes: number;
};

describe.skipIf(!requirement('ffmpeg').met)('live pictures', () => {
  let ffmpeg: FfmpegBinary;
  let films: TestFilms;
  beforeAll(async () => {
    ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
    films = await TestFilms.create();
  });
  afterAll(() => films[Symbol.asyncDispose]());
  const cleanUp: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean();
  });

  function setUp(settings: Record<string, unknown>, binary = ffmpeg) {
    const log = recordedLog();
    const camera = cameraSchema.parse({ id: 'front', width: 320, ...settings });
    const source = createSource(camera, { ffmpeg: binary, clock: systemClock, log, baseDir: '/' });
    return { source, log };
  }

  /** Watches for so long, or so many frames. */
  async function watch(source: CameraSource, { ms = 60_000, frames = Number.POSITIVE_INFINITY }): Promise<Seen[]> {
    const seen: Seen[] = [];
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      const watching = source.frames().subscribe({
        next: (frame) => {
          const { width, height, ptsSeconds, ageMs, degraded, arrivedAtMs, data } = frame;
          const first = [...data.subarray(0, 3)];
          seen.push({ width, height, ptsSeconds, ageMs, degraded, arrivedAtMs, first, bytes: data.length });
          frame.release();
          if (seen.length >= frames) resolve();
        },
        error: reject,
        complete: resolve,
      });
      cleanUp.push(async () => {
        clearTimeout(timer);
        watching.unsubscribe();
        await source.gone();
        expect(source.pids()).toEqual([]);
      });
    });
    return seen;
  }

  /** Seconds of the camera's time between one picture and the next. */
  const steps = (seen: readonly Seen[]): number[] =>
    seen.slice(1).map(({ ptsSeconds }, i) => ptsSeconds! - seen[i]!.ptsSeconds!);

  it('of the test pattern come at the rate asked for, and move', async () => {
    const { source } = setUp({ url: 'test:', fps: 10 });
    const frozen: boolean[] = [];
    source.frozenChanges.subscribe((state) => frozen.push(state));
    const seen = await watch(source, { frames: 25 });
    // Of 25 a second every third, by the pattern's own time; nothing is asked of this machine's speed.
    for (const seconds of steps(seen)) expect(seconds).toBeCloseTo(0.12, 2);
    expect(seen.at(-1)).toMatchObject({ width: 320, height: 180 });
    expect(seen.some(({ degraded }) => !degraded)).toBe(true);
    expect(frozen).toEqual([]);
  });

  describe('over HTTP', () => {
    let jpegs: Buffer[];
    beforeAll(() => {
      const draw = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10', '-frames:v', '30'];
      const all = execFileSync('ffmpeg', [...draw, '-c:v', 'mjpeg', '-f', 'image2pipe', '-'], { maxBuffer: 1e8 });
      jpegs = all
        .toString('latin1')
        .split(/(?=\xff\xd8\xff)/)
        .map((jpeg) => Buffer.from(jpeg, 'latin1'));
      expect(jpegs).toHaveLength(30);
    });
    async function serve(...args: Parameters<typeof streamJpegs> extends [unknown, ...infer Rest] ? Rest : never) {
      const server = await MjpegServer.start((_, response) => streamJpegs(response, ...args));
      cleanUp.push(() => server[Symbol.asyncDispose]());
      return `http://127.0.0.1:${server.port}/video`;
    }

    it('come with timestamps of their own, thinned out before they are decoded', async () => {
      const { source } = setUp({ url: await serve(jpegs, 20) });
      const seen = await watch(source, { frames: 18 });
      for (const seconds of steps(seen)) expect(seconds).toBeGreaterThan(0.19);
      const ages = seen.map(({ ageMs }) => ageMs).sort((a, b) => a - b);
      expect(ages[ages.length >> 1]).toBeLessThan(400);
      expect(seen.some(({ degraded }) => !degraded)).toBe(true);
      const stats = source.stats();
      expect(stats).toMatchObject({ codec: 'mjpeg', decodeErrors: 0, decoder: { used: 'software', reason: null } });
      expect(stats.framesDecoded).toBeLessThan(stats.framesReceived + 5);
      expect(stats.compressedBytes).toBeGreaterThan(50 * jpegs[0]!.length);
    });

    it('that are one and the same are frozen, and no door decides on them', async () => {
      const { source } = setUp({ url: await serve(jpegs.slice(0, 1), 20) });
      const frozenWith: number[] = [];
      source.frozenChanges.subscribe((state) => {
        expect(state).toBe(true);
        frozenWith.push(source.stats().framesReceived - 1);
      });
      const seen = await watch(source, { frames: 18 });
      expect(seen.every(({ degraded }) => degraded)).toBe(true);
      expect(frozenWith).toHaveLength(1);
      expect(seen[frozenWith[0]!]!.ptsSeconds! - seen[0]!.ptsSeconds!).toBeLessThan(3);
    });

    it('that are damaged are counted, and those after them are degraded for a second', async () => {
      const torn = jpegs.map((jpeg, i) => (i === 25 ? jpeg.subarray(0, jpeg.length >> 1) : jpeg));
      const { source } = setUp({ url: await serve(torn, 10), fps: 10 });
      const seen = await watch(source, { ms: 4500 });
      expect(source.stats().decodeErrors).toBeGreaterThan(0);
      // The first second of a connection is degraded anyway.
      const later = seen.filter(({ ptsSeconds }) => ptsSeconds! > 1.5);
      expect(later.filter(({ degraded }) => degraded).length).toBeGreaterThanOrEqual(6);
      expect(seen.at(-1)!.degraded).toBe(false);
    });
  });

  it('of another size have that size, with one event each time and one line of the log', async () => {
    const video = Buffer.concat([h264Video({ seconds: 2 }), h264Video({ seconds: 2, size: '640x480' })]);
    await using server = await FaultRtspServer.start({ video });
    const { source, log } = setUp({ url: server.url() });
    const changes: StreamChange[] = [];
    source.streamChanges.subscribe((change) => changes.push(change));
    const seen = await watch(source, { ms: 7500 });
    const sizes = seen.map(({ width, height }) => `${width}x${height}`);
    expect(sizes.filter((size, i) => size !== sizes[i - 1]).slice(0, 3)).toEqual(['320x180', '320x240', '320x180']);
    for (const { width, height, bytes } of seen) expect(bytes).toBe(width * height * 3);
    expect(changes.length).toBe(sizes.filter((size, i) => i > 0 && size !== sizes[i - 1]).length);
    expect(changes[0]).toMatchObject({
      from: { width: 320, height: 180 },
      to: { codec: 'h264', width: 640, height: 480 },
    });
    expect(log.lines.filter(({ level }) => level === 'info').length).toBe(changes.length);
  });

  it('are covered by masks before anybody has them', async () => {
    const masks = [
      [
        [0, 0],
        [0.5, 0],
        [0.5, 0.5],
        [0, 0.5],
      ],
    ];
    const { source } = setUp({ url: 'test:', masks });
    const seen = await watch(source, { frames: 3 });
    expect(seen.map(({ first }) => first)).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [0, 0, 0],
    ]);
    await watch(setUp({ url: 'test:' }).source, { frames: 1 }).then(([frame]) =>
      expect(frame!.first).not.toEqual([0, 0, 0]),
    );
  });

  it.each([['libx264'], ['libx265'], ['mjpeg']])(
    'in 8K (%s) are refused, with the size, and not decoded',
    async (encoder) => {
      const path = join(films.dir, `8k-${encoder}.mkv`);
      const args = ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'color=gray:size=7680x4320:rate=2', '-frames:v', '2'];
      execFileSync(
        'ffmpeg',
        [...args, '-c:v', encoder, ...(encoder === 'mjpeg' ? [] : ['-preset', 'ultrafast']), path],
        { stdio: 'ignore' },
      );
      const { source } = setUp({ url: `file:${path}` });
      await expect(watch(source, {})).rejects.toMatchObject({
        code: 'STREAM_CODEC_UNSUPPORTED',
        message: expect.stringContaining('7680×4320'),
      });
      expect(source.stats().framesDecoded).toBe(0);
    },
  );

  describe('decoded by hardware that is not there', () => {
    it.each(['cuda', 'vaapi', 'qsv', 'videotoolbox', 'auto'])(
      '(%s) are decoded by the processor, and it is said why',
      async (hwaccel) => {
        if (requirement('gpu').met) return;
        const { source, log } = setUp({ url: `file:${await films.draw({ seconds: 1 })}`, hwaccel });
        const seen = await watch(source, {});
        expect(seen.length).toBeGreaterThanOrEqual(5);
        const { decoder, connections } = source.stats();
        expect(decoder).toMatchObject({ requested: hwaccel, used: 'software' });
        expect(decoder.reason).toMatch(/does not open|was built without/);
        expect(connections).toBe(1);
        expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
      },
    );

    it('that fails only at the stream are decoded by the processor without a pause', async () => {
      // Opens its device and then fails as ffmpeg does where the driver is missing; without hardware it is ffmpeg.
      const fake = join(films.dir, 'ffmpeg-with-device');
      await writeFile(
        fake,
        `#!/bin/sh\ncase "$*" in *-init_hw_device*) exit 0;; esac\nexec ${JSON.stringify(ffmpeg.path)} "$@"\n`,
      );
      await chmod(fake, 0o755);
      const binary = { ...ffmpeg, path: fake, can: { ...ffmpeg.can, hwaccels: ['cuda'] } };
      const film = await films.draw({ seconds: 2, name: 'hardware.mp4' });
      const { source, log } = setUp({ url: `file:${film}`, hwaccel: 'cuda' }, binary);
      expect((await watch(source, {})).length).toBe(10);
      expect(source.stats()).toMatchObject({ connections: 2, decoder: { requested: 'cuda', used: 'software' } });
      expect(source.stats().decoder.reason).toMatch(/^cuda did not decode this stream \(/);
      expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
      await watch(source, {});
      expect(source.stats().connections).toBe(3);
    });
  });

  describe.skipIf(!requirement('rtsp').met)('of a real RTSP server', () => {
    it('in H.265 come at the rate asked for, and their video is copied for a preview', async () => {
      const film = await films.draw({ seconds: 10, name: 'h265.mp4', codec: 'h265' });
      await using server = await RtspServer.start({ film, codec: 'h265' });
      const { source } = setUp({ url: server.url() });
      const copied: Buffer[] = [];
      const copying = source.transportStream().subscribe((packets) => copied.push(Buffer.from(packets)));
      const seen = await watch(source, { frames: 25 });
      copying.unsubscribe();
      expect(seen).toHaveLength(25);
      expect(seen.at(-1)).toMatchObject({ width: 320, height: 180, degraded: false });
      expect(source.stats()).toMatchObject({ codec: 'hevc', decodeErrors: 0 });
      const file = join(films.dir, 'copied.ts');
      await writeFile(file, Buffer.concat(copied));
      const probe = [
        '-v',
        'warning',
        '-count_frames',
        '-show_entries',
        'stream=codec_name,nb_read_frames',
        '-of',
        'csv=p=0',
        file,
      ];
      const [codec, frames] = execFileSync('ffprobe', probe, { encoding: 'utf8' })
        .trim()
        .split(/[,\s]+/);
      expect(codec).toBe('hevc');
      expect(Number(frames)).toBeGreaterThan(80);
      expect((await readFile(file))[0]).toBe(0x47);
    });

    it('that come in another order than they are shown (B-frames) are decoded, and copied from the first one on', async () => {
      const film = join(films.dir, 'b-frames.mp4');
      const draw = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=8'];
      execFileSync('ffmpeg', [...draw, '-c:v', 'libx264', '-bf', '3', '-g', '25', '-pix_fmt', 'yuv420p', film]);
      await using server = await RtspServer.start({ film });
      const { source } = setUp({ url: server.url() });
      let copied = 0;
      const copying = source.transportStream().subscribe((packets) => {
        copied += packets.length;
      });
      const seen = await watch(source, { frames: 12 });
      copying.unsubscribe();
      expect(seen).toHaveLength(12);
      expect(source.stats()).toMatchObject({ connections: 1, decodeErrors: 0 });
      expect(copied).toBeGreaterThan(10_000);
    });

    it('that stand still are frozen within 3 s', async () => {
      const picture = 'testsrc2,trim=end_frame=100,tpad=stop_mode=clone:stop_duration=8';
      const film = await films.drawFiltered({ picture, name: 'stops.mp4' });
      await using server = await RtspServer.start({ film });
      const { source } = setUp({ url: server.url(), width: 640 });
      const frozenWith: number[] = [];
      source.frozenChanges.subscribe((state) => {
        if (state) frozenWith.push(source.stats().framesReceived - 1);
      });
      const seen = await watch(source, { ms: 9000 });
      const stopped = seen.find(({ ptsSeconds }) => ptsSeconds! - seen[0]!.ptsSeconds! >= 3.96)!;
      expect(seen[frozenWith[0]!]!.ptsSeconds! - stopped.ptsSeconds!).toBeLessThan(3);
      expect(seen.at(-1)!.degraded).toBe(true);
    });
  });

  it.each(['libx264', 'libx265'])('with damage (%s) are counted, and degraded for a second', async (encoder) => {
    const path = join(films.dir, `long-${encoder}.ts`);
    const coding =
      encoder === 'libx265' ? ['-x265-params', 'log-level=0:bframes=0:keyint=25'] : ['-bf', '0', '-g', '25'];
    const draw = ['-v', 'error', '-y', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=8'];
    execFileSync('ffmpeg', [...draw, '-c:v', encoder, '-preset', 'ultrafast', ...coding, path]);
    const film = await readFile(path);
    const from = Math.floor(film.length * 0.2);
    for (let i = 0; i < film.length / 20; i += 37) if ((from + i) % 188 > 12) film[from + i] = (i * 7919) & 0xff;
    await writeFile(path, film);
    const { source } = setUp({ url: `file:${path}` });
    const seen = await watch(source, {});
    expect(source.stats().decodeErrors).toBeGreaterThan(0);
    const damaged = seen.filter(({ degraded }) => degraded);
    expect(damaged.length).toBeGreaterThanOrEqual(4);
    expect(damaged.length).toBeLessThan(seen.length / 2);
    expect(seen.at(-1)!.degraded).toBe(false);
  });

  it('that MPEG-TS does not take are decoded all the same', async () => {
    // Raw H.264 with B-frames: its first picture has no timestamp of its own.
    const film = join(films.dir, 'raw.h264');
    const draw = ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25:duration=2'];
    execFileSync('ffmpeg', [...draw, '-c:v', 'libx264', '-bf', '3', '-pix_fmt', 'yuv420p', film]);
    const { source, log } = setUp({ url: `file:${film}`, realtime: true });
    expect((await watch(source, {})).length).toBeGreaterThan(5);
    expect(JSON.stringify(log.lines)).toContain('first pts and dts value must be set');
  });

  it('that are no video to be copied have no transport stream, and it is said why', async () => {
    const { source } = setUp({ url: 'test:' });
    const error = await new Promise((resolve) => source.transportStream().subscribe({ error: resolve }));
    expect(error).toMatchObject({
      code: 'PREVIEW_UNAVAILABLE',
      message: expect.stringContaining('only the video of RTSP'),
    });
  });
});
