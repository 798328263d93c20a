import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cameraSchema } from '../../config/settings-schema.ts';
import { type FfmpegBinary, findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { probeCamera } from '../../sources/probe-camera.ts';
import { requirement } from '../support/requirements.ts';
import { RtspServer } from '../support/rtsp-server.ts';
import { TestFilms } from '../support/test-film.ts';

let films: TestFilms;
let film: string;
let ffmpeg: FfmpegBinary;
beforeAll(async () => {
  films = await TestFilms.create();
  film = await films.draw({ picture: 'color=red', fps: 20, size: '640x360' });
  ffmpeg = await findFfmpeg({ pathVariable: process.env.PATH });
});
afterAll(() => films[Symbol.asyncDispose]());

const probe = (url: string, settings: Record<string, unknown> = {}, timeoutMs = 10_000) =>
  probeCamera(cameraSchema.parse({ id: 'probe', url, ...settings }), { ffmpeg, baseDir: films.dir, timeoutMs });

describe('probing', () => {
  it('a file tells its size, codec and rate, with one picture', async () => {
    const answer = await probe('file:film.mp4', { width: 320, loop: true, realtime: true });
    if (!answer.ok) throw new Error(answer.message);
    expect(answer).toMatchObject({ width: 640, height: 360, codec: 'h264', fps: 20 });
    expect(answer.picture).toMatchObject({ width: 320, height: 180, format: 'rgb24' });
    expect(answer.picture.data.length).toBe(320 * 180 * 3);
    expect(answer.picture.data[0]).toBeGreaterThan(240);
    expect(answer.picture.data[1]).toBeLessThan(12);
  });

  it.each([
    ['file:none.mp4', 'STREAM_NOT_FOUND'],
    ['ftp://u:secret@h/x', 'SOURCE_URL_INVALID'],
    ['nonsense', 'SOURCE_URL_INVALID'],
  ])('%s answers with %s and throws nothing', async (url, code) => {
    const answer = await probe(url);
    expect(answer).toMatchObject({ ok: false, code });
    expect(JSON.stringify(answer)).not.toContain('secret');
  });

  it('with the ffmpeg of 2018 answers that it is too old for a camera', async () => {
    const bundled = await findFfmpeg({ pathVariable: undefined });
    const camera = cameraSchema.parse({ id: 'probe', url: 'rtsp://h/x' });
    expect(await probeCamera(camera, { ffmpeg: bundled, baseDir: '/' })).toMatchObject({
      ok: false,
      code: 'FFMPEG_TOO_OLD',
    });
  });

  it.skipIf(!requirement('ffmpeg').met)('a mute camera takes the time limit and little more', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const before = performance.now();
    const answer = await probe(`rtsp://u:secret@127.0.0.1:${port}/x`, {}, 1500);
    expect(performance.now() - before).toBeLessThan(2500);
    expect(answer).toMatchObject({ ok: false, code: 'STREAM_TIMEOUT' });
    expect(JSON.stringify(answer)).not.toContain('secret');
    server.close();
  });

  it.skipIf(!requirement('rtsp').met || !requirement('ffmpeg').met)(
    'an RTSP camera works, and says why not',
    async () => {
      await using server = await RtspServer.start({ film, credentials: { user: 'ann', password: 'secret' } });
      expect(await probe(server.url({ user: 'ann', password: 'secret' }))).toMatchObject({
        ok: true,
        width: 640,
        height: 360,
        codec: 'h264',
        fps: 20,
      });
      const answer = await probe(server.url({ user: 'ann', password: 'wrong' }));
      expect(answer).toMatchObject({ ok: false, code: 'STREAM_AUTH_FAILED' });
    },
  );
});
