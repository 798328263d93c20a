import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type CameraSettings, cameraSchema } from '../../config/settings-schema.ts';
import type { CameraStatus } from '../../pipeline/camera-status.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { Cameras } from '../../server/camera-registry.ts';
import { type CameraInput, CameraStore } from '../../server/cameras/camera-store.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import { cameraListener } from '../support/camera-listener.ts';
import { fakeAnalyser } from '../support/fake-analyser.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { TestFilms } from '../support/test-film.ts';

let films: TestFilms;
beforeAll(async () => {
  films = await TestFilms.create();
  await films.draw();
});
afterAll(() => films[Symbol.asyncDispose]());

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'facegate-registry-'));
});
afterEach(() => rmSync(dataDir, { recursive: true }));

const film: CameraInput = { id: 'film', url: 'file:film.mp4', realtime: true, loop: true };
const configured = (input: Partial<CameraInput> = {}): CameraSettings => cameraSchema.parse({ ...film, ...input });
const ZONE = [[[0, 0] as [number, number], [1, 0] as [number, number], [1, 1] as [number, number]]];
const running = (cameras: Cameras, id = 'film') =>
  expect.poll(() => cameras.get(id).state, { timeout: 10_000 }).toBe('running');

async function setUp(o: { limit?: number } = {}) {
  const store = new CameraStore({ dataDir, clock: systemClock });
  const told = { removed: [] as string[], restarted: [] as string[], changes: [] as CameraStatus[] };
  const log = recordedLog();
  const cameras = new Cameras({
    ffmpeg: await findFfmpeg({ pathVariable: process.env.PATH }),
    baseDir: films.dir,
    analyser: fakeAnalyser(),
    gallery: { search: async (probes) => probes.map(() => []) },
    threshold: 0.5,
    margin: 0,
    store,
    // Films stand for cameras here; over HTTP they are refused.
    accept: (input) => cameraSchema.parse(input),
    doorsOf: () => [],
    latestPicture: () => null,
    listener: cameraListener({
      status: (status) => told.changes.push(status),
      restarted: (id) => told.restarted.push(id),
      removed: (id) => told.removed.push(id),
    }),
    clock: systemClock,
    log,
    ...o,
  });
  return {
    cameras,
    store,
    log,
    ...told,
    async [Symbol.asyncDispose]() {
      await cameras.close();
      store.close();
    },
  };
}

describe('a camera that was added', () => {
  it('runs again after the next start', async () => {
    {
      await using first = await setUp();
      first.cameras.add({ ...film, fps: 3 });
    }
    await using second = await setUp();
    second.cameras.start([]);
    expect(second.cameras.get('film')).toMatchObject({ origin: 'added', conflict: null, fps: { configured: 3 } });
    await running(second.cameras);
  });

  it('gives way to one of the settings, which is said; taking it away ends the conflict', async () => {
    {
      await using first = await setUp();
      first.cameras.add({ id: 'film', url: 'rtsp://u:canary@127.0.0.1:1/' });
    }
    {
      await using second = await setUp();
      second.cameras.start([configured()]);
      const { origin, url, conflict } = second.cameras.get('film');
      expect({ origin, url }).toEqual({ origin: 'config', url: 'file:film.mp4' });
      expect(conflict).toMatch(/the settings win over the camera of that id that was added \(rtsp:\/\/\*\*\*@127/);
      expect(JSON.stringify(second.log.lines)).toContain('the settings win over the camera');
      expect(JSON.stringify(second.log.lines)).not.toContain('canary');
      await second.cameras.remove('film');
      expect(second.cameras.get('film').conflict).toBeNull();
      expect(second.removed).toEqual([]);
    }
    await using third = await setUp();
    third.cameras.start([]);
    expect(third.cameras.list()).toEqual([]);
  });

  it('that does not fit any more is left out with a word, and the others start', async () => {
    {
      await using first = await setUp();
      first.store.save({ id: 'old', url: 'file:film.mp4', fps: 1000 });
      first.store.save({ ...film });
    }
    await using second = await setUp();
    second.cameras.start([]);
    expect(second.cameras.list().map(({ id }) => id)).toEqual(['film']);
    const errors = second.log.lines.filter(({ level }) => level === 'error');
    expect(errors).toMatchObject([{ fields: { camera: 'old' }, message: expect.stringContaining('between 1 and 60') }]);
  });
});

describe('a camera beyond how many there may be', () => {
  it('is refused, and of those that were added before left out with a word, until there may be more again', async () => {
    {
      await using first = await setUp({ limit: 2 });
      first.cameras.start([configured({ id: 'yard', enabled: false })]);
      first.cameras.add({ ...film, enabled: false });
      expect(() => first.cameras.add({ ...film, id: 'gate' })).toThrow(
        expect.objectContaining({ code: 'CAMERA_LIMIT', details: { cameras: 2, limit: 2 } }),
      );
    }
    {
      await using second = await setUp({ limit: 1 });
      second.cameras.start([configured({ id: 'yard', enabled: false })]);
      expect(second.cameras.list().map(({ id }) => id)).toEqual(['yard']);
      expect(second.log.lines.filter(({ level }) => level === 'error')).toMatchObject([
        { fields: { camera: 'film', code: 'CAMERA_LIMIT' } },
      ]);
    }
    await using third = await setUp({ limit: 2 });
    third.cameras.start([configured({ id: 'yard', enabled: false })]);
    expect(third.cameras.list().map(({ id }) => id)).toEqual(['yard', 'film']);
  });
});

describe('a camera that is changed', () => {
  it('goes on with its new settings, keeps them, and nobody else is touched', async () => {
    await using registry = await setUp();
    const { cameras, store, restarted, changes } = registry;
    cameras.add(film);
    cameras.add({ ...film, id: 'other' });
    await running(cameras);
    await running(cameras, 'other');
    const others = changes.filter(({ cameraId }) => cameraId === 'other').length;
    const view = await cameras.change('film', { width: 320, fps: 2 });
    expect(view).toMatchObject({ settings: { width: 320, fps: 2 }, fps: { configured: 2 } });
    expect(restarted).toEqual(['film']);
    await expect.poll(() => cameras.get('film').width, { timeout: 10_000 }).toBe(320);
    expect(changes.filter(({ cameraId }) => cameraId === 'other')).toHaveLength(others);
    expect(store.added(recordedLog())).toEqual([
      { ...film, width: 320, fps: 2 },
      { ...film, id: 'other' },
    ]);
  });

  it('is not restarted for a name or a zone', async () => {
    await using registry = await setUp();
    const { cameras, changes } = registry;
    cameras.add(film);
    await running(cameras);
    const before = changes.length;
    expect(await cameras.change('film', { name: 'Film', zones: ZONE })).toMatchObject({ name: 'Film', zones: ZONE });
    expect(await cameras.change('film', { name: null })).toMatchObject({ name: 'film', zones: ZONE });
    expect(changes).toHaveLength(before);
  });

  it.each([
    ['a value that is out of range', { fps: 0 }],
    ['an address that leads nowhere', { url: 'gopher://x/' }],
    ['a device that is none', { url: 'webcam:../etc/passwd' }],
  ])('goes on as it was, on disk too, after %s', async (_, patch) => {
    await using registry = await setUp();
    const { cameras, store, changes } = registry;
    cameras.add(film);
    await running(cameras);
    const before = changes.length;
    await expect(cameras.change('film', patch)).rejects.toThrow();
    expect(changes).toHaveLength(before);
    expect(cameras.get('film')).toMatchObject({ state: 'running', url: 'file:film.mp4', fps: { configured: 5 } });
    expect(store.added(recordedLog())).toEqual([film]);
  });

  it('goes on as it was when the change cannot be kept', async () => {
    await using registry = await setUp();
    const { cameras, store } = registry;
    cameras.add(film);
    await running(cameras);
    store.close();
    await expect(cameras.change('film', { fps: 1 })).rejects.toThrow(/is closed/);
    expect(cameras.get('film')).toMatchObject({ state: 'running', fps: { configured: 5 } });
  });

  it('takes changes one after the other', async () => {
    await using registry = await setUp();
    const { cameras } = registry;
    cameras.add(film);
    await Promise.all([cameras.change('film', { fps: 1 }), cameras.change('film', { width: 320 })]);
    expect(cameras.get('film').settings).toMatchObject({ fps: 1, width: 320 });
    await running(cameras);
  });

  it('stops and starts by `enabled`, and stays known meanwhile', async () => {
    await using registry = await setUp();
    const { cameras, changes } = registry;
    cameras.add(film);
    await running(cameras);
    expect(await cameras.change('film', { enabled: false })).toMatchObject({
      enabled: false,
      state: 'idle',
      width: null,
    });
    expect(changes.slice(-2).map(({ state }) => state)).toEqual(['closed', 'idle']);
    await cameras.change('film', { enabled: true });
    await running(cameras);
  });

  it('is gone when it was removed while the change waited', async () => {
    await using registry = await setUp();
    const { cameras } = registry;
    cameras.add(film);
    const removing = cameras.remove('film');
    await expect(cameras.change('film', { fps: 1 })).rejects.toMatchObject({ code: 'CAMERA_NOT_FOUND' });
    await removing;
    expect(cameras.list()).toEqual([]);
  });

  it('starts nothing once all are being closed', async () => {
    await using registry = await setUp();
    const { cameras, changes } = registry;
    cameras.add(film);
    await running(cameras);
    const changing = cameras.change('film', { fps: 1 });
    // By now it waits for its ffmpeg to end.
    await setImmediate();
    await cameras.close();
    await changing;
    expect(changes.at(-1)?.state).toBe('closed');
    await expect(cameras.change('film', { fps: 2 })).rejects.toMatchObject({ code: 'SHUTTING_DOWN' });
    expect(() => cameras.add({ ...film, id: 'late' })).toThrow(/is stopping/);
  });

  it('counts on across its restarts', async () => {
    await using registry = await setUp();
    const { cameras } = registry;
    cameras.add(film);
    await running(cameras);
    await expect.poll(() => cameras.readings()[0]?.bytes, { timeout: 10_000 }).toBeGreaterThan(0);
    await cameras.change('film', { enabled: false });
    const before = cameras.readings()[0]!.bytes;
    expect(before).toBeGreaterThan(0);
    await cameras.change('film', { enabled: true });
    await expect.poll(() => cameras.readings()[0]?.bytes, { timeout: 10_000 }).toBeGreaterThan(before);
  });
});

describe('a camera of the settings', () => {
  it('is changed and removed there', async () => {
    await using registry = await setUp();
    const { cameras } = registry;
    cameras.start([configured()]);
    await expect(cameras.change('film', { fps: 2, masks: [] })).rejects.toMatchObject({
      code: 'CAMERA_CONFIGURED',
      message: expect.stringMatching(/change its fps there$/),
    });
    await expect(cameras.remove('film')).rejects.toMatchObject({ code: 'CAMERA_CONFIGURED' });
    expect(() => cameras.add(film)).toThrow(/is there already/);
  });

  it('that is not enabled is known and does nothing', async () => {
    await using registry = await setUp();
    registry.cameras.start([configured({ enabled: false })]);
    expect(registry.cameras.get('film')).toMatchObject({ enabled: false, state: 'idle', connections: 0 });
    expect(registry.changes).toEqual([]);
  });

  it('takes zones and masks that are drawn, also for the next start, until the settings give some', async () => {
    {
      await using first = await setUp();
      first.cameras.start([configured()]);
      expect(await first.cameras.change('film', { zones: ZONE })).toMatchObject({ zones: ZONE, masks: [] });
    }
    {
      await using second = await setUp();
      second.cameras.start([configured()]);
      expect(second.cameras.get('film')).toMatchObject({ zones: ZONE, conflict: null });
      expect(await second.cameras.change('film', { masks: ZONE })).toMatchObject({ zones: ZONE, masks: ZONE });
      expect(await second.cameras.change('film', { masks: null })).toMatchObject({ zones: ZONE, masks: [] });
    }
    await using third = await setUp();
    const other = [
      [
        [0.5, 0],
        [1, 0],
        [1, 1],
      ] as [number, number][],
    ];
    third.cameras.start([configured({ zones: other })]);
    expect(third.cameras.get('film').zones).toEqual(other);
    expect(third.cameras.get('film').conflict).toBe('the settings win over the zones that were drawn');
    await expect(third.cameras.change('film', { zones: ZONE })).rejects.toMatchObject({ code: 'CAMERA_CONFIGURED' });
    await third.cameras.remove('film');
    expect(third.cameras.get('film').conflict).toBeNull();
  });
});

describe('a camera that is being removed', () => {
  it('is there until its ffmpeg is gone, so that its place is not taken before', async () => {
    await using registry = await setUp();
    const { cameras, removed, changes } = registry;
    cameras.add(film);
    await running(cameras);
    const removing = cameras.remove('film');
    expect(() => cameras.add(film)).toThrow(/is there already/);
    await removing;
    expect(cameras.list()).toEqual([]);
    expect(removed).toEqual(['film']);
    expect(changes.at(-1)?.state).toBe('closed');
    cameras.add(film);
    expect(cameras.get('film').state).not.toBe('closed');
  });

  it('is removed once, by however many, and is not there after the next start', async () => {
    {
      await using registry = await setUp();
      const { cameras, removed } = registry;
      cameras.add(film);
      await Promise.all([cameras.remove('film'), cameras.remove('film')]);
      expect(removed).toEqual(['film']);
      await expect(cameras.remove('film')).rejects.toMatchObject({ code: 'CAMERA_NOT_FOUND' });
    }
    await using next = await setUp();
    next.cameras.start([]);
    expect(next.cameras.list()).toEqual([]);
  });

  it('is waited for by whoever closes all of them', async () => {
    await using registry = await setUp();
    const { cameras, changes } = registry;
    cameras.add(film);
    await running(cameras);
    void cameras.remove('film');
    await cameras.close();
    expect(changes.at(-1)?.state).toBe('closed');
  });
});
