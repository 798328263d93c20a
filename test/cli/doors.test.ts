import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEventLog } from '../../access/event-log.ts';
import { galleryPlace } from '../../config/gallery-place.ts';
import { settingsSchema } from '../../config/settings-schema.ts';
import { openGallery } from '../../gallery/subject-gallery.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { openAuditLog } from '../../storage/audit-log.ts';
import { eventually } from '../support/eventually.ts';
import { startFacegate } from '../support/facegate-process.ts';
import { requirement } from '../support/requirements.ts';

const main = resolve(import.meta.dirname, '../../cli/main.ts');
let folder: string;
let dataDir: string;
let config: string;

const SETTINGS = {
  server: { port: 0 },
  models: { processes: 1 },
  schedules: {
    office: {
      timeZone: 'Europe/Berlin',
      times: [{ days: ['mon', 'tue', 'wed', 'thu', 'fri'], from: '07:00', until: '19:00' }],
      except: [{ date: '2026-12-24', until: '2026-12-26' }],
    },
  },
  cameras: [{ id: 'front', url: 'test:' }],
  doors: [
    { id: 'lobby', cameras: ['front'], allow: [{ group: 'staff', schedule: 'office' }] },
    { id: 'lab', cameras: ['front'], allow: ['Bob'] },
  ],
};
const write = (settings: object) => writeFileSync(config, JSON.stringify(settings));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-cli-doors-'));
  dataDir = join(folder, 'data');
  config = join(folder, 'facegate.yaml');
  write(SETTINGS);
  const place = galleryPlace({ settings: settingsSchema.parse({}), dataDir, baseDir: folder, key: undefined });
  // No model is asked for who is who.
  const gallery = openGallery({ ...place, model: 'testnet-4d', width: 4, log: silentLog, clock: systemClock });
  gallery.createSubject({ name: 'Ada', groups: ['Staff'] });
  gallery.createSubject({ name: 'Bob', validUntilMs: Date.UTC(2026, 11, 1) });
  await gallery.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function doors(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: process.env.PATH ?? '', HOME: folder, TZ: 'UTC' };
  const all = [main, 'doors', ...args, '--config', config, '--data', dataDir];
  return new Promise((done) => {
    execFile(process.execPath, all, { cwd: folder, env }, (error, out, err) => {
      done({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, out, err });
    });
  });
}

describe('facegate doors test', { timeout: 60_000 }, () => {
  it.each<[string, string[], string | null, string | null]>([
    [
      'a group at its time',
      ['--subject', 'ada', '--at', '2026-11-23T10:00', '--door', 'lobby'],
      null,
      '2026-11-23T18:00:00.000Z',
    ],
    [
      'a holiday',
      ['--subject', 'Ada', '--at', '2026-12-24T10:00', '--door', 'lobby'],
      'outside_schedule',
      '2026-12-28T06:00:00.000Z',
    ],
    [
      'a time with its zone',
      ['--subject', 'Ada', '--at', '2026-11-23T05:59Z', '--door', 'lobby'],
      'outside_schedule',
      '2026-11-23T06:00:00.000Z',
    ],
    [
      'somebody who is not on the list',
      ['--subject', 'Ada', '--at', '2026-11-23T10:00', '--door', 'lab'],
      'not_allowed',
      null,
    ],
    [
      'somebody who is, until their end',
      ['--subject', 'Bob', '--at', '2026-11-23T10:00', '--door', 'lab'],
      null,
      '2026-12-01T00:00:00.000Z',
    ],
    ['somebody whose time is over', ['--subject', 'Bob', '--at', '2026-12-02T10:00', '--door', 'lab'], 'expired', null],
  ])('answers for %s', async (_, args, reason, changesAt) => {
    const { code, out } = await doors('test', '--json', ...args);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual([expect.objectContaining({ granted: reason === null, reason, changesAt })]);
  });

  it('says step by step why', async () => {
    const { out } = await doors('test', '--subject', 'Ada', '--at', '2026-12-24T23:00');
    expect(out).toContain('lobby: Ada at Thu 2026-12-24 23:00 (Europe/Berlin)');
    expect(out).toContain('yes  allow[0] names the group "staff", by schedule "office"');
    expect(out).toContain(
      'NO   schedule "office" is closed until Mon 2026-12-28 07:00 (Europe/Berlin), by its exception of 2026-12-24',
    );
    expect(out).toContain('denied (outside_schedule), until Mon 2026-12-28 07:00 (Europe/Berlin)');
    expect(out).toContain('NO   doors.allow names neither Ada nor a group of theirs (they are in Staff)');
  });

  it.each([
    [['test', '--subject', 'Adda'], 'did you mean Ada?'],
    [['test', '--subject', 'Ada', '--door', 'loby'], 'did you mean lobby?'],
    [['test', '--subject', 'Ada', '--at', 'noon'], '--at must be a time like'],
    [['lockdown'], 'say which door, or --all; known are lobby, lab'],
    [['unlock', 'lobby'], 'no facegate runs on'],
  ])('%j fails and says what to type', async (args, message) => {
    const { code, err } = await doors(...args);
    expect(code).not.toBe(0);
    expect(err).toContain(message);
  });
});

describe('facegate doors lockdown and release, where no facegate runs', { timeout: 60_000 }, () => {
  it('hold, are audited, and are events', async () => {
    expect(await doors('lockdown', 'lab', '--reason', 'fire alarm')).toMatchObject({
      code: 0,
      out: 'lab is locked down\n',
    });
    expect(await doors('lockdown', '--all')).toMatchObject({
      out: 'lobby is locked down\n',
      err: expect.stringContaining('lab is locked down already'),
    });
    const listed = JSON.parse((await doors('list', '--json')).out);
    expect(listed).toMatchObject([
      { id: 'lobby', lockdown: { reason: null } },
      { id: 'lab', lockdown: { reason: 'fire alarm' } },
    ]);
    const [answer] = JSON.parse(
      (await doors('test', '--json', '--subject', 'Bob', '--at', '2026-11-23', '--door', 'lab')).out,
    );
    expect(answer.reason).toBe('locked_down');
    await doors('release', 'lobby', 'lab');
    const audit = openAuditLog({ file: join(dataDir, 'audit.db'), clock: systemClock });
    const entries = audit.read({ after: 0, limit: 10 });
    audit.close();
    expect(entries.map(({ action, details }) => [action, details.door])).toEqual([
      ['door.locked_down', 'lab'],
      ['door.locked_down', 'lobby'],
      ['door.released', 'lobby'],
      ['door.released', 'lab'],
    ]);
    const log = openEventLog({
      file: join(dataDir, 'events.db'),
      tenant: 'default',
      clock: systemClock,
      log: silentLog,
    });
    const events = log.read({ since: 0, limit: 10 });
    await log.close();
    expect(events.map(({ type, door }) => [type, door])).toEqual(
      entries.map(({ action, details }) => [action, details.door]),
    );
  });
});

describe.skipIf(!requirement('shared').met || !requirement('ffmpeg').met)('beside a running facegate', () => {
  it('switches, opens and takes other settings over', { timeout: 180_000 }, async () => {
    const running = join(folder, 'running');
    const at = ['--config', config, '--data', running];
    await using facegate = await startFacegate(['serve', ...at]);
    dataDir = running;
    const get = async (path: string) => (await fetch(`${facegate.address}${path}`)).json();
    const types = async () => {
      const { events } = (await get('/events?since=0&limit=1000')) as { events: AccessEvent[] };
      return events.filter(({ door }) => door !== null).map(({ type, door, reason }) => `${type} ${door} ${reason}`);
    };
    expect((await doors('unlock', 'lab', '--reason', 'parcel')).out).toMatch(/^lab is opened \(event \d+\)\n$/);
    await doors('lockdown', 'lab');
    await eventually(
      'it follows',
      async () => ((await get('/doors/lab')) as { lockdown: object | null }).lockdown !== null,
    );
    expect(await doors('unlock', 'lab')).toMatchObject({ code: 1, err: expect.stringContaining('is locked down') });
    await doors('release', 'lab');
    await eventually(
      'it follows',
      async () => ((await get('/doors/lab')) as { lockdown: object | null }).lockdown === null,
    );

    write({ ...SETTINGS, doors: [{ ...SETTINGS.doors[0], name: 'Lobby', cameras: ['front'] }] });
    await eventually(
      'it reads the file',
      async () => ((await get('/doors')) as { doors: unknown[] }).doors.length === 1,
    );
    writeFileSync(config, 'doors: [{ id: lobby }]');
    process.kill(facegate.pid, 'SIGHUP');
    await eventually('it says so', async () =>
      facegate.said.some((line) => line.includes('the settings stay as they were')),
    );
    expect(await get('/doors/lobby')).toMatchObject({ name: 'Lobby', allow: [{ group: 'staff' }] });
    expect(await types()).toEqual([
      'access.granted lab manual',
      expect.stringMatching(/^door.locked_down lab command line/),
      expect.stringMatching(/^door.released lab command line/),
      'door.policy_changed lobby changed',
      'door.policy_changed lab removed',
    ]);
    const { events } = (await get('/events?since=0&limit=1000')) as { events: AccessEvent[] };
    expect(events.filter(({ reason }) => reason === 'CONFIG_INVALID').length).toBeGreaterThan(0);
    write(SETTINGS);
  });
});
