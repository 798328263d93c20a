import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Subject } from 'rxjs';
import { afterAll, describe, expect, it } from 'vitest';
import { DoorSwitches } from '../../access/door-switches.ts';
import { Doors } from '../../access/doors.ts';
import { AppError } from '../../config/app-error.ts';
import { type SettingsInput, settingsSchema } from '../../config/settings-schema.ts';
import type { AccessEvent, EventDraft } from '../../pipeline/access-event.ts';
import type { AuditEntry } from '../../pipeline/audit.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { knownFace, Scene, type SceneFrame, unknownFace } from '../support/scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'facegate-doors-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

const LOBBY = { id: 'lobby', cameras: ['front'], allow: ['Ada'] };
const GARAGE = { id: 'garage', cameras: ['back', 'front'], allow: ['Bob'] };
const BY = { by: 'key guard', reason: 'fire alarm' };

/** Doors on a disk of their own, with an event log and an audit log that can be made to fail. */
function rig(
  doors: object[] = [LOBBY],
  o: { file?: string; scene?: Scene; schedules?: SettingsInput['schedules'] } = {},
) {
  files += 1;
  const file = o.file ?? join(folder, `${files}.db`);
  const scene = o.scene ?? new Scene();
  const settings = settingsSchema.parse({ doors, schedules: o.schedules ?? {} });
  const told: EventDraft[] = [];
  const audited: AuditEntry[] = [];
  const failing = { log: false, audit: false };
  const heard = new Subject<AccessEvent>();
  const log = recordedLog();
  const append = (drafts: readonly EventDraft[]) => {
    if (failing.log) throw new AppError('EVENT_LOG_UNAVAILABLE', 'the disk is full');
    told.push(...drafts);
    const events = drafts.map(
      (draft, n) => ({ ...draft, sequence: told.length + n, replay: false }) as unknown as AccessEvent,
    );
    for (const event of events) heard.next(event);
    return events;
  };
  const made = new Doors({
    settings,
    file,
    append,
    events: { events: heard, read: () => [] },
    audit: {
      record: (entry) => {
        if (failing.audit) throw new AppError('AUDIT_UNAVAILABLE', 'the disk is full');
        audited.push(entry);
      },
    },
    clock: scene.clock,
    log,
  });
  const show = (count: number, faces: FrameResult['faces'], fields: SceneFrame = {}) =>
    said(
      Array.from({ length: count }, () => {
        scene.clock.advance(200);
        return made.decide(scene.result(faces, fields));
      }).flat(),
    );
  return { doors: made, scene, file, told, audited, failing, show, log };
}

const said = (drafts: readonly EventDraft[]) =>
  drafts.map(({ type, door, camera, subject, reason }) =>
    [type, door ?? camera ?? '-', subject?.name ?? '-', reason ?? '-'].join(':'),
  );
const ADA = [knownFace('Ada')];
const GRANTED = ['access.granted:lobby:Ada:-'];

describe('locking down', () => {
  it('keeps everybody out until it is released, is told, audited and seen', async () => {
    const { doors, show, told, audited, scene } = rig([LOBBY, GARAGE]);
    const seen: [string, boolean][] = [];
    doors.changes.subscribe(({ id, lockdown }) => seen.push([id, lockdown !== null]));
    expect(show(3, ADA)).toEqual([...GRANTED, 'access.denied:garage:Ada:not_allowed']);
    scene.clock.advance(6000);
    expect(doors.lockDown('lobby', BY).lockdown).toEqual({
      since: new Date(scene.clock.wallMs()).toISOString(),
      by: 'key guard',
      reason: 'fire alarm',
    });
    expect(show(9, ADA)).toEqual(['access.denied:lobby:Ada:locked_down', 'access.denied:garage:Ada:not_allowed']);
    expect(() => doors.unlock('lobby', BY)).toThrow(expect.objectContaining({ code: 'DOOR_LOCKED_DOWN' }));
    expect(doors.release('lobby', { by: 'key guard', reason: null }).lockdown).toBeNull();
    expect(show(2, ADA)).toEqual([]);
    expect(show(1, ADA)).toEqual(GRANTED);
    expect(said(told)).toEqual(['door.locked_down:lobby:-:key guard: fire alarm', 'door.released:lobby:-:key guard']);
    expect(audited).toEqual([
      { action: 'door.locked_down', by: 'key guard', subject: null, details: { door: 'lobby', reason: 'fire alarm' } },
      { action: 'door.released', by: 'key guard', subject: null, details: { door: 'lobby', reason: null } },
    ]);
    expect(seen).toContainEqual(['lobby', true]);
    expect(seen.at(-1)).toEqual(['lobby', false]);
    await doors.close();
    await doors.close();
  });

  it('twice is once', () => {
    const { doors, told, audited } = rig();
    const { lockdown } = doors.lockDown('lobby', BY);
    expect(doors.lockDown('lobby', { by: 'somebody else', reason: null }).lockdown).toEqual(lockdown);
    doors.release('lobby', BY);
    doors.release('lobby', BY);
    expect([told.length, audited.length]).toEqual([2, 2]);
  });

  it('is still so after a crash, and after the door was taken out of the settings for a while', () => {
    const first = rig();
    first.doors.lockDown('lobby', BY);
    // Not closed: it was killed.
    const second = rig([LOBBY], { file: first.file });
    expect(second.doors.view('lobby').lockdown).toMatchObject(BY);
    expect(second.show(6, ADA)).toEqual(['access.denied:lobby:Ada:locked_down']);
    second.doors.replace({ doors: [], schedules: {} });
    second.doors.replace(settingsSchema.parse({ doors: [LOBBY] }));
    expect(second.doors.view('lobby').lockdown).toMatchObject(BY);
  });

  it('holds though neither disk, nor audit log, nor event log can be written; and ends only when they can', () => {
    const { doors, failing, told, show, scene } = rig();
    failing.audit = true;
    failing.log = true;
    expect(() => doors.lockDown('lobby', BY)).toThrow(expect.objectContaining({ code: 'AUDIT_UNAVAILABLE' }));
    expect(show(6, ADA)).toEqual(['access.denied:lobby:Ada:locked_down']);
    expect(() => doors.release('lobby', BY)).toThrow(expect.objectContaining({ code: 'AUDIT_UNAVAILABLE' }));
    expect(doors.view('lobby').lockdown).not.toBeNull();
    failing.audit = false;
    failing.log = false;
    scene.clock.advance(5000);
    doors.tick();
    expect(said(told)).toEqual(['door.locked_down:lobby:-:key guard: fire alarm']);
    doors.release('lobby', BY);
    expect(show(9, ADA).filter((line) => line.startsWith('access.granted'))).toEqual(GRANTED);
  });

  it('of a door that is not there is refused', () => {
    const { doors } = rig();
    for (const deed of ['lockDown', 'release', 'unlock'] as const) {
      expect(() => doors[deed]('attic', BY)).toThrow(expect.objectContaining({ code: 'DOOR_NOT_FOUND' }));
    }
  });
});

describe('a door database that cannot be read', () => {
  it('locks every door down, with one fault, until it can be', () => {
    const file = join(folder, 'broken.db');
    writeFileSync(file, 'this is no database, and is long enough to be looked at as one'.repeat(100));
    const { doors, show, told, scene } = rig([LOBBY, GARAGE], { file });
    expect(doors.views().map(({ lockdown }) => lockdown?.reason)).toEqual([
      'DOOR_STATE_UNAVAILABLE',
      'DOOR_STATE_UNAVAILABLE',
    ]);
    expect(show(6, ADA)).toEqual(['access.denied:lobby:Ada:locked_down', 'access.denied:garage:Ada:locked_down']);
    expect(() => doors.release('lobby', BY)).toThrow(expect.objectContaining({ code: 'DOOR_STATE_UNAVAILABLE' }));
    for (let n = 0; n < 20; n += 1) {
      scene.clock.advance(500);
      doors.tick();
    }
    expect(said(told)).toEqual(['system.fault:-:-:DOOR_STATE_UNAVAILABLE']);
    rmSync(file);
    scene.clock.advance(5000);
    doors.tick();
    expect(doors.views().map(({ lockdown }) => lockdown)).toEqual([null, null]);
    expect(show(3, ADA)).toContain(GRANTED[0]);
  });

  it('keeps what is locked down meanwhile locked down when it can be read again, and after a restart', () => {
    const file = join(folder, 'broken-then-not.db');
    writeFileSync(file, 'this is no database, and is long enough to be looked at as one'.repeat(100));
    const { doors, show, told, audited, scene } = rig([LOBBY, GARAGE], { file });
    const unavailable = expect.objectContaining({ code: 'DOOR_STATE_UNAVAILABLE' });
    expect(() => doors.lockDown('lobby', BY)).toThrow(unavailable);
    // Said once more it is no more on disk than before.
    expect(() => doors.lockDown('lobby', { by: 'somebody else', reason: null })).toThrow(unavailable);
    expect(doors.view('lobby').lockdown).toMatchObject(BY);
    expect(said(told).filter((line) => line.startsWith('door.'))).toEqual([
      'door.locked_down:lobby:-:key guard: fire alarm',
    ]);
    expect(audited).toHaveLength(1);
    rmSync(file);
    scene.clock.advance(5000);
    doors.tick();
    expect(doors.view('lobby').lockdown).toMatchObject(BY);
    expect(doors.view('garage').lockdown).toBeNull();
    expect(show(6, ADA)).toEqual(['access.denied:lobby:Ada:locked_down', 'access.denied:garage:Ada:not_allowed']);
    expect(rig([LOBBY], { file }).doors.view('lobby').lockdown).toMatchObject(BY);
  });

  it('is seen by whoever watches the doors, when it begins and when it ends; what was shown meanwhile counts for nothing', () => {
    const { doors, file, show, scene } = rig();
    const seen: boolean[] = [];
    doors.changes.subscribe(({ lockdown }) => seen.push(lockdown !== null));
    const other = new DatabaseSync(file);
    other.exec('ALTER TABLE switches RENAME TO mislaid');
    doors.tick();
    expect(seen).toEqual([true]);
    scene.clock.advance(4700);
    expect(show(2, ADA)).toEqual([]);
    other.exec('ALTER TABLE mislaid RENAME TO switches');
    other.close();
    doors.tick();
    expect(seen).toEqual([true, false]);
    expect(show(2, ADA)).toEqual([]);
    expect(show(1, ADA)).toEqual(GRANTED);
  });
});

describe('a door database that is damaged while it is in use', () => {
  it('locks every door down within a tick, and all is as before when it is mended', () => {
    const { doors, file, show, told, scene } = rig();
    expect(show(3, ADA)).toEqual(GRANTED);
    const other = new DatabaseSync(file);
    other.exec('ALTER TABLE switches RENAME TO mislaid');
    for (let n = 0; n < 30; n += 1) {
      scene.clock.advance(500);
      doors.tick();
    }
    expect(show(6, ADA)).toEqual(['access.denied:lobby:Ada:locked_down']);
    expect(said(told)).toEqual(['system.fault:-:-:DOOR_STATE_UNAVAILABLE']);
    other.exec('ALTER TABLE mislaid RENAME TO switches');
    other.close();
    scene.clock.advance(5000);
    doors.tick();
    expect(show(3, ADA)).toEqual(GRANTED);
  });
});

describe('another process at the same database', () => {
  it('has locked a door down when it has written that: no grant and no unlocking before the next tick', () => {
    const { doors, file, show, told } = rig();
    const other = new DoorSwitches(file);
    expect(show(2, ADA)).toEqual([]);
    other.set('lobby', { active: true, sinceMs: 0, ...BY });
    expect(show(3, ADA)).toEqual(['access.denied:lobby:Ada:locked_down']);
    other.set('lobby', { active: false, sinceMs: 1, ...BY });
    doors.tick();
    other.set('lobby', { active: true, sinceMs: 2, ...BY });
    expect(() => doors.unlock('lobby', BY)).toThrow(expect.objectContaining({ code: 'DOOR_LOCKED_DOWN' }));
    expect(said(told).filter((line) => line.startsWith('access.granted'))).toEqual([]);
    other.close();
  });

  it('that releases a door takes back no lock-down that comes after it', () => {
    const { doors, file } = rig();
    doors.lockDown('lobby', BY);
    const other = new DoorSwitches(file);
    other.set('lobby', { active: false, sinceMs: 0, by: 'command line (ada)', reason: null });
    doors.lockDown('lobby', { by: 'key guard', reason: 'again' });
    doors.tick();
    expect(doors.view('lobby').lockdown).toMatchObject({ by: 'key guard', reason: 'again' });
    expect(other.all().get('lobby')?.active).toBe(true);
    other.close();
  });

  it('is opened to once, though it cannot be written down that it was', () => {
    const { doors, file, told, scene } = rig();
    const other = new DoorSwitches(file);
    const raw = new DatabaseSync(file);
    raw.exec("CREATE TRIGGER full BEFORE UPDATE ON unlocks BEGIN SELECT RAISE(ABORT, 'the disk is full'); END");
    const ask = () => {
      const askedAtMs = scene.clock.wallMs();
      return other.askToUnlock({ door: 'lobby', by: 'command line (ada)', reason: null, askedAtMs });
    };
    ask();
    doors.tick();
    other.set('garage', { active: true, sinceMs: 0, ...BY });
    doors.tick();
    expect(said(told).filter((line) => line.startsWith('access.granted'))).toEqual(['access.granted:lobby:-:manual']);
    raw.exec('DROP TRIGGER full');
    raw.close();
    scene.clock.advance(100);
    const number = ask();
    doors.tick();
    expect(other.unlockAnswer(number)).toMatchObject({ sequence: expect.any(Number) });
    other.close();
  });

  it('locks doors down and releases them within a tick, told and audited there', () => {
    const { doors, file, told, show, scene } = rig();
    const other = new DoorSwitches(file);
    other.set('lobby', { active: true, sinceMs: scene.clock.wallMs(), by: 'command line (ada)', reason: null });
    doors.tick();
    expect(doors.view('lobby').lockdown).toMatchObject({ by: 'command line (ada)' });
    expect(show(6, ADA)).toEqual(['access.denied:lobby:Ada:locked_down']);
    other.set('lobby', { active: false, sinceMs: scene.clock.wallMs(), by: 'command line (eve)', reason: 'over' });
    doors.tick();
    expect(show(9, ADA).filter((line) => line.startsWith('access.granted'))).toEqual(GRANTED);
    expect(said(told)).toEqual([
      'door.locked_down:lobby:-:command line (ada)',
      'door.released:lobby:-:command line (eve): over',
    ]);
    other.close();
  });

  it('has a door opened by the one that runs, and not a while later', () => {
    const { doors, file, told, scene, audited } = rig();
    const other = new DoorSwitches(file);
    const ask = (door: string) =>
      other.askToUnlock({ door, by: 'command line (ada)', reason: 'parcel', askedAtMs: scene.clock.wallMs() });
    const first = ask('lobby');
    const none = ask('attic');
    expect(other.unlockAnswer(first)).toBeNull();
    doors.tick();
    expect(other.unlockAnswer(first)).toEqual({ sequence: 1 });
    expect(other.unlockAnswer(none)).toMatchObject({ code: 'DOOR_NOT_FOUND' });
    const late = ask('lobby');
    scene.clock.advance(2001);
    doors.tick();
    doors.tick();
    expect(other.unlockAnswer(late)).toMatchObject({ code: 'REQUEST_INVALID' });
    expect(said(told)).toEqual(['access.granted:lobby:-:manual']);
    expect(audited.map(({ action, by }) => [action, by])).toEqual([['door.unlocked', 'command line (ada)']]);
    other.close();
  });
});

describe('opening by hand', () => {
  it('is a grant of nobody for two seconds', () => {
    const { doors, scene } = rig();
    const wallMs = scene.clock.wallMs();
    expect(doors.unlock('lobby', BY)).toMatchObject({
      type: 'access.granted',
      door: 'lobby',
      camera: null,
      subject: null,
      reason: 'manual',
      decidedAtMs: wallMs,
      expiresAtMs: wallMs + 2000,
    });
    expect(doors.view('lobby').last).toMatchObject({ type: 'access.granted', replay: true });
  });

  it.each(['audit', 'log'] as const)('is heard by nobody where the %s cannot be written', (which) => {
    const { doors, failing, told } = rig();
    failing[which] = true;
    expect(() => doors.unlock('lobby', BY)).toThrow(AppError);
    failing[which] = false;
    doors.tick();
    expect(told).toEqual([]);
  });
});

describe('what the doors notice', () => {
  const afterStep = (one: ReturnType<typeof rig>, byMs: number) => {
    one.scene.clock.stepWall(byMs);
    return one.show(20, ADA);
  };
  const control = (one: ReturnType<typeof rig>) => {
    one.scene.clock.advance(6000);
    expect(one.show(3, ADA)).toEqual(GRANTED);
    one.scene.clock.advance(6000);
  };
  it.each<[string, string, (one: ReturnType<typeof rig>) => string[]]>([
    ['a clock that was set ahead', 'CLOCK_STEPPED', (one) => afterStep(one, 3_600_000)],
    ['a clock that was set back', 'CLOCK_STEPPED', (one) => afterStep(one, -2000)],
    [
      'a similarity that is no number',
      'FACES_UNUSABLE',
      (one) => one.show(20, [knownFace('Ada', { similarity: Number.NaN })]),
    ],
    [
      'a quality that is no number',
      'FACES_UNUSABLE',
      (one) => one.show(20, [knownFace('Ada', { quality: Number.NaN })]),
    ],
    [
      'an embedding without a direction',
      'FACES_UNUSABLE',
      (one) =>
        one.show(20, [
          knownFace('Ada', { status: 'unfit', subject: null, unfit: 'not_embedded', reason: 'not_embedded' }),
        ]),
    ],
    ['a time that is no number', 'FRAME_TIME_INVALID', (one) => one.show(20, ADA, { ageMs: Number.NaN })],
    ['a backlog', 'CAMERA_BEHIND', (one) => one.show(20, ADA, { ageMs: 4000 })],
    [
      'an empty gallery',
      'GALLERY_EMPTY',
      (one) => one.show(20, [unknownFace({ reason: 'empty_gallery', similarity: null, margin: null })]),
    ],
  ])('%s: nobody is let in, one fault, and afterwards all is as before', (_, code, during) => {
    const one = rig();
    control(one);
    const heard = during(one);
    expect(heard.filter((line) => line.startsWith('access.granted'))).toEqual([]);
    expect(heard.filter((line) => line.startsWith('system.fault')).map((line) => line.split(':').at(-1))).toEqual([
      code,
    ]);
    expect(one.log.lines.filter(({ fields }) => fields.code === code)).toHaveLength(1);
    one.scene.clock.advance(10_000);
    control(one);
    // It has begun anew.
    one.scene.clock.advance(60_000);
    expect(during(one).filter((line) => line.startsWith('system.fault'))).toHaveLength(1);
  });

  it('a clock that is slewed is none that was set', () => {
    const one = rig();
    for (let n = 0; n < 100; n += 1) {
      one.scene.clock.advance(500);
      one.scene.clock.stepWall(5);
      one.doors.tick();
    }
    expect(one.told).toEqual([]);
    control(one);
  });

  it('a clock that is set while no picture comes', () => {
    const one = rig();
    one.scene.clock.stepWall(60_000);
    one.doors.tick();
    one.doors.tick();
    expect(said(one.told)).toEqual(['system.fault:-:-:CLOCK_STEPPED']);
    expect(one.show(9, ADA).filter((line) => line.startsWith('access.granted'))).toEqual([]);
  });
});

describe('other settings', () => {
  const parsed = (doors: object[], schedules = {}) => settingsSchema.parse({ doors, schedules });

  it('are told, door by door, and leave doors that decide as before what they counted', () => {
    const { doors, show, told } = rig([LOBBY, GARAGE]);
    show(2, ADA);
    const attic = { id: 'attic', cameras: ['front'], allow: [] };
    const changes = doors.replace(parsed([LOBBY, { ...attic }]));
    expect(changes).toEqual([
      { door: 'attic', kind: 'added' },
      { door: 'garage', kind: 'removed' },
    ]);
    expect(said(told)).toEqual(['door.policy_changed:attic:-:added', 'door.policy_changed:garage:-:removed']);
    expect(show(1, ADA)).toEqual(GRANTED);
    expect(doors.views().map(({ id }) => id)).toEqual(['lobby', 'attic']);
    expect(doors.idsOf('front')).toEqual(['lobby', 'attic']);
  });

  it('change a door by the schedule that it names, and no other one', () => {
    const office = (until: string) => ({ office: { timeZone: 'UTC', times: [{ from: '00:00', until }] } });
    const withOffice = { ...LOBBY, allow: [{ subject: 'Ada', schedule: 'office' }] };
    const one = rig([withOffice, GARAGE], { schedules: office('24:00') });
    expect(one.show(3, ADA)).toContain(GRANTED[0]);
    expect(one.doors.replace(parsed([withOffice, GARAGE], office('01:00')))).toEqual([
      { door: 'lobby', kind: 'changed' },
    ]);
    one.scene.clock.advance(6000);
    expect(one.show(3, ADA)).toContain('access.denied:lobby:Ada:outside_schedule');
  });

  it('that take somebody off the list hold from the next picture on', () => {
    const { doors, show, scene } = rig();
    expect(show(3, ADA)).toEqual(GRANTED);
    scene.clock.advance(6000);
    expect(show(2, ADA)).toEqual([]);
    doors.replace(parsed([{ ...LOBBY, allow: [] }]));
    expect(show(9, ADA)).toEqual(['access.denied:lobby:Ada:not_allowed']);
  });

  it('let nobody through twice within the cooldown', () => {
    const { doors, show } = rig();
    expect(show(3, ADA)).toEqual(GRANTED);
    doors.replace(parsed([{ ...LOBBY, name: 'Lobby' }]));
    expect(show(20, ADA)).toEqual([]);
  });

  it('let nobody through twice within the cooldown, though the door was taken out of the file for a moment', () => {
    const { doors, show } = rig();
    expect(show(3, ADA)).toEqual(GRANTED);
    doors.replace(parsed([]));
    doors.replace(parsed([LOBBY]));
    expect(show(20, ADA)).toEqual([]);
    expect(show(8, ADA)).toEqual(GRANTED);
  });
});
