import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgeByClock } from '../../../access/age-by-clock.ts';
import { type EventLog, openEventLog } from '../../../access/event-log.ts';
import { rotateGalleryKey } from '../../../gallery/rotate-key.ts';
import { openGallery, type SubjectGallery } from '../../../gallery/subject-gallery.ts';
import type { EventDraft } from '../../../pipeline/access-event.ts';
import type { AuditEntry } from '../../../pipeline/audit.ts';
import { encodeImage } from '../../../server/pictures/encode-image.ts';
import { SnapshotFiles } from '../../../server/snapshots/snapshot-files.ts';
import { pruneSnapshots } from '../../../server/snapshots/snapshot-retention.ts';
import { Snapshots, type SnapshotsOptions } from '../../../server/snapshots/snapshots.ts';
import { eventDraft } from '../../support/event-draft.ts';
import { type FakeFrame, fakeFrame } from '../../support/fake-frame.ts';
import { pastTheGallery } from '../../support/gallery-files.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const DAY_MS = 86_400_000;
const coded = (code: string) => expect.objectContaining({ code });
/** The upper left corner and the rest: who is cut out has a colour of their own. */
const BOX = [40, 40, 60, 60] as const;
const FACE = [200, 40, 40];
const REST = [20, 20, 160];

let folder: string;
let clock: VirtualClock;
let gallery: SubjectGallery;
let events: EventLog;
let files: SnapshotFiles;
let snapshots: Snapshots;
let ada: string;
const log = recordedLog();
const audited: AuditEntry[] = [];

const galleryPlace = () => ({ file: join(folder, 'gallery.db'), keyFile: join(folder, 'gallery.key') });
const dir = () => join(folder, 'snapshots');
const onDisk = () => readdirSync(dir()).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-snapshots-'));
  clock = new VirtualClock();
  gallery = openGallery({ ...galleryPlace(), model: 'fake', width: 4, keepImages: false, log, clock });
  ada = gallery.createSubject({ name: 'Ada' }).id;
  events = openEventLog({ file: join(folder, 'events.db'), tenant: 'default', clock, log });
  log.lines.length = 0;
  audited.length = 0;
  await open();
});
afterEach(async () => {
  await snapshots.close();
  await events.close();
  await gallery.close();
  rmSync(folder, { recursive: true });
});

async function open(o: Partial<SnapshotsOptions['settings']> & Pick<SnapshotsOptions, 'encode'> = {}): Promise<void> {
  const { encode, ...settings } = o;
  files = await SnapshotFiles.open({ dir: dir(), keys: gallery.pictureKeys });
  snapshots = new Snapshots({
    settings: { keep: 'crop', for: ['access.granted', 'access.denied'], width: undefined, quality: 90, ...settings },
    files,
    find: (id) => events.find(id),
    audit: { record: (entry) => audited.push(entry) },
    clock,
    log,
    ...(encode && { encode }),
  });
  await snapshots.adopt([...files.list()].map(({ id }) => id));
}

/** JPEG, but not before this. */
const encodedAfter =
  (turn: () => Promise<void> | false): SnapshotsOptions['encode'] =>
  async (image) => {
    await turn();
    return encodeImage(image, 'jpeg');
  };

function frame(sequence = 1): FakeFrame {
  const [width, height] = [160, 120];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const inside = x >= 20 && x < 80 && y >= 20 && y < 80;
      data.set(inside ? FACE : REST, (y * width + x) * 3);
    }
  }
  return fakeFrame({ width, height, data, sequence });
}

const grant = (fields: Partial<EventDraft> = {}): EventDraft =>
  eventDraft({
    type: 'access.granted',
    door: 'lobby',
    subject: { id: ada, name: 'Ada' },
    frameSequence: 1,
    decidedAtMs: clock.wallMs(),
    expiresAtMs: clock.wallMs() + 2000,
    box: BOX,
    ...fields,
  });

/** As the tenant does it with every result. */
function decide(drafts: EventDraft[], on: FakeFrame = frame()) {
  const marked = snapshots.marked(on, drafts);
  const appended = events.appendAll(marked);
  snapshots.take(on, marked, appended);
  on.release();
  return appended;
}
const one = (fields: Partial<EventDraft> = {}) => decide([grant(fields)])[0]!;

const prune = (retention = { age: 7 * DAY_MS, bytes: 1e9 }, age = new AgeByClock({ clock, log, what: 'picture' })) =>
  pruneSnapshots({
    retention,
    files,
    snapshots,
    keys: gallery.pictureKeys,
    oldestSequence: () => events.oldestSequence,
    isSubject: (id) => gallery.subjects().some((subject) => subject.id === id),
    age,
    clock,
    log,
  });

async function pixelsOf(jpeg: Buffer) {
  const { data, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  const at = (x: number, y: number) => [...data.subarray((y * info.width + x) * 3, (y * info.width + x) * 3 + 3)];
  return { width: info.width, height: info.height, at };
}
const near = (colour: number[]) => colour.map((value) => expect.closeTo(value, -1.2));

describe('the picture of the moment', () => {
  it('is the face with its surroundings, for whoever asks in the very moment that the event is told', async () => {
    const told: { url: string | undefined; jpeg: Promise<Buffer> }[] = [];
    events.events.subscribe(({ id, snapshotUrl }) =>
      told.push({ url: snapshotUrl, jpeg: Promise.resolve().then(async () => (await snapshots.picture(id)).jpeg) }),
    );
    const event = one();
    expect(told[0]?.url).toBe(`/events/${event.id}/snapshot`);
    const picture = await pixelsOf((await told[0]?.jpeg) as Buffer);
    // Half of the box more on each side.
    expect([picture.width, picture.height]).toEqual([40, 40]);
    expect(picture.at(20, 20)).toEqual(near(FACE));
    expect(events.find(event.id)).toMatchObject({ snapshotUrl: event.snapshotUrl, replay: true });
  });

  it('is the whole frame where that is asked for, scaled down, one for all events of it; the frame goes back', async () => {
    await open({ keep: 'frame', width: 80 });
    const on = frame();
    const [first, second] = decide([grant(), grant({ subject: null, type: 'access.denied', expiresAtMs: null })], on);
    const pictures = await Promise.all([first, second].map(async (event) => snapshots.picture(event?.id ?? '')));
    for (const { jpeg } of pictures) {
      const picture = await pixelsOf(jpeg);
      expect([picture.width, picture.height]).toEqual([80, 60]);
      expect([picture.at(25, 25), picture.at(70, 50)]).toEqual([near(FACE), near(REST)]);
    }
    expect(on.references()).toBe(0);
  });

  it('of several people in one frame is of each their own', async () => {
    const [first, second] = decide([grant(), grant({ box: [110, 80, 130, 100], subject: { id: 'b', name: 'Bob' } })]);
    expect((await pixelsOf((await snapshots.picture(first?.id ?? '')).jpeg)).at(20, 20)).toEqual(near(FACE));
    expect((await pixelsOf((await snapshots.picture(second?.id ?? '')).jpeg)).at(20, 20)).toEqual(near(REST));
  });

  it.each<[why: string, draft: Partial<EventDraft>, keep: 'off' | 'crop']>([
    ['it is switched off', {}, 'off'],
    ['its type is not among those that get one', { type: 'person.seen', expiresAtMs: null }, 'crop'],
    ['it rests on no face', { box: undefined, camera: null, frameSequence: null }, 'crop'],
    ['it is about another frame', { frameSequence: 7 }, 'crop'],
    ['it is about another camera', { camera: 'back' }, 'crop'],
  ])('is not promised where %s', async (_, draft, keep) => {
    await open({ keep });
    const event = one(draft);
    expect(event).not.toHaveProperty('snapshotUrl');
    await expect(snapshots.picture(event.id)).rejects.toThrow(coded('SNAPSHOT_NOT_FOUND'));
    await snapshots.close();
    expect(() => onDisk()).toThrow('ENOENT');
  });

  it('lies sealed in a private file, whose name and content tell nothing', async () => {
    const event = one();
    const { jpeg } = await snapshots.picture(event.id);
    const [name] = onDisk() as [string];
    expect(statSync(dir()).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir(), name)).mode & 0o777).toBe(0o600);
    expect(name).not.toContain(ada);
    for (const file of [
      join(dir(), name),
      join(folder, 'gallery.db'),
      join(folder, 'events.db'),
      join(folder, 'events.db-wal'),
    ]) {
      const bytes = readFileSync(file);
      expect([file, bytes.includes(Buffer.of(0xff, 0xd8, 0xff))]).toEqual([file, false]);
      expect([file, bytes.includes(jpeg.subarray(100, 132))]).toEqual([file, false]);
    }
  });

  it('does not open when it is changed, or put in the place of another event’s', async () => {
    const [a, b] = [one(), one()];
    for (const { id } of [a, b]) await snapshots.picture(id);
    const [first, second] = onDisk().map((name) => join(dir(), name)) as [string, string];
    renameSync(first, `${first}.x`);
    renameSync(second, first);
    renameSync(`${first}.x`, second);
    for (const { id } of [a, b]) await expect(snapshots.picture(id)).rejects.toThrow(coded('IMAGE_CORRUPT'));
    renameSync(second, `${first}.x`);
    renameSync(first, second);
    renameSync(`${first}.x`, first);
    await snapshots.picture(a.id);
    const bytes = readFileSync(first);
    bytes[100]! ^= 1;
    writeFileSync(first, bytes);
    await expect(snapshots.picture(a.id)).rejects.toThrow(coded('IMAGE_CORRUPT'));
  });

  it('does not open in another tenant’s folder, whatever its event is called', async () => {
    const event = one();
    await snapshots.picture(event.id);
    await expect(files.read({ ...event, tenant: 'other' })).rejects.toThrow(coded('IMAGE_CORRUPT'));
    expect(await files.read(event)).not.toBeNull();
  });

  it('that cannot be written is a line in the log and a 404, and none is promised until it may work again', async () => {
    writeFileSync(dir(), 'in the way');
    const event = one();
    expect(event.snapshotUrl).toBeDefined();
    await expect(snapshots.picture(event.id)).rejects.toThrow(coded('SNAPSHOT_NOT_FOUND'));
    expect(log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields.events)).toEqual([[event.id]]);
    clock.advance(9_999);
    expect(one()).not.toHaveProperty('snapshotUrl');
    rmSync(dir());
    clock.advance(1);
    const next = one();
    expect((await snapshots.picture(next.id)).jpeg.length).toBeGreaterThan(0);
    expect(log.lines.at(-1)?.message).toBe('pictures of events are kept again');
  });

  it('whose pixels cannot be taken keeps no later one', async () => {
    await open({ keep: 'frame' });
    const retain = () => {
      throw new Error('no memory');
    };
    const [event] = decide([grant()], { ...frame(), retain });
    await expect(snapshots.picture(event!.id)).rejects.toThrow(coded('SNAPSHOT_NOT_FOUND'));
    clock.advance(10_000);
    expect((await snapshots.picture(one().id)).jpeg.length).toBeGreaterThan(0);
  });

  it('is not promised while too many wait, and the decision waits for none', async () => {
    const gate = Promise.withResolvers<void>();
    await open({
      keep: 'frame',
      encode: encodedAfter(() => gate.promise),
    });
    const big = () => {
      const [width, height] = [4000, 2500];
      return fakeFrame({ width, height, data: new Uint8Array(width * height * 3) });
    };
    const pictured = [1, 2, 3, 4].map(() => decide([grant()], big())[0]?.snapshotUrl !== undefined);
    // 30 MB each.
    expect(pictured).toEqual([true, true, false, false]);
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1);
    gate.resolve();
    await snapshots.close();
    expect(onDisk()).toHaveLength(2);
  });

  it('holds one frame of a camera at most; of the next ones it takes a copy', async () => {
    const gate = Promise.withResolvers<void>();
    await open({
      keep: 'frame',
      encode: encodedAfter(() => gate.promise),
    });
    const frames = [frame(), frame()];
    const told = frames.map((on) => decide([grant()], on)[0]!);
    expect(frames.map((on) => on.references())).toEqual([1, 0]);
    frames[1]?.data.fill(0);
    gate.resolve();
    for (const { id } of told)
      expect((await pixelsOf((await snapshots.picture(id)).jpeg)).at(50, 50)).toEqual(near(FACE));
    expect(frames.map((on) => on.references())).toEqual([0, 0]);
  });
});

describe('what was promised and not written', () => {
  it('is written before it ends', async () => {
    const told = [one(), one(), one()];
    await snapshots.close();
    await snapshots.close();
    expect(onDisk()).toHaveLength(3);
    expect(told.every(({ snapshotUrl }) => snapshotUrl !== undefined)).toBe(true);
  });

  it('when it was killed: half a file is removed at the next start, and the event has no picture', async () => {
    const event = one();
    await snapshots.close();
    const [name] = onDisk() as [string];
    renameSync(join(dir(), name), join(dir(), `${name}.part`));
    await open();
    expect(onDisk()).toEqual([]);
    await expect(snapshots.picture(event.id)).rejects.toThrow(coded('SNAPSHOT_NOT_FOUND'));
  });

  it('belongs to no event any more: it is removed at the next start, and the others are seen on', async () => {
    const event = one();
    await snapshots.close();
    const [name] = onDisk() as [string];
    writeFileSync(join(dir(), name.replace(event.id, '01900000-0000-7000-8000-00000000dead')), 'of another log');
    await open();
    expect(onDisk()).toEqual([name]);
    expect((await snapshots.picture(event.id)).jpeg.length).toBeGreaterThan(0);
  });
});

describe('pictures of events', () => {
  it('go when they are too old, unless the clock was set', async () => {
    const age = new AgeByClock({ clock, log, what: 'picture' });
    const old = one();
    await snapshots.picture(old.id);
    clock.stepWall(8 * DAY_MS);
    await prune(undefined, age);
    expect(files.has(old.id)).toBe(true);
    clock.stepWall(-8 * DAY_MS);
    clock.advance(6.9 * DAY_MS);
    await prune(undefined, age);
    clock.advance(3_600_000);
    const young = one();
    await snapshots.picture(young.id);
    await prune(undefined, age);
    expect(files.has(old.id)).toBe(true);
    clock.advance(0.1 * DAY_MS);
    await prune(undefined, age);
    expect(onDisk()).toHaveLength(1);
    await expect(snapshots.picture(old.id)).rejects.toThrow(coded('SNAPSHOT_NOT_FOUND'));
    await snapshots.picture(young.id);
  });

  it('go when they take more room than they may, the oldest first', async () => {
    const told = Array.from({ length: 50 }, () => one());
    await snapshots.picture(told.at(-1)?.id ?? '');
    const each = files.bytes / 50;
    await prune({ age: DAY_MS, bytes: Math.ceil(each * 10) });
    expect(onDisk().map((name) => Number.parseInt(name, 10))).toEqual([41, 42, 43, 44, 45, 46, 47, 48, 49, 50]);
    expect(files.bytes).toBe(onDisk().reduce((sum, name) => sum + statSync(join(dir(), name)).size, 0));
  });

  it('go by their age though one before them was taken while the clock was ahead', async () => {
    const age = new AgeByClock({ clock, log, what: 'picture' });
    clock.stepWall(400 * DAY_MS);
    const ahead = one();
    clock.stepWall(-400 * DAY_MS);
    const old = one();
    for (const { id } of [ahead, old]) await snapshots.picture(id);
    clock.advance(8 * DAY_MS);
    await prune(undefined, age);
    expect([ahead, old].map(({ id }) => files.has(id))).toEqual([true, false]);
  });

  it('go where the disk is too full to be overwritten', async () => {
    const { id } = one();
    await snapshots.picture(id);
    const path = join(dir(), onDisk()[0]!);
    rmSync(path);
    symlinkSync('/dev/full', path);
    clock.advance(8 * DAY_MS);
    await prune();
    expect(onDisk()).toEqual([]);
  });

  it('that cannot be removed keep no others, and are tried again', async () => {
    const bob = gallery.createSubject({ name: 'Bob' }).id;
    const told = [one(), ...Array.from({ length: 40 }, () => one({ subject: { id: bob, name: 'Bob' } }))];
    for (const { id } of told) await snapshots.picture(id);
    const [first] = onDisk() as [string];
    rmSync(join(dir(), first));
    mkdirSync(join(dir(), first));
    gallery.removeSubject(ada);
    gallery.removeSubject(bob);
    await expect(prune()).rejects.toThrow();
    expect(onDisk()).toEqual([first]);
    clock.advance(8 * DAY_MS);
    await expect(prune()).rejects.toThrow();
    expect(snapshots.subjects()).toEqual([ada]);
    rmSync(join(dir(), first), { recursive: true });
    await prune();
    expect([snapshots.subjects(), files.bytes]).toEqual([[], 0]);
  });

  it('go with their events', async () => {
    const told = [one(), one()];
    for (const { id } of told) await snapshots.picture(id);
    clock.advance(91 * DAY_MS);
    events.append(eventDraft({ decidedAtMs: clock.wallMs() }));
    events.prune(2, { byAge: true });
    await prune({ age: 3650 * DAY_MS, bytes: 1e9 });
    expect(onDisk()).toEqual([]);
  });

  it('of a subject go when it is deleted, also one that is being made, and are counted in the audit log', async () => {
    const gate = Promise.withResolvers<void>();
    let held = false;
    await open({
      encode: encodedAfter(() => held && gate.promise),
    });
    const others = one({ subject: { id: gallery.createSubject({ name: 'Bob' }).id, name: 'Bob' } });
    const told = [one(), one()];
    for (const { id } of [others, ...told]) await snapshots.picture(id);
    held = true;
    const late = one();
    gallery.removeSubject(ada);
    const forgotten = snapshots.forget([ada], 'key desk');
    gate.resolve();
    expect(await forgotten).toBe(3);
    expect(onDisk()).toHaveLength(1);
    for (const { id } of [...told, late]) {
      await expect(snapshots.picture(id)).rejects.toThrow(coded('SNAPSHOT_NOT_FOUND'));
    }
    await snapshots.picture(others.id);
    expect(audited).toEqual([{ action: 'snapshot.deleted', by: 'key desk', subject: ada, details: { pictures: 3 } }]);
    expect(await snapshots.forget([ada], 'key desk')).toBe(0);
  });

  it('of a subject go though the picture of somebody else in the same frame could not be kept', async () => {
    await open({ keep: 'frame' });
    const write = files.write.bind(files);
    let written = 0;
    files.write = async (event, jpeg) => {
      written += 1;
      if (written === 2) throw new Error('the disk is full');
      await write(event, jpeg);
    };
    const [hers] = decide([grant(), grant({ subject: { id: 'b', name: 'Bob' } })]);
    await snapshots.picture(hers!.id);
    expect(await snapshots.forget([ada], 'key desk')).toBe(1);
    expect(onDisk()).toEqual([]);
  });

  it('of a subject that another process deleted go at the next look, also after a start', async () => {
    const event = one();
    await snapshots.picture(event.id);
    await prune();
    expect(onDisk()).toHaveLength(1);
    gallery.removeSubject(ada);
    await snapshots.close();
    await open();
    await prune();
    expect(onDisk()).toEqual([]);
    expect(audited).toEqual([{ action: 'snapshot.deleted', by: 'facegate', subject: ada, details: { pictures: 1 } }]);
  });

  it('are seen on after the gallery’s key was changed; new ones get a key of their own, and an old key goes with its last picture', async () => {
    const keys = () =>
      pastTheGallery(galleryPlace().file, (database) => database.prepare('SELECT id FROM picture_keys').all().length);
    const before = one();
    await snapshots.picture(before.id);
    rotateGalleryKey(galleryPlace());
    const after = one();
    for (const { id } of [before, after]) expect((await snapshots.picture(id)).jpeg.length).toBeGreaterThan(0);
    expect(new Set(onDisk().map((name) => name.split('.').at(-1))).size).toBe(2);
    // Also by somebody who has just come, and remembers no key.
    await snapshots.close();
    await gallery.close();
    gallery = openGallery({ ...galleryPlace(), model: 'fake', width: 4, keepImages: false, log, clock });
    await open();
    for (const { id } of [before, after]) expect((await snapshots.picture(id)).jpeg.length).toBeGreaterThan(0);
    await prune();
    expect(keys()).toBe(2);
    await files.remove([before.id]);
    await prune();
    expect(keys()).toBe(1);
    expect((await snapshots.picture(after.id)).jpeg.length).toBeGreaterThan(0);
  });
});
