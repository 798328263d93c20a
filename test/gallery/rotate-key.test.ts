import { randomBytes } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rotateGalleryKey } from '../../gallery/rotate-key.ts';
import { type GalleryOptions, openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { filesWith, pastTheGallery } from '../support/gallery-files.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const probe = { model: MODEL, vector: Float32Array.of(1, 0, 0, 0) };
const coded = (code: string) => expect.objectContaining({ code });

let folder: string;
let file: string;
let keyFile: string;
const log = recordedLog();
const opened: SubjectGallery[] = [];

function open(o: Partial<GalleryOptions> = {}): SubjectGallery {
  const clock = new VirtualClock();
  const gallery = openGallery({ file, keyFile, model: MODEL, width: 4, keepImages: true, log, clock, ...o });
  opened.push(gallery);
  return gallery;
}

function enrolAda(gallery: SubjectGallery) {
  const { id } = gallery.createSubject({ name: 'Ada', notes: 'hush' });
  return gallery.addTemplate(id, { embedding: probe, quality: 1, source: '', image: Buffer.from('jpeg') });
}

async function expectAda(gallery: SubjectGallery): Promise<void> {
  expect(await gallery.search([probe], 1)).toMatchObject([[{ name: 'Ada' }]]);
  expect(gallery.subjects()).toMatchObject([{ notes: 'hush', templates: 1, notSearched: 0 }]);
  expect(gallery.image(gallery.templates()[0]?.id ?? '').toString()).toBe('jpeg');
}

const sealedEmbedding = () =>
  pastTheGallery(
    file,
    (database) => database.prepare('SELECT embedding FROM templates').get()?.embedding as Uint8Array,
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-rotate-'));
  mkdirSync(join(folder, 'data'));
  file = join(folder, 'data', 'gallery.db');
  keyFile = join(folder, 'gallery.key');
  log.lines.length = 0;
});

afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('rotateGalleryKey', () => {
  it('seals everything under a new key, and nothing under the old one is left', async () => {
    const gallery = open();
    enrolAda(gallery);
    await gallery.close();
    const [oldKey, oldSeal] = [readFileSync(keyFile), sealedEmbedding()];
    expect(filesWith(file, oldSeal)).not.toEqual([]);
    const rotated = rotateGalleryKey({ file, keyFile });
    expect(rotated).toMatchObject({ templates: 1, images: 1, subjects: 1, damaged: [], walEmptied: true });
    expect(rotated.from).not.toBe(rotated.to);
    expect(filesWith(file, oldSeal)).toEqual([]);
    expect(readFileSync(keyFile).equals(oldKey)).toBe(false);
    expect(existsSync(`${keyFile}.next`)).toBe(false);
    await expectAda(open());
    writeFileSync(keyFile, oldKey);
    expect(() => open()).toThrow(coded('GALLERY_KEY_WRONG'));
  });

  it('is followed by a gallery that is open: it searches, writes and reads on, without reading all anew', async () => {
    const gallery = open();
    enrolAda(gallery);
    await gallery.search([probe], 1);
    const changes = () =>
      pastTheGallery(file, (database) => database.prepare('SELECT count(*) AS n FROM changes').get()?.n);
    const before = changes();
    rotateGalleryKey({ file, keyFile });
    expect(changes()).toBe(before);
    await expectAda(gallery);
    rotateGalleryKey({ file, keyFile });
    const { id } = gallery.createSubject({ name: 'Bob', notes: 'later' });
    gallery.addTemplate(id, { embedding: { ...probe, vector: Float32Array.of(0, 1, 0, 0) }, quality: 1, source: '' });
    await gallery.close();
    expect(open().subjects()).toMatchObject([
      { notes: 'hush', templates: 1 },
      { notes: 'later', templates: 1 },
    ]);
  });

  it('goes over to the next key where the present one is given, and tells whoever still has the old one', async () => {
    const [key, nextKey] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
    const gallery = open({ key });
    enrolAda(gallery);
    rotateGalleryKey({ file, keyFile, key, nextKey });
    expect(existsSync(keyFile)).toBe(false);
    await expect(gallery.search([probe], 1)).rejects.toThrow(coded('GALLERY_KEY_WRONG'));
    expect(() => gallery.createSubject({ name: 'Bob', notes: 'x' })).toThrow(coded('GALLERY_KEY_WRONG'));
    expect(() => open({ key })).toThrow(coded('GALLERY_KEY_WRONG'));
    await expectAda(open({ key: nextKey }));
  });

  it('puts the old key where it is told to, which opens a copy from before', async () => {
    const gallery = open();
    enrolAda(gallery);
    await gallery.close();
    const copy = join(folder, 'copy.db');
    copyFileSync(file, copy);
    const oldKeyFile = join(folder, 'old.key');
    rotateGalleryKey({ file, keyFile, oldKeyFile });
    await expectAda(open({ file: copy, keyFile: oldKeyFile }));
    expect(() => rotateGalleryKey({ file, keyFile, oldKeyFile })).toThrow(coded('CONFIG_INVALID'));
    await expectAda(open());
  });

  it('ends at the next opening where it was cut off before the key was in its place', async () => {
    const gallery = open();
    enrolAda(gallery);
    await gallery.close();
    const oldKey = readFileSync(keyFile);
    rotateGalleryKey({ file, keyFile });
    const newKey = readFileSync(keyFile);
    writeFileSync(`${keyFile}.next`, newKey);
    writeFileSync(keyFile, oldKey);
    await expectAda(open());
    expect(readFileSync(keyFile).equals(newKey)).toBe(true);
    expect(existsSync(`${keyFile}.next`)).toBe(false);
  });

  it('takes no notice of a next key that nothing is sealed under, and overwrites it', async () => {
    enrolAda(open());
    const [stale, key] = [randomBytes(32), readFileSync(keyFile)];
    writeFileSync(`${keyFile}.next`, stale);
    await expectAda(open());
    expect(readFileSync(keyFile).equals(key)).toBe(true);
    rotateGalleryKey({ file, keyFile });
    expect(readFileSync(keyFile).equals(stale)).toBe(false);
    await expectAda(open());
  });

  it('changes nothing where something does not open: it would be lost for good', async () => {
    const gallery = open();
    const { id } = enrolAda(gallery);
    const good = sealedEmbedding();
    pastTheGallery(file, (database) => database.exec("UPDATE templates SET embedding = x'0102'"));
    const key = readFileSync(keyFile);
    expect(() => rotateGalleryKey({ file, keyFile })).toThrow(
      expect.objectContaining({ code: 'GALLERY_UNAVAILABLE', message: expect.stringContaining(`template ${id}`) }),
    );
    expect(readFileSync(keyFile).equals(key)).toBe(true);
    pastTheGallery(file, (database) => database.prepare('UPDATE templates SET embedding = ?').run(good));
    await expectAda(open());
  });

  const key = randomBytes(32).toString('base64');
  it.each([
    ['there is no gallery', () => rmSync(file), {}, 'GALLERY_UNAVAILABLE', 'there is no gallery'],
    [
      'a next key is given and the present one is in a file',
      () => undefined,
      { nextKey: key },
      'CONFIG_INVALID',
      'unset',
    ],
    ['the key is given and no next one', () => undefined, { key }, 'CONFIG_INVALID', 'set FACEGATE_GALLERY_KEY_NEXT'],
    [
      'the next key is the present one',
      () => undefined,
      { key, nextKey: key },
      'CONFIG_INVALID',
      'is the key that is in use',
    ],
    ['the next key is none', () => undefined, { key, nextKey: 'x' }, 'CONFIG_INVALID', 'must be base64 of 32 bytes'],
    ['the key is missing', () => rmSync(keyFile), {}, 'GALLERY_KEY_MISSING', 'is not there'],
  ])('says so when %s', async (_, spoil, o, code, message) => {
    const gallery = open();
    enrolAda(gallery);
    await gallery.close();
    spoil();
    expect(() => rotateGalleryKey({ file, keyFile, ...o })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
