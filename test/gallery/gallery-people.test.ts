import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type GalleryOptions,
  openGallery,
  type SubjectDraft,
  type SubjectGallery,
} from '../../gallery/subject-gallery.ts';
import { pastTheGallery } from '../support/gallery-files.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const of = (...values: number[]) => ({ model: MODEL, vector: Float32Array.from(values) });
const face = (...values: number[]) => ({ embedding: of(...values), quality: 0.8, source: 'ada.jpg' });
const not = (...values: number[]) => ({ ...face(...values), kind: 'negative' as const });
const coded = (code: string) => expect.objectContaining({ code });
const START = Date.UTC(2026, 0, 1);

let folder: string;
let file: string;
let clock: VirtualClock;
const log = recordedLog();
const opened: SubjectGallery[] = [];

function open(o: Partial<GalleryOptions> = {}): SubjectGallery {
  const gallery = openGallery({ file, model: MODEL, width: 4, log, clock, ...o });
  opened.push(gallery);
  return gallery;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-people-'));
  file = join(folder, 'gallery.db');
  clock = new VirtualClock({ wallMs: START });
  log.lines.length = 0;
});

afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('what is said of a subject', () => {
  const all: SubjectDraft = {
    name: 'Ada',
    groups: ['staff', 'Büro 2', 'staff'],
    notes: ' two\nlines ',
    validFromMs: START,
    validUntilMs: START + 1,
    consent: { by: 'Bob', atMs: START - 5, basis: 'form' },
  };
  const kept = { ...all, groups: ['staff', 'Büro 2'], notes: 'two\nlines' };

  it('is kept, and is there after the next opening', async () => {
    const gallery = open();
    const { id } = gallery.createSubject(all);
    const expected = {
      ...kept,
      id,
      createdAtMs: START,
      changedAtMs: START,
      lastSeenMs: null,
      templates: 0,
      notSearched: 0,
    };
    expect(gallery.subject(id)).toEqual(expected);
    await gallery.close();
    expect(open().subjects()).toEqual([expected]);
  });

  it('stays as far as a change leaves it out, and null takes it away', () => {
    const gallery = open();
    const { id } = gallery.createSubject(all);
    clock.advance(1000);
    expect(gallery.changeSubject(id, { groups: [] })).toMatchObject({
      ...kept,
      groups: [],
      createdAtMs: START,
      changedAtMs: START + 1000,
    });
    expect(gallery.changeSubject(id, { notes: '' })).toMatchObject({ notes: '', consent: kept.consent });
    const nothing = { validFromMs: null, validUntilMs: null, consent: null };
    expect(gallery.changeSubject(id, nothing)).toMatchObject(nothing);
    expect(gallery.changeSubject(id, { name: 'ADA' }).name).toBe('ADA');
  });

  it('is what candidates carry, at once and after another process changed it', async () => {
    const [one, two] = [open(), open()];
    const { id } = one.createSubject(all);
    one.addTemplate(id, face(1, 0, 0, 0));
    const { groups, validFromMs, validUntilMs } = kept;
    const probe = [of(1, 0, 0, 0)];
    expect(await two.search(probe, 1)).toMatchObject([[{ groups, validFromMs, validUntilMs }]]);
    one.changeSubject(id, { groups: ['former'], validUntilMs: START + 7 });
    expect(await two.search(probe, 1)).toMatchObject([[{ groups: ['former'], validUntilMs: START + 7 }]]);
  });

  it.each<[string, Partial<SubjectDraft>, RegExp]>([
    ['51 groups', { groups: Array.from({ length: 51 }, (_, i) => `g${i}`) }, /^groups must have at most 50 members/],
    ['an empty group', { groups: ['a', '  '] }, /^groups\[1\] must have 1 to 100 characters/],
    ['a group of 101 characters', { groups: ['x'.repeat(101)] }, /^groups\[0\] must have 1 to 100 characters/],
    ['a group of two lines', { groups: ['a\nb'] }, /^groups\[0\] must not hold control characters/],
    ['notes of 2001 characters', { notes: '😀'.repeat(2001) }, /^notes must have at most 2000 characters/],
    ['notes with a NUL', { notes: 'a\u0000' }, /^notes must not hold control characters/],
    ['a time that is none', { validFromMs: Number.NaN }, /^validFromMs must be a time/],
    ['a time beyond all calendars', { validUntilMs: 9e15 }, /^validUntilMs must be a time/],
    ['an end before the beginning', { validFromMs: 5, validUntilMs: 5 }, /^validUntil must be later than validFrom/],
    ['a consent of nobody', { consent: { by: '', atMs: 1, basis: 'x' } }, /^consent\.by must have 1 to 200 characters/],
    ['a field that there is not', { colour: 'red' } as Partial<SubjectDraft>, /^colour is unknown/],
  ])('is refused with %s, made or changed, and nothing changes', (_, patch, message) => {
    const gallery = open();
    const refused = expect.objectContaining({ code: 'REQUEST_INVALID', message: expect.stringMatching(message) });
    expect(() => gallery.createSubject({ name: 'Eve', ...patch })).toThrow(refused);
    const { id } = gallery.createSubject({ name: 'Ada' });
    expect(() => gallery.changeSubject(id, patch)).toThrow(refused);
    expect(gallery.subjects()).toMatchObject([
      { name: 'Ada', groups: [], notes: '', validFromMs: null, consent: null },
    ]);
  });

  it('does not take the name of another subject, in any case', () => {
    const gallery = open();
    gallery.createSubject({ name: 'Ada' });
    const { id } = gallery.createSubject({ name: 'Bob' });
    expect(() => gallery.changeSubject(id, { name: 'ADA', notes: 'x' })).toThrow(coded('SUBJECT_EXISTS'));
    expect(gallery.subject(id)).toMatchObject({ name: 'Bob', notes: '' });
    expect(() => gallery.changeSubject('nobody', { name: 'Eve' })).toThrow(coded('SUBJECT_NOT_FOUND'));
  });

  it('is found by name, in any case', () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada' });
    expect(gallery.subjectNamed(' ａＤＡ ')?.id).toBe(id);
    expect(gallery.subjectNamed('Adam')).toBeNull();
  });

  it('loses nothing when two processes change different things', () => {
    const [one, two] = [open(), open()];
    const { id } = one.createSubject({ name: 'Ada' });
    one.changeSubject(id, { groups: ['a'] });
    two.changeSubject(id, { notes: 'b' });
    one.changeSubject(id, { validUntilMs: 9 });
    expect(two.subject(id)).toMatchObject({ groups: ['a'], notes: 'b', validUntilMs: 9 });
  });
});

describe('negative templates', () => {
  it('say how much a face is like what the subject is not, and never make a candidate', async () => {
    const gallery = open();
    const ada = gallery.createSubject({ name: 'Ada' });
    const bob = gallery.createSubject({ name: 'Bob' });
    const eve = gallery.createSubject({ name: 'Eve' });
    gallery.addTemplate(ada.id, face(1, 0, 0, 0));
    gallery.addTemplate(ada.id, not(0, 1, 0, 0));
    gallery.addTemplate(ada.id, not(0, 0, 0, 1));
    gallery.addTemplate(bob.id, face(0, 1, 0, 0));
    gallery.addTemplate(eve.id, not(1, 0, 0, 0));
    const expected = [
      [
        { name: 'Ada', similarity: expect.closeTo(0.8, 6), negativeSimilarity: expect.closeTo(0.6, 6) },
        { name: 'Bob', similarity: expect.closeTo(0.6, 6), negativeSimilarity: null },
      ],
    ];
    // Longer than 1: cosines, not products.
    const probe = [of(1.6, 1.2, 0, 0)];
    expect(await gallery.search(probe, 5)).toMatchObject(expected);
    expect(gallery.subject(ada.id).templates).toBe(3);
    expect(gallery.size.templates).toBe(5);
    await gallery.close();
    expect(await open().search(probe, 5)).toMatchObject(expected);
  });

  it('are gone with their face, and with their subject', async () => {
    const [gallery, other] = [open(), open()];
    const { id } = gallery.createSubject({ name: 'Ada' });
    gallery.addTemplate(id, face(1, 0, 0, 0));
    const negative = gallery.addTemplate(id, not(1, 0, 0, 0));
    const similarity = async (one: SubjectGallery) =>
      (await one.search([of(1, 0, 0, 0)], 1))[0]?.[0]?.negativeSimilarity;
    expect([await similarity(gallery), await similarity(other)]).toEqual([1, 1]);
    gallery.removeTemplate(negative.id);
    expect([await similarity(gallery), await similarity(other)]).toEqual([null, null]);
    gallery.addTemplate(id, not(1, 0, 0, 0));
    gallery.removeSubject(id);
    expect(other.size.templates).toBe(0);
  });
});

describe('templates', () => {
  it('are listed with what is known of them', () => {
    const gallery = open({ modelVersion: '0123456789ab', keepImages: true });
    const { id } = gallery.createSubject({ name: 'Ada' });
    const first = gallery.addTemplate(id, { ...face(1, 0, 0, 0), image: Buffer.from('jpeg') });
    const second = gallery.addTemplate(id, { ...not(0, 1, 0, 0), quality: Number.NaN, source: ' a\u0000b ' });
    const known = { subjectId: id, model: MODEL, modelVersion: '0123456789ab', createdAtMs: START, searched: true };
    expect(gallery.templates(id)).toEqual([
      { id: first.id, ...known, kind: 'positive', quality: 0.8, source: 'ada.jpg', hasImage: true },
      { id: second.id, ...known, kind: 'negative', quality: null, source: 'ab', hasImage: false },
    ]);
    expect(gallery.templates()).toEqual([first, second]);
    expect(gallery.template(second.id)).toEqual(second);
    expect(() => gallery.templates('nobody')).toThrow(coded('SUBJECT_NOT_FOUND'));
    for (const call of [() => gallery.template('no'), () => gallery.removeTemplate('no')]) {
      expect(call).toThrow(coded('TEMPLATE_NOT_FOUND'));
    }
  });

  it('of another version of the model are kept, marked and not searched; those of no version are', async () => {
    const old = open({ modelVersion: 'aaaaaaaaaaaa' });
    const { id } = old.createSubject({ name: 'Ada' });
    old.addTemplate(id, face(1, 0, 0, 0));
    await old.close();
    const gallery = open({ modelVersion: 'bbbbbbbbbbbb' });
    expect(await gallery.search([of(1, 0, 0, 0)], 1)).toEqual([[]]);
    expect(gallery.subject(id)).toMatchObject({ templates: 0, notSearched: 1 });
    expect(gallery.templates(id)).toMatchObject([{ searched: false, modelVersion: 'aaaaaaaaaaaa' }]);
    expect([...gallery.embeddings()]).toEqual([]);
    expect(open().subject(id)).toMatchObject({ templates: 1, notSearched: 0 });
  });
});

describe('when somebody was seen', () => {
  const written = () =>
    pastTheGallery(file, (database) => database.prepare('SELECT last_seen_ms AS ms FROM subjects').get()?.ms);

  it('is known at once, and written once a minute and at the end', async () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada' });
    gallery.seen(id, START + 1000.7);
    gallery.seen(id, START + 2000);
    expect(gallery.subject(id).lastSeenMs).toBe(START + 1000);
    expect(written()).toBeNull();
    await gallery.close();
    expect(written()).toBe(START + 1000);
    const again = open();
    again.seen(id, START + 60_999);
    await again.close();
    expect(written()).toBe(START + 1000);
    const third = open();
    third.seen(id, START + 61_000);
    await third.close();
    expect(written()).toBe(START + 61_000);
  });

  it('never goes back, also where two processes saw them', async () => {
    const [one, two] = [open(), open()];
    const { id } = one.createSubject({ name: 'Ada' });
    two.subjects();
    two.seen(id, START + 90_000);
    one.seen(id, START + 1000);
    await two.close();
    await one.close();
    expect(written()).toBe(START + 90_000);
  });

  it('troubles nobody when the subject is gone, or the database', async () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada' });
    gallery.seen('nobody', START);
    gallery.seen(id, START);
    pastTheGallery(file, (database) => database.exec('DROP TABLE subjects'));
    await gallery.close();
    gallery.seen(id, START);
    expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn', fields: expect.anything() }));
  });
});
