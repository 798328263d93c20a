import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import type { Frame } from '../../pipeline/frame.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import type { CameraSource } from '../../sources/camera-source.ts';
import { createSource } from '../../sources/create-source.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { requirement } from '../support/requirements.ts';
import { TestFilms } from '../support/test-film.ts';

let films: TestFilms;
beforeAll(async () => {
  films = await TestFilms.create();
  await films.draw();
  await films.draw({ name: 'red.ts', picture: 'color=red', seconds: 1, size: '320x240' });
  await films.draw({ name: 'blue.ts', picture: 'color=blue', seconds: 1, size: '640x360' });
  await films.draw({ name: 'odd.mkv', seconds: 1, fps: 10, size: '322x242' });
});
afterAll(() => films[Symbol.asyncDispose]());

type Seen = Pick<
  Frame,
  'cameraId' | 'sequence' | 'connection' | 'ptsSeconds' | 'width' | 'height' | 'ageMs' | 'degraded'
> & { pixel: number[]; length: number };

function watch(source: CameraSource, onFrame: (frame: Frame) => void = (frame) => frame.release()): Promise<Seen[]> {
  const seen: Seen[] = [];
  return new Promise((resolve, reject) =>
    source.frames().subscribe({
      next: (frame) => {
        const { cameraId, sequence, connection, ptsSeconds, width, height, ageMs, degraded, data } = frame;
        const middle = 3 * (Math.floor(height / 2) * width + Math.floor(width / 2));
        seen.push({
          ...{ cameraId, sequence, connection, ptsSeconds, width, height, ageMs, degraded },
          pixel: [...data.subarray(middle, middle + 3)],
          length: data.length,
        });
        onFrame(frame);
      },
      error: reject,
      complete: () => resolve(seen),
    }),
  );
}

const binaries = ['bundled', ...(requirement('ffmpeg').met ? ['path'] : [])] as const;

describe.each(binaries)('a file, read by the %s ffmpeg', (origin) => {
  let ffmpeg: FfmpegBinary;
  beforeAll(async () => {
    ffmpeg = await findFfmpeg({ pathVariable: origin === 'path' ? process.env.PATH : undefined });
    expect(ffmpeg.origin).toBe(origin);
  });
  const source = (url: string, settings: Record<string, unknown> = {}) =>
    createSource(cameraSchema.parse({ id: 'clip', url, ...settings }), {
      ffmpeg,
      clock: systemClock,
      log: recordedLog(),
      baseDir: films.dir,
    });

  it('gives at most the frames asked for, each with its PTS, scaled, and ends', async () => {
    const clip = source('file:film.mp4', { fps: 5, width: 320 });
    const seen = await watch(clip);
    expect(seen.map((frame) => frame.sequence)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    for (const [i, frame] of seen.entries()) {
      expect(frame).toMatchObject({ cameraId: 'clip', connection: 1, width: 320, height: 180, ageMs: 0 });
      expect(frame.length).toBe(320 * 180 * 3);
      expect(frame.ptsSeconds! - seen[0]!.ptsSeconds!).toBeCloseTo(i * 0.2, 3);
      expect(frame.degraded).toBe(false);
    }
    expect(clip.stats()).toEqual({
      connections: 1,
      framesReceived: 20,
      dropped: { pool: 0 },
      framesDecoded: 100,
      decodeErrors: 0,
      compressedBytes: null,
      decoder: { requested: 'none', used: 'software', reason: null },
      bytes: 20 * 320 * 180 * 3,
      width: 320,
      height: 180,
      codec: 'h264',
    });
    expect(clip.pids()).toEqual([]);
  });

  it('never invents frames, and never scales up', async () => {
    const seen = await watch(source('file:odd.mkv', { fps: 60, width: 1280 }));
    expect(seen).toHaveLength(10);
    expect(new Set(seen.map((frame) => frame.ptsSeconds)).size).toBe(10);
    expect(seen[0]).toMatchObject({ width: 322, height: 242 });
  });

  it('counts frames on over connections', async () => {
    const clip = source('file:odd.mkv', { fps: 1 });
    expect(await watch(clip)).toMatchObject([{ sequence: 1, connection: 1 }]);
    expect(await watch(clip)).toMatchObject([{ sequence: 2, connection: 2 }]);
  });

  it('waits for whoever holds its frames, and loses none', async () => {
    const clip = source('file:film.mp4', { fps: 25, width: 320 });
    const held: Frame[] = [];
    let most = 0;
    const seen = await watch(clip, (frame) => {
      held.push(frame);
      most = Math.max(most, held.length);
      if (held.length === 8) setTimeout(() => held.splice(0).forEach((each) => void each.release()), 20);
    });
    expect(seen).toHaveLength(100);
    expect(most).toBe(8);
    expect(clip.stats().dropped.pool).toBe(0);
    for (const frame of held) frame.release();
  });

  it('takes its own time when asked to', async () => {
    const before = performance.now();
    await watch(source('file:odd.mkv', { fps: 10, realtime: true }));
    expect(performance.now() - before).toBeGreaterThan(800);
  });

  it('is played again and again when asked to, with PTS that go on', async () => {
    const clip = source('file:odd.mkv', { fps: 10, loop: true });
    const pts: number[] = [];
    await new Promise<void>((resolve, reject) => {
      const watching = clip.frames().subscribe({
        next: (frame) => {
          pts.push(frame.ptsSeconds!);
          frame.release();
          if (pts.length === 25) {
            watching.unsubscribe();
            resolve();
          }
        },
        error: reject,
        complete: () => reject(new Error('it ended')),
      });
    });
    expect(pts.every((at, i) => i === 0 || at > pts[i - 1]!)).toBe(true);
    await clip.gone();
    expect(clip.pids()).toEqual([]);
  });

  it('has the size and the pixels that each picture has, when the stream changes its size', async () => {
    const parts = await Promise.all(['red.ts', 'blue.ts'].map((name) => readFile(join(films.dir, name))));
    await writeFile(join(films.dir, 'both.ts'), Buffer.concat(parts));
    const seen = await watch(source('file:both.ts', { fps: 5, width: 640 }));
    const reds = seen.filter(({ pixel }) => pixel[0]! > 200 && pixel[2]! < 50);
    const blues = seen.filter(({ pixel }) => pixel[2]! > 200 && pixel[0]! < 50);
    expect(reds.length).toBeGreaterThanOrEqual(4);
    expect(blues.length).toBeGreaterThanOrEqual(4);
    expect(reds.length + blues.length).toBe(seen.length);
    for (const red of reds) expect(red).toMatchObject({ width: 320, height: 240 });
    // The build of 2018 squeezes what follows into the first size; the frame says what it is.
    const later = ffmpeg.can.autoscale ? { width: 640, height: 360 } : { width: 320, height: 240 };
    for (const blue of blues) expect(blue).toMatchObject(later);
  });

  it('that is damaged has degraded frames for a while', async () => {
    const film = await readFile(await films.draw({ name: 'long.ts', seconds: 6 }));
    // Noise over a twentieth of it, early on; MPEG-TS finds its way back.
    const from = Math.floor(film.length * 0.1);
    for (let i = 0; i < film.length / 20; i += 5) film[from + i] = (i * 7919) & 0xff;
    await writeFile(join(films.dir, 'damaged.ts'), film);
    const clip = source('file:damaged.ts', { fps: 5, width: 320 });
    const seen = await watch(clip);
    expect(clip.stats().decodeErrors).toBeGreaterThan(0);
    expect(seen.some((frame) => frame.degraded)).toBe(true);
    expect(seen.at(-1)!.degraded).toBe(false);
  });

  it.each([
    ['file:none.mp4', 'STREAM_NOT_FOUND'],
    ['file:.', 'STREAM_NOT_FOUND'],
    ['file:text.mp4', 'STREAM_CODEC_UNSUPPORTED'],
    ['file:cut.mp4', 'STREAM_CODEC_UNSUPPORTED'],
    ['file:empty.mp4', 'STREAM_CODEC_UNSUPPORTED'],
  ])('%s fails with %s', async (url, code) => {
    await writeFile(join(films.dir, 'text.mp4'), 'hello\n');
    await writeFile(join(films.dir, 'empty.mp4'), '');
    await writeFile(join(films.dir, 'cut.mp4'), (await readFile(join(films.dir, 'film.mp4'))).subarray(0, 9000));
    await expect(watch(source(url))).rejects.toMatchObject({ name: 'SourceError', code });
  });

  it('is let go of by unsubscribing at once', async () => {
    const clip = source('file:film.mp4', { loop: true });
    clip.frames().subscribe().unsubscribe();
    await clip.gone();
    expect(clip.pids()).toEqual([]);
  });
});
