import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CameraStore } from '../../../server/cameras/camera-store.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const clock = { wallMs: () => 1_790_000_000_000.4, monotonicMs: () => 0 };
const front = { id: 'front', url: 'rtsp://admin:c4n%40ry@10.0.0.5/s', fps: 2 };

let dataDir: string;
let store: CameraStore;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'facegate-cameras-'));
  store = new CameraStore({ dataDir, clock });
});
afterEach(() => {
  store.close();
  rmSync(dataDir, { recursive: true });
});

function reopened(): CameraStore {
  store.close();
  store = new CameraStore({ dataDir, clock });
  return store;
}

describe('the camera store', () => {
  it('keeps what was added, as it was given, for the next start', () => {
    store.save(front);
    store.save({ id: 'yard', url: 'test:' });
    store.save({ ...front, fps: 3 });
    expect(reopened().added(recordedLog())).toEqual([
      { ...front, fps: 3 },
      { id: 'yard', url: 'test:' },
    ]);
  });

  it('forgets', () => {
    store.save(front);
    store.forget('front');
    store.forget('never-there');
    expect(reopened().added(recordedLog())).toEqual([]);
  });

  it('has no password in any of its files, in no spelling, also after changing and forgetting', () => {
    store.save(front);
    store.save({ ...front, url: 'rtsp://admin:canary-two@10.0.0.5/s', failover: ['rtsp://a:canary-three@h/'] });
    const grep = () => {
      for (const name of readdirSync(dataDir)) {
        const bytes = readFileSync(join(dataDir, name));
        for (const secret of ['c4n%40ry', 'c4n@ry', 'canary', 'admin']) {
          expect(bytes.includes(secret), `${secret} in ${name}`).toBe(false);
        }
        if (process.platform !== 'win32') expect(statSync(join(dataDir, name)).mode & 0o077, name).toBe(0);
      }
    };
    expect(readdirSync(dataDir)).toEqual(expect.arrayContaining(['cameras.db', 'cameras.db-wal', 'cameras.key']));
    grep();
    store.forget('front');
    store.close();
    grep();
  });

  it('says which camera it cannot open any more, goes on, and keeps it', () => {
    store.save(front);
    rmSync(join(dataDir, 'cameras.key'));
    const log = recordedLog();
    expect(reopened().added(log)).toEqual([]);
    expect(log.lines).toMatchObject([{ level: 'error', fields: { camera: 'front' } }]);
    expect(log.lines[0]?.message).toMatch(/cameras\.key is missing; add it again$/);
    store.save({ id: 'yard', url: 'test:' });
    expect(store.added(recordedLog())).toEqual([{ id: 'yard', url: 'test:' }]);
  });

  it('does not take one camera’s settings for another’s', async () => {
    store.save(front);
    store.close();
    const { DatabaseSync } = await import('node:sqlite');
    const raw = new DatabaseSync(join(dataDir, 'cameras.db'));
    raw.exec("UPDATE cameras SET id = 'yard'");
    raw.close();
    expect(reopened().added(recordedLog())).toEqual([]);
  });

  it('keeps what was drawn', () => {
    store.draw('front', {});
    store.draw('front', { masks: [] });
    expect([...reopened().drawn()]).toEqual([['front', { masks: [] }]]);
  });

  it('closes twice, and says so when it is used then', () => {
    store.close();
    store.close();
    expect(() => store.save(front)).toThrow(/is closed/);
  });
});
