import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../../gallery/subject-gallery.ts';
import type { IdentifiedFace } from '../../../pipeline/face.ts';
import { UnknownPeople, type UnknownPeopleOptions } from '../../../server/unknowns/unknown-people.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeFace, fakeResult } from '../../support/fake-result.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MODEL = 'testnet-8d';
const WIDTH = 8;
const KEEP_MS = 600_000;
let folder: string;
let clock: VirtualClock;
let gallery: SubjectGallery;
let people: UnknownPeople;

function vector(who: number, degrees = 0): Float32Array {
  const made = new Float32Array(WIDTH);
  made[who] = Math.cos((degrees * Math.PI) / 180);
  made[WIDTH - 1] = Math.sin((degrees * Math.PI) / 180);
  return made;
}

const embedding = (who: number, degrees = 0) => ({ model: MODEL, vector: vector(who, degrees) });

const stranger = (who: number, degrees = 0, o: Partial<IdentifiedFace> = {}) =>
  fakeFace({ status: 'unknown', subject: null, reason: 'threshold', embedding: embedding(who, degrees), ...o });

function see(faces: IdentifiedFace[], frame: Parameters<typeof fakeResult>[0] = {}) {
  const result = fakeResult(frame, faces);
  people.push(result);
  return result.frame;
}

function open(o: Partial<UnknownPeopleOptions> = {}): UnknownPeople {
  return new UnknownPeople({
    gallery,
    model: MODEL,
    width: WIDTH,
    thresholds: { threshold: 0.5, margin: 0.05 },
    keepMs: KEEP_MS,
    keepImages: false,
    file: join(folder, 'unknowns.db'),
    onDisk: false,
    clock,
    log: recordedLog(),
    ...o,
  });
}

function known(name: string, who: number, degrees = 0): string {
  const { id } = gallery.createSubject({ name });
  gallery.addTemplate(id, { embedding: embedding(who, degrees), quality: 0.9, source: 'test' });
  return id;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-unknowns-'));
  clock = new VirtualClock();
  gallery = openGallery({ file: join(folder, 'gallery.db'), model: MODEL, width: WIDTH, log: recordedLog(), clock });
  people = open();
});
afterEach(async () => {
  await people.close();
  await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('UnknownPeople', () => {
  it('lists those whom nobody knew, with whom they look like', async () => {
    const ada = known('Ada', 1, 0);
    see([stranger(1, 62), stranger(2)], { sequence: 7 });
    const [b, a] = await people.list();
    expect(a).toEqual({
      id: expect.any(String),
      faces: 1,
      cameras: ['front'],
      firstSeenAt: '2026-11-21T09:00:00.000Z',
      lastSeenAt: '2026-11-21T09:00:00.000Z',
      quality: 0.83,
      resembles: { subject: { id: ada, name: 'Ada' }, similarity: expect.closeTo(Math.cos((62 * Math.PI) / 180)) },
    });
    expect(b?.resembles).toBeNull();
  });

  it.each([
    ['a known face', [fakeFace({ embedding: embedding(1) })], {}],
    ['one outside their validity', [stranger(1, 0, { reason: 'expired' })], {}],
    ['an unfit face', [stranger(1, 0, { status: 'unfit', reason: 'blurred', unfit: 'blurred' })], {}],
    ['a face without embedding', [stranger(1, 0, { embedding: null })], {}],
    ['one of another model', [stranger(1, 0, { embedding: { model: 'other', vector: vector(1) } })], {}],
    ['one in a degraded frame', [stranger(1)], { degraded: true }],
  ])('does not take %s', async (_, faces, frame) => {
    see(faces, frame);
    expect(await people.list()).toEqual([]);
  });

  it('takes nobody when they are not to be held', async () => {
    await people.close();
    people = open({ keepMs: 0 });
    see([stranger(1)]);
    expect(await people.list()).toEqual([]);
  });

  it('shows the face with its surroundings, and holds no frame for that', async () => {
    const data = new Uint8Array(200 * 100 * 3).fill(10);
    for (let y = 40; y < 60; y += 1) data.fill(250, (y * 200 + 90) * 3, (y * 200 + 110) * 3);
    const frame = see([stranger(1, 0, { box: [90, 40, 110, 60] })], { width: 200, height: 100, data });
    expect(frame.references()).toBe(1);
    // The pixels are somebody else's from here on.
    data.fill(0);
    const [{ id = '' } = {}] = await people.list();
    const jpeg = await pictureOf(id);
    const { data: pixels, info } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([40, 40]);
    const at = (x: number, y: number) => pixels[(y * 40 + x) * 3] as number;
    expect(at(20, 20)).toBeGreaterThan(230);
    expect(at(3, 3)).toBeLessThan(30);
  });

  it('finds those who were in front of a camera around a frame', async () => {
    see([stranger(1)], { sequence: 100 });
    see([stranger(2)], { sequence: 900 });
    see([stranger(3)], { sequence: 100, cameraId: 'yard' });
    const all = (await people.list()).length;
    const at = async (frame: number) => (await people.list({ camera: 'front', frame })).length;
    expect([all, await at(100), await at(900), await at(500)]).toEqual([3, 1, 1, 0]);
    expect((await people.list({ camera: 'front' })).length).toBe(2);
  });

  it('enrols the faces under a new name, and lets go of them', async () => {
    see([stranger(1)]);
    see([stranger(1, 30, { quality: 0.9 })]);
    const [{ id = '' } = {}] = await people.list();
    const named = await people.name(id, { name: 'Ada', groups: ['staff'] });
    expect(named).toMatchObject({
      templates: 2,
      created: true,
      subject: { name: 'Ada', groups: ['staff'], templates: 2 },
    });
    expect(await people.list()).toEqual([]);
    const [found] = await gallery.search([embedding(1, 15)], 1);
    expect(found?.[0]).toMatchObject({ name: 'Ada' });
    expect(() => people.picture(id)).toThrow('no unknown person');
  });

  it('enrols them into a subject that exists', async () => {
    const ada = known('Ada', 1);
    see([stranger(1, 61)]);
    const [{ id = '' } = {}] = await people.list();
    expect(await people.name(id, { subjectId: ada })).toMatchObject({
      templates: 1,
      created: false,
      subject: { templates: 2 },
    });
  });

  it('refuses a name for somebody who looks like another subject, and makes nobody', async () => {
    known('Ada', 1);
    known('Bob', 1, 20);
    // Between two subjects: unknown by the margin.
    see([stranger(1, 10, { reason: 'margin' })]);
    const [{ id = '' } = {}] = await people.list();
    await expect(people.name(id, { name: 'Carl' })).rejects.toMatchObject({ code: 'SUBJECT_COLLISION' });
    expect(gallery.subjectNamed('Carl')).toBeNull();
    expect(await people.list()).toHaveLength(1);
    expect(await people.name(id, { name: 'Carl' }, { force: true })).toMatchObject({ templates: 1 });
  });

  it.each([
    [{ subjectId: 'nobody' }, 'SUBJECT_NOT_FOUND'],
    [{ name: 'ada' }, 'SUBJECT_EXISTS'],
    [{ name: '' }, 'REQUEST_INVALID'],
  ])('refuses %j with %s, and still holds them', async (who, code) => {
    known('Ada', 5);
    see([stranger(1)]);
    const [{ id = '' } = {}] = await people.list();
    await expect(people.name(id, who)).rejects.toMatchObject({ code });
    expect(await people.list()).toHaveLength(1);
  });

  it('takes one of two names that come at once', async () => {
    see([stranger(1)]);
    const [{ id = '' } = {}] = await people.list();
    const both = await Promise.allSettled([people.name(id, { name: 'Ada' }), people.name(id, { name: 'Eve' })]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect(gallery.subjects().map(({ name }) => name)).toEqual(['Ada']);
  });

  it('answers for somebody who is gone', async () => {
    await expect(people.name('gone', { name: 'X' })).rejects.toMatchObject({ code: 'UNKNOWN_NOT_FOUND' });
    expect(() => people.forget('gone')).toThrow('any more');
    expect(gallery.subjectNamed('X')).toBeNull();
  });

  it('lets go of whoever was enrolled elsewhere, here or by another program', async () => {
    see([stranger(1), stranger(2), stranger(3)]);
    people.enrolled(embedding(1, 20));
    expect(await people.list()).toHaveLength(2);
    known('Bob', 2, 10);
    expect((await people.list()).map(({ resembles }) => resembles)).toEqual([null]);
  });

  it('survives a gallery that cannot be searched, and frames that make no sense', async () => {
    see([stranger(1, 0, { box: [Number.NaN, -5, 1e9, Number.NaN], quality: Number.NaN })]);
    expect(await people.list()).toHaveLength(1);
    await gallery.close();
    await expect(people.list()).rejects.toMatchObject({ code: 'GALLERY_UNAVAILABLE' });
    see([stranger(2)]);
  });

  it('touches no disk', async () => {
    const before = readdirSync(folder);
    see([stranger(1)]);
    await people.list();
    await people.close();
    expect(readdirSync(folder)).toEqual(before);
    for (const name of before) expect(holds(name, vector(1))).toBe(false);
  });

  describe('on disk', () => {
    beforeEach(async () => {
      await people.close();
      people = open({ onDisk: true });
    });

    it('outlives a restart, with picture and age, and nothing of it is in clear', async () => {
      see([stranger(1)]);
      see([stranger(1, 60, { quality: 0.7 })]);
      const [before] = await people.list();
      const jpeg = await pictureOf(before?.id as string);
      await people.close();
      const files = readdirSync(folder).filter((name) => name.startsWith('unknowns.db'));
      expect(files.length).toBeGreaterThan(0);
      for (const name of files) {
        expect(holds(name, vector(1))).toBe(false);
        const bytes = readFileSync(join(folder, name));
        expect(bytes.includes(Buffer.from(vector(1).buffer).toString('base64'))).toBe(false);
        expect(bytes.includes('front')).toBe(false);
        expect(bytes.includes(jpeg.subarray(21, 60).toString('base64').slice(4, -4))).toBe(false);
      }
      clock.advance(KEEP_MS - 1000);
      people = open({ onDisk: true });
      expect(await people.list()).toEqual([before]);
      expect(people.picture(before?.id as string)).toEqual(jpeg);
      // Still the same person.
      expect(see([stranger(1, 5)]) && (await people.list())).toMatchObject([{ id: before?.id, faces: 3 }]);
    });

    it('is forgotten there too when its time is up, and when somebody gave it a name', async () => {
      see([stranger(1), stranger(2)]);
      const [, first] = await people.list();
      await people.name(first?.id as string, { name: 'Ada' });
      await people.close();
      people = open({ onDisk: true });
      expect(await people.list()).toHaveLength(1);
      await people.close();
      clock.advance(KEEP_MS + 1);
      people = open({ onDisk: true });
      expect(await people.list()).toEqual([]);
      await people.close();
      people = open({ onDisk: true });
      clock.stepWall(-KEEP_MS);
      expect(await people.list()).toEqual([]);
    });

    it('is forgotten where the key of the gallery is another one', async () => {
      see([stranger(1)]);
      await people.close();
      await gallery.close();
      for (const name of ['gallery.db', 'gallery.db-wal', 'gallery.db-shm', 'gallery.key'])
        rmSync(join(folder, name), { force: true });
      gallery = openGallery({
        file: join(folder, 'gallery.db'),
        model: MODEL,
        width: WIDTH,
        log: recordedLog(),
        clock,
      });
      people = open({ onDisk: true });
      expect(await people.list()).toEqual([]);
    });

    it('leaves nothing behind when it is turned off', async () => {
      see([stranger(1)]);
      await people.close();
      expect(existsSync(join(folder, 'unknowns.db'))).toBe(true);
      people = open({ onDisk: false });
      expect(readdirSync(folder).filter((name) => name.startsWith('unknowns.db'))).toEqual([]);
    });
  });
});

function pictureOf(id: string): Promise<Buffer> {
  return eventually('a picture', () => {
    try {
      return people.picture(id);
    } catch {
      return null;
    }
  });
}

/** The vector's bytes stand in the file. */
function holds(name: string, vectorOf: Float32Array): boolean {
  return readFileSync(join(folder, name)).includes(Buffer.from(vectorOf.buffer));
}
