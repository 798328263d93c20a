import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { take } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import type { Frame } from '../../pipeline/frame.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openAddress } from '../../sources/connect/open-address.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { frameDemands } from '../../sources/ffmpeg/frame-demands.ts';
import { FfmpegSource } from '../../sources/ffmpeg-source.ts';
import { sourceAddress } from '../../sources/source-address.ts';
import { FaultRtspServer } from '../support/fault-rtsp-server.ts';
import { h264Video } from '../support/h264-video.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { TestFilms } from '../support/test-film.ts';

interface Seen {
  readonly ptsMs: number;
  readonly atMs: number;
  readonly hash: string;
}

/** Every picture, by way of this program, which says when one is whole, or `direct`. */
async function watch(url: string, o: { direct: boolean; pictures: number; ffmpeg: FfmpegBinary }): Promise<Seen[]> {
  const camera = cameraSchema.parse({ id: 'front', url, width: 320, fps: 60 });
  const address = sourceAddress(url, { baseDir: '/', platform: process.platform });
  const demands = frameDemands(camera);
  const asked = { timeoutMs: camera.timeout, transport: 'tcp', direct: o.direct } as const;
  const open = await openAddress(address, asked, new AbortController().signal);
  expect(open.detour).toBe(!o.direct);
  const source = new FfmpegSource({
    id: 'front',
    address,
    demands,
    ffmpeg: o.ffmpeg,
    clock: systemClock,
    log: silentLog,
  });
  const seen: Seen[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const pictures = source.frames(open.opening).pipe(take<Frame>(o.pictures));
      pictures.subscribe({
        next: (frame) => {
          const hash = createHash('sha1').update(frame.data).digest('hex');
          seen.push({ ptsMs: frame.ptsSeconds! * 1000, atMs: performance.now(), hash });
          frame.release();
        },
        error: reject,
        complete: resolve,
      });
    });
  } finally {
    await source.gone();
    await open.close();
  }
  expect(source.stats().decodeErrors).toBe(0);
  return seen;
}

const hashes = (seen: readonly Seen[]) => seen.map(({ hash }) => hash);
/** Between two pictures, to the millisecond. */
const steps = (seen: readonly Seen[]) => seen.slice(1).map(({ ptsMs }, i) => Math.round(ptsMs - seen[i]!.ptsMs));

describe.skipIf(!requirement('ffmpeg').met)('pictures that are said to be whole', () => {
  let films: TestFilms;
  let ffmpeg: FfmpegBinary;

  beforeAll(async () => {
    films = await TestFilms.create();
    ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
  });
  afterAll(() => films[Symbol.asyncDispose]());

  it('come a whole picture sooner: at 5 a second by a fifth of a second', { timeout: 30_000 }, async () => {
    const pictures = 30;
    await using server = await FaultRtspServer.start({ video: h264Video({ fps: 5, seconds: 10 }), fps: 5 });
    const late = async (direct: boolean) => {
      const played = server.sentAtMs.length;
      const watching = watch(server.url(), { direct, pictures, ffmpeg });
      await expect.poll(() => server.sentAtMs.length, { timeout: 10_000 }).toBe(played + 1);
      return watching.then((seen) => {
        const sent = server.sentAtMs[played]!;
        // Once it is known that ends may be said. Of the pictures at the beginning, whose timestamps ffmpeg guesses, one may be left out:
        // of both connections.
        const delays = seen.slice(20).map(({ atMs }, i) => atMs - sent[i + 20]!);
        return delays.sort((a, b) => a - b)[Math.floor(delays.length / 2)]!;
      });
    };
    const direct = await late(true);
    const told = await late(false);
    expect(direct).toBeGreaterThan(200);
    expect(direct - told).toBeGreaterThan(150);
  });

  const x264 = (...params: string[]) => [
    '-c:v',
    'libx264',
    '-preset',
    'veryfast',
    '-x264-params',
    ['keyint=25', ...params].join(':'),
  ];
  const x265 = (...params: string[]) => [
    '-c:v',
    'libx265',
    '-preset',
    'ultrafast',
    '-x265-params',
    ['log-level=error', 'keyint=25', ...params].join(':'),
  ];

  describe.skipIf(!requirement('rtsp').met)('are the same pictures with the same timestamps', () => {
    it.each([
      ['H.264', 'h264', x264('bframes=0')],
      ['H.264 with four slices', 'h264', x264('bframes=0', 'slices=4')],
      ['H.264 with delimiters of its own', 'h264', x264('bframes=0', 'aud=1')],
      ['H.264 with B-frames', 'h264', x264('bframes=3', 'b-adapt=0')],
      ['H.265', 'h265', x265('bframes=0')],
      ['H.265 with B-frames', 'h265', x265('bframes=3', 'b-adapt=0')],
    ] as const)('of %s', { timeout: 60_000 }, async (name, codec, encoder) => {
      const film = join(films.dir, `${name.replaceAll(/\W/g, '-')}.mp4`);
      const source = ['-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=25:duration=4', '-pix_fmt', 'yuv420p'];
      await promisify(execFile)(ffmpeg.path, ['-v', 'error', ...source, ...encoder, film]);
      await using server = await RtspServer.start({ film, codec });
      const [direct, told] = await Promise.all(
        [true, false].map((one) => watch(server.url(), { direct: one, pictures: 70, ffmpeg })),
      );
      expect(hashes(told!)).toEqual(hashes(direct!));
      expect(new Set(hashes(told!)).size).toBe(70);
      // What the first pictures of a connection bear is ffmpeg's guess.
      expect(steps(told!).slice(5)).toEqual(steps(direct!).slice(5));
      expect(new Set(steps(told!).slice(5))).toEqual(new Set([40]));
    });
  });
});
