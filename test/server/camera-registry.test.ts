import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CameraSettings, cameraSchema } from '../../config/settings-schema.ts';
import type { CameraStatus } from '../../pipeline/camera-status.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { Cameras } from '../../server/camera-registry.ts';
import { findFfmpeg } from '../../sources/ffmpeg-binary.ts';
import { fakeAnalyser } from '../support/fake-analyser.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { TestFilms } from '../support/test-film.ts';

let films: TestFilms;
beforeAll(async () => {
  films = await TestFilms.create();
  await films.draw();
});
afterAll(() => films[Symbol.asyncDispose]());

async function setUp() {
  const removed: string[] = [];
  const changes: CameraStatus[] = [];
  const cameras = new Cameras({
    ffmpeg: await findFfmpeg({ pathVariable: process.env.PATH }),
    baseDir: films.dir,
    analyser: fakeAnalyser(),
    gallery: { search: async (probes) => probes.map(() => []) },
    threshold: 0.5,
    margin: 0,
    doorsOf: () => [],
    latestPicture: () => null,
    listener: {
      received: () => undefined,
      dropped: () => undefined,
      result: () => undefined,
      status: (status) => changes.push(status),
      fault: () => undefined,
      removed: (id) => removed.push(id),
    },
    clock: systemClock,
    log: recordedLog(),
  });
  const film: CameraSettings = cameraSchema.parse({ id: 'film', url: 'file:film.mp4', realtime: true, loop: true });
  cameras.add(film);
  await expect.poll(() => cameras.get('film').state, { timeout: 10_000 }).toBe('running');
  return { cameras, film, removed, changes };
}

describe('a camera that is being removed', () => {
  it('is there until its ffmpeg is gone, so that its place is not taken before', async () => {
    const { cameras, film, removed, changes } = await setUp();
    await using _ = cameras;
    const removing = cameras.remove('film');
    expect(() => cameras.add(film)).toThrow(/is there already/);
    await removing;
    expect(cameras.list()).toEqual([]);
    expect(removed).toEqual(['film']);
    expect(changes.at(-1)?.state).toBe('closed');
    cameras.add(film);
    expect(cameras.get('film').state).not.toBe('closed');
  });

  it('is removed once, by however many', async () => {
    const { cameras, removed } = await setUp();
    await using _ = cameras;
    await Promise.all([cameras.remove('film'), cameras.remove('film')]);
    expect(removed).toEqual(['film']);
    await expect(cameras.remove('film')).rejects.toMatchObject({ code: 'CAMERA_NOT_FOUND' });
  });

  it('is waited for by whoever closes all of them', async () => {
    const { cameras, changes } = await setUp();
    void cameras.remove('film');
    await cameras.close();
    expect(changes.at(-1)?.state).toBe('closed');
  });
});
