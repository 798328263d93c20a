import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Observable, Subject, throwError } from 'rxjs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { keyPictureAt } from '../../pipeline/transport-packets.ts';
import type { PreviewFeed } from '../../sinks/camera-preview.ts';
import { Previews } from '../../sinks/previews.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { isAlive } from '../support/child-processes.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { TestFilms } from '../support/test-film.ts';

let films: TestFilms;
let ffmpegPath: string;
beforeAll(async () => {
  films = await TestFilms.create();
  ffmpegPath = (await findFfmpeg({ pathVariable: process.env.PATH })).path;
  await films.draw({ seconds: 4, size: '320x180' });
});
afterAll(() => films[Symbol.asyncDispose]());

/** Films that were started as cameras, one for each subscription. */
const playing = new Set<ChildProcess>();
const film = (): PreviewFeed => ({
  fps: 25,
  masks: [],
  transport: new Observable((subscriber) => {
    // All of it at once, then as a camera sends it: what the encoder looks at before it begins is there at once.
    const args = ['-v', 'error', '-stream_loop', '-1', '-readrate', '4', '-i', join(films.dir, 'film.mp4')];
    const child = spawn(ffmpegPath, [...args, '-c', 'copy', '-f', 'mpegts', 'pipe:1'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    playing.add(child);
    child.stdout.on('data', (chunk: Buffer) => subscriber.next(chunk));
    return () => {
      playing.delete(child);
      child.kill('SIGKILL');
    };
  }),
});

const log = recordedLog();
let feeds: Record<string, () => PreviewFeed | null>;
let previews: Previews;
beforeEach(() => {
  feeds = { front: film };
  log.lines.length = 0;
  previews = new Previews({
    ffmpegPath,
    environment: {},
    feed: (id) => feeds[id]?.() ?? null,
    clock: systemClock,
    log,
    most: 2,
  });
});
afterEach(async () => {
  const pids = previews.pids();
  await previews.close();
  for (const pid of pids) expect(isAlive(pid)).toBe(false);
  expect(playing.size).toBe(0);
});

const watch = (camera = 'front', socket = new FakeSocket()) => {
  previews.add(socket, { camera });
  return socket;
};
const gets = (socket: FakeSocket) => expect.poll(() => socket.sent.length, { timeout: 15_000 }).toBeGreaterThan(2);
const leave = (socket: FakeSocket) => socket.terminate();

describe('the smooth preview of a camera', () => {
  it('is made once for all who watch, each from a whole picture on', async () => {
    const first = watch();
    await gets(first);
    const pids = previews.pids();
    expect(pids).toHaveLength(1);
    const second = watch();
    await gets(second);
    expect(previews.pids()).toEqual(pids);
    expect(playing.size).toBe(1);
    for (const socket of [first, second]) expect(keyPictureAt(socket.sent[0] as Buffer)).toBe(0);
    expect(previews.stats()).toEqual({ viewers: 2, running: 1, dropped: 0 });
  });

  it('ends within 5 s of the last viewer, and not before', async () => {
    const [first, second] = [watch(), watch()];
    await gets(first);
    const [pid] = previews.pids();
    leave(first);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(isAlive(pid!)).toBe(true);
    leave(second);
    const leftMs = performance.now();
    await expect.poll(() => isAlive(pid!), { timeout: 6000 }).toBe(false);
    expect(performance.now() - leftMs).toBeLessThan(5000);
    await expect.poll(() => previews.stats()).toEqual({ viewers: 0, running: 0, dropped: 0 });
    expect(playing.size).toBe(0);
  });

  it('goes on for somebody who comes back at once', async () => {
    const first = watch();
    await gets(first);
    const pids = previews.pids();
    leave(first);
    await gets(watch());
    expect(previews.pids()).toEqual(pids);
  });

  it('is made anew when its encoder dies', async () => {
    const socket = watch();
    await gets(socket);
    const [pid] = previews.pids();
    process.kill(pid!, 'SIGKILL');
    await expect.poll(() => previews.pids().length === 1 && previews.pids()[0] !== pid, { timeout: 10_000 }).toBe(true);
    const before = socket.sent.length;
    await expect.poll(() => socket.sent.length, { timeout: 15_000 }).toBeGreaterThan(before);
    expect(keyPictureAt(socket.sent[before] as Buffer)).toBe(0);
    expect(log.lines.some(({ message }) => message.startsWith('the preview ended and is made anew'))).toBe(true);
  });

  it('waits for a camera that is away, and for one whose stream ends', async () => {
    feeds.front = () => null;
    const socket = watch();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(previews.stats()).toEqual({ viewers: 1, running: 0, dropped: 0 });
    const ended = new Subject<Uint8Array>();
    let asked = 0;
    feeds.front = () => {
      asked += 1;
      return asked === 1 ? { fps: null, masks: [], transport: ended } : film();
    };
    await expect.poll(() => ended.observed, { timeout: 5000 }).toBe(true);
    ended.complete();
    await gets(socket);
    expect(socket.closed).toBeNull();
  });

  it('is of the new stream after a restart', async () => {
    const socket = watch();
    await gets(socket);
    const [pid] = previews.pids();
    const [camera] = playing;
    previews.restarted('front');
    const before = socket.sent.length;
    await expect.poll(() => socket.sent.length, { timeout: 15_000 }).toBeGreaterThan(before);
    expect(previews.pids()).not.toContain(pid);
    expect(playing.has(camera!)).toBe(false);
    expect(keyPictureAt(socket.sent[before] as Buffer)).toBe(0);
  });

  it('leaves whole messages out for a viewer that does not read, and for nobody else', async () => {
    const [slow, fast] = [watch('front', new FakeSocket({ reading: false })), watch()];
    await expect.poll(() => previews.stats().dropped, { timeout: 30_000 }).toBeGreaterThan(3);
    expect(slow.bufferedAmount).toBeLessThan(1_048_576 + 262_144);
    expect(fast.sent.length).toBeGreaterThan(slow.sent.length);
    const before = slow.sent.length;
    while (slow.unread > 0) slow.read();
    slow.reading = true;
    await expect.poll(() => slow.sent.length, { timeout: 10_000 }).toBeGreaterThan(before);
    // It goes on with a whole picture.
    expect(keyPictureAt(slow.sent[before] as Buffer)).toBe(0);
  }, 60_000);

  it('cannot be made of every camera: who watches is told, once', async () => {
    const error = new AppError('PREVIEW_UNAVAILABLE', 'a webcam has no compressed video');
    feeds.front = () => ({ fps: null, masks: [], transport: throwError(() => error) });
    const socket = watch();
    await expect.poll(() => socket.closed).toEqual({ code: 4406, reason: error.message });
    await expect.poll(() => previews.stats(), { timeout: 5000 }).toEqual({ viewers: 0, running: 0, dropped: 0 });
  });

  it('ends for all when the camera is removed, or facegate stops', async () => {
    const socket = watch();
    await gets(socket);
    const [pid] = previews.pids();
    previews.removed('front');
    expect(socket.closed).toMatchObject({ code: 4404 });
    await expect.poll(() => isAlive(pid!)).toBe(false);
    const late = watch();
    await Promise.all([previews.close(), previews.close()]);
    expect(late.closed).toMatchObject({ code: 1001 });
    expect(watch().closed).toMatchObject({ code: 1001 });
  });

  it('leaves no process behind when it is closed while it starts', async () => {
    const socket = watch();
    const closing = previews.close();
    await closing;
    expect(socket.closed).toMatchObject({ code: 1001 });
    expect(previews.pids()).toEqual([]);
  });

  it('is refused where too many are being made', async () => {
    feeds = { a: film, b: film, c: film };
    watch('a');
    watch('b');
    expect(watch('c').closed).toMatchObject({ code: 1013 });
    expect(watch('a').closed).toBeNull();
  });
});
