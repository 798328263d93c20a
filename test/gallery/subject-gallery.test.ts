import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { Embedding } from '../../pipeline/face.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const of = (...values: number[]): Embedding => ({ model: MODEL, vector: Float32Array.from(values) });
const face = (...values: number[]) => ({ embedding: of(...values), quality: 0.8, source: 'ada.jpg' });
/** What a candidate says of a subject of whom nothing was said. */
const PLAIN = { groups: [], validFromMs: null, validUntilMs: null, negativeSimilarity: null };
const coded = (code: string) => expect.objectContaining({ code });

let folder: string;
let file: string;
const opened: SubjectGallery[] = [];
const clock = new VirtualClock();
const log = recordedLog();

function open(o: { model?: string; width?: number; file?: string } = {}): SubjectGallery {
  const gallery = openGallery({ file: o.file ?? file, model: o.model ?? MODEL, width: o.width ?? 4, log, clock });
  opened.push(gallery);
  return gallery;
}

/** Of the database's files, those in which these bytes stand. */
const filesWith = (database: string, bytes: Uint8Array) =>
  [database, `${database}-wal`, `${database}-shm`].filter((path) => readFileSync(path).includes(Buffer.from(bytes)));

const thrown = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-gallery-'));
  file = join(folder, 'data', 'gallery.db');
  log.lines.length = 0;
});

afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('SubjectGallery', () => {
  it('finds who was enrolled, by name, and knows them again after it was opened anew', async () => {
    const gallery = open();
    const ada = gallery.createSubject({ name: '  Ada Lovelace ' });
    const bob = gallery.createSubject({ name: 'Bob' });
    const template = gallery.addTemplate(ada.id, face(1, 0, 0, 0));
    gallery.addTemplate(bob.id, face(0, 1, 0, 0));
    expect(template).toMatchObject({ subjectId: ada.id, model: MODEL, quality: 0.8, source: 'ada.jpg' });
    const expected = [
      [
        { subjectId: ada.id, name: 'Ada Lovelace', similarity: expect.closeTo(0.8, 5), ...PLAIN },
        { subjectId: bob.id, name: 'Bob', similarity: expect.closeTo(0.6, 5), ...PLAIN },
      ],
    ];
    expect(await gallery.search([of(0.8, 0.6, 0, 0)], 2)).toEqual(expected);
    await gallery.close();

    const again = open();
    expect(await again.search([of(0.8, 0.6, 0, 0)], 2)).toEqual(expected);
    expect(again.subjects()).toMatchObject([
      { id: ada.id, name: 'Ada Lovelace', createdAtMs: clock.wallMs(), templates: 1, notSearched: 0 },
      { id: bob.id, name: 'Bob', createdAtMs: clock.wallMs(), templates: 1, notSearched: 0 },
    ]);
    expect(again.size).toEqual({ subjects: 2, templates: 2, notSearched: 0 });
  });

  it('finds nobody in an empty gallery, nor a subject without a face', async () => {
    const gallery = open();
    gallery.createSubject({ name: 'Ada' });
    expect(await gallery.search([of(1, 0, 0, 0)], 2)).toEqual([[]]);
  });

  it('finds nobody for a probe that is zero or not a number', async () => {
    const gallery = open();
    gallery.addTemplate(gallery.createSubject({ name: 'Ada' }).id, face(1, 0, 0, 0));
    expect(await gallery.search([of(0, 0, 0, 0), of(Number.NaN, 0, 0, 1)], 2)).toEqual([[], []]);
  });

  it.each([
    ['another model', { model: 'othernet', vector: new Float32Array(4).fill(0.5) }],
    ['another width', { model: MODEL, vector: new Float32Array(5).fill(0.5) }],
  ])('refuses an embedding of %s, as probe and as template', async (_, embedding) => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada' });
    await expect(gallery.search([of(1, 0, 0, 0), embedding], 2)).rejects.toThrow(coded('EMBEDDING_MISMATCH'));
    const error = thrown(() => gallery.addTemplate(id, { embedding, quality: 1, source: '' }));
    expect(error).toEqual(coded('EMBEDDING_MISMATCH'));
    expect(String(error)).toContain(`${MODEL} with 4 numbers, got ${embedding.model} with ${embedding.vector.length}`);
  });

  it.each([[[0, 0, 0, 0]], [[1, Number.NaN, 0, 0]], [[Number.POSITIVE_INFINITY, 0, 0, 0]]])(
    'refuses the template %j',
    (values) => {
      const gallery = open();
      const { id } = gallery.createSubject({ name: 'Ada' });
      expect(thrown(() => gallery.addTemplate(id, face(...values)))).toEqual(coded('EMBEDDING_INVALID'));
      expect(gallery.size.templates).toBe(0);
    },
  );

  it.each([
    ['empty', '', 'name must have 1 to 200 characters, got 0'],
    ['blank', ' \t\n ', 'name must have 1 to 200 characters, got 0'],
    ['of 201 characters', 'x'.repeat(201), 'name must have 1 to 200 characters, got 201'],
    ['of 10,001 characters', 'x'.repeat(10_001), 'name must have 1 to 200 characters, got 10001'],
    ['with a NUL', 'Ada\u0000', 'name must not hold control characters'],
    ['of two lines', 'Ada\nLovelace', 'name must not hold control characters'],
    ['that turns its end round', 'Ada\u202egnp.exe', 'name must not hold control characters'],
    ['of half a character', '\ud800', 'name must not hold control characters'],
    ['like an id', '01900000-0000-7000-8000-000000000000', 'name must not have the form of a UUID'],
  ])('refuses a name %s', (_, name, message) => {
    const gallery = open();
    expect(thrown(() => gallery.createSubject({ name }))).toMatchObject({ code: 'REQUEST_INVALID', message });
    expect(gallery.subjects()).toEqual([]);
  });

  it.each([
    ['of 200 emoji', '😀'.repeat(200)],
    ['of joined emoji', '👩‍👩‍👧‍👦'],
    ['from right to left', 'أدا لوفلايس'],
    ['like a path', '../../etc/passwd'],
    ['like SQL', "Robert'); DROP TABLE subjects;--"],
    ['in Chinese', '李雷'],
  ])('takes a name %s and gives it back', (_, name) => {
    const gallery = open();
    const { id } = gallery.createSubject({ name });
    expect(gallery.subject(id).name).toBe(name);
  });

  it.each([['ada'], ['ADA'], [' Ada '], ['Ａｄａ']])('refuses %j beside "Ada"', (name) => {
    const gallery = open();
    gallery.createSubject({ name: 'Ada' });
    expect(thrown(() => gallery.createSubject({ name }))).toEqual(coded('SUBJECT_EXISTS'));
    expect(gallery.subjects()).toHaveLength(1);
  });

  it('treats names that differ only in case as one in other scripts too', () => {
    const gallery = open();
    gallery.createSubject({ name: 'ÉMILE Жук' });
    expect(thrown(() => gallery.createSubject({ name: 'émile жук' }))).toEqual(coded('SUBJECT_EXISTS'));
  });

  it('gives the embedding of one face that is searched, as a copy, and of no other', () => {
    const gallery = open();
    const ada = gallery.createSubject({ name: 'Ada' });
    const { id } = gallery.addTemplate(ada.id, face(0.6, 0.8, 0, 0));
    const { model, vector } = gallery.embedding(id);
    expect([model, ...vector]).toEqual([MODEL, Math.fround(0.6), Math.fround(0.8), 0, 0]);
    vector.fill(0);
    expect(gallery.embedding(id).vector[0]).toBeGreaterThan(0.5);
    expect(thrown(() => gallery.embedding('nobody'))).toEqual(coded('TEMPLATE_NOT_FOUND'));
    expect(thrown(() => open({ model: 'othernet-4d' }).embedding(id))).toEqual(coded('TEMPLATE_NOT_FOUND'));
  });

  it('says which subject is not there', () => {
    const gallery = open();
    for (const call of [
      () => gallery.subject('nobody'),
      () => gallery.removeSubject('nobody'),
      () => gallery.addTemplate('nobody', face(1, 0, 0, 0)),
    ]) {
      const error = thrown(call);
      expect(error).toEqual(coded('SUBJECT_NOT_FOUND'));
      expect(String(error)).toContain('"nobody"');
    }
  });

  it('removes a subject from searches and its embedding from every file', async () => {
    const gallery = open();
    const ada = gallery.createSubject({ name: 'Ada' });
    const bob = gallery.createSubject({ name: 'Bob' });
    const vector = Float32Array.of(0.123456, -0.654321, 0.7, 0.25);
    gallery.addTemplate(ada.id, { embedding: { model: MODEL, vector }, quality: 1, source: '' });
    gallery.addTemplate(bob.id, face(0, 1, 0, 0));
    const other = new DatabaseSync(file);
    const sealed = other.prepare('SELECT embedding FROM templates WHERE subject_id = ?').get(ada.id)?.embedding;
    other.close();
    const holders = (bytes: Uint8Array) => filesWith(file, bytes);
    expect(holders(sealed as Uint8Array)).not.toEqual([]);
    gallery.removeSubject(ada.id);
    expect(holders(sealed as Uint8Array)).toEqual([]);
    expect(readFileSync(file).includes(Buffer.from('Ada'))).toBe(false);
    expect((await gallery.search([{ model: MODEL, vector }], 2))[0]?.map((c) => c.name)).toEqual(['Bob']);
    expect(thrown(() => gallery.subject(ada.id))).toEqual(coded('SUBJECT_NOT_FOUND'));
    expect(gallery.createSubject({ name: 'Ada' }).id).not.toBe(ada.id);
  });

  it('keeps templates of another model, and does not search them', async () => {
    const old = open({ model: 'oldnet', width: 2 });
    const ada = old.createSubject({ name: 'Ada' });
    old.addTemplate(ada.id, {
      embedding: { model: 'oldnet', vector: Float32Array.of(1, 0) },
      quality: 1,
      source: '',
    });
    await old.close();
    const gallery = open();
    expect(gallery.size).toEqual({ subjects: 1, templates: 0, notSearched: 1 });
    expect(gallery.subject(ada.id).templates).toBe(0);
    expect(await gallery.search([of(1, 0, 0, 0)], 1)).toEqual([[]]);
    gallery.addTemplate(ada.id, face(1, 0, 0, 0));
    expect(gallery.size).toEqual({ subjects: 1, templates: 1, notSearched: 1 });
    await gallery.close();
    expect(open({ model: 'oldnet', width: 2 }).size).toEqual({ subjects: 1, templates: 1, notSearched: 1 });
  });

  it('leaves out a damaged template, loudly, and answers with the others', async () => {
    const gallery = open();
    const ada = gallery.createSubject({ name: 'Ada' });
    const { id } = gallery.addTemplate(ada.id, face(1, 0, 0, 0));
    gallery.addTemplate(gallery.createSubject({ name: 'Bob' }).id, face(0, 1, 0, 0));
    const other = new DatabaseSync(file);
    other.prepare('UPDATE templates SET embedding = ? WHERE id = ?').run(new Uint8Array(7), id);
    other.close();
    expect((await gallery.search([of(1, 0, 0, 0)], 2))[0]?.map((c) => c.name)).toEqual(['Bob']);
    expect(gallery.size).toEqual({ subjects: 2, templates: 1, notSearched: 1 });
    expect(log.lines.find((line) => line.level === 'error')?.fields).toMatchObject({ template: id, subject: ada.id });
  });

  it('sees at once what another connection wrote, renamed and removed', async () => {
    const one = open();
    const two = open();
    const ada = two.createSubject({ name: 'Ada' });
    two.addTemplate(ada.id, face(1, 0, 0, 0));
    expect((await one.search([of(1, 0, 0, 0)], 1))[0]?.[0]?.name).toBe('Ada');
    const other = new DatabaseSync(file);
    other.prepare('UPDATE subjects SET name = ? WHERE id = ?').run('Augusta', ada.id);
    other.close();
    expect((await one.search([of(1, 0, 0, 0)], 1))[0]?.[0]?.name).toBe('Augusta');
    two.removeSubject(ada.id);
    expect(await one.search([of(1, 0, 0, 0)], 1)).toEqual([[]]);
    expect(one.size).toEqual({ subjects: 0, templates: 0, notSearched: 0 });
  });

  it('reads everything again when it missed more changes than are kept', async () => {
    const one = open();
    const two = open();
    one.addTemplate(one.createSubject({ name: 'Ada' }).id, face(1, 0, 0, 0));
    one.addTemplate(one.createSubject({ name: 'Bob' }).id, face(0, 1, 0, 0));
    const other = new DatabaseSync(file);
    other.exec("DELETE FROM subjects WHERE name = 'Ada'; DELETE FROM changes WHERE number < 1000");
    other.close();
    expect(two.subjects().map((subject) => subject.name)).toEqual(['Bob']);
    expect((await two.search([of(1, 0, 0, 0)], 2))[0]?.map((c) => c.name)).toEqual(['Bob']);
  });

  it('keeps the list of changes short', () => {
    const gallery = open();
    const other = new DatabaseSync(file);
    other.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12500)
      INSERT INTO subjects (id, name, name_key, created_at_ms) SELECT 'id' || i, 'n' || i, 'n' || i, 0 FROM n`);
    const count = Number(other.prepare('SELECT count(*) AS n FROM changes').get()?.n);
    other.close();
    expect(count).toBeGreaterThanOrEqual(10_000);
    expect(count).toBeLessThanOrEqual(11_000);
    expect(gallery.size.subjects).toBe(12_500);
  });

  it.each([
    ['cannot read what changed', 'DROP TABLE changes'],
    ['reads everything anew and breaks off', 'DELETE FROM changes; DELETE FROM sqlite_sequence; DROP TABLE templates'],
  ])('answers with an error, not from memory, when it %s', async (_, damage) => {
    const gallery = open();
    gallery.addTemplate(gallery.createSubject({ name: 'Ada' }).id, face(1, 0, 0, 0));
    const other = new DatabaseSync(file);
    other.exec(damage);
    other.close();
    // Twice: the first failure must not leave something half-read that the second call answers from.
    await expect(gallery.search([of(1, 0, 0, 0)], 1)).rejects.toThrow(coded('GALLERY_UNAVAILABLE'));
    await expect(gallery.search([of(1, 0, 0, 0)], 1)).rejects.toThrow(coded('GALLERY_UNAVAILABLE'));
    expect(thrown(() => gallery.subjects())).toEqual(coded('GALLERY_UNAVAILABLE'));
  });

  it('closes twice, and says that it is closed', async () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada' });
    await Promise.all([gallery.close(), gallery.close()]);
    await gallery.close();
    for (const call of [
      () => gallery.size,
      () => gallery.subjects(),
      () => gallery.createSubject({ name: 'Bob' }),
      () => gallery.removeSubject(id),
      () => gallery.addTemplate(id, face(1, 0, 0, 0)),
    ]) {
      expect(thrown(call)).toMatchObject({ code: 'GALLERY_UNAVAILABLE', message: expect.stringContaining('closed') });
    }
    await expect(gallery.search([of(1, 0, 0, 0)], 1)).rejects.toThrow(coded('GALLERY_UNAVAILABLE'));
    expect(statSync(file).size).toBeGreaterThan(0);
  });

  it('says which file is no gallery', () => {
    const path = join(folder, 'notes.txt');
    writeFileSync(path, 'This is not a database, and long enough to be seen as none. '.repeat(40));
    const error = thrown(() => open({ file: path }));
    expect(error).toEqual(coded('GALLERY_UNAVAILABLE'));
    expect(String(error)).toContain(path);
  });

  it('keeps its files to their owner, also one that was open to others', async () => {
    const gallery = open();
    gallery.createSubject({ name: 'Ada' });
    const modes = () => [file, `${file}-wal`, `${file}-shm`].map((path) => statSync(path).mode & 0o777);
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
    await gallery.close();
    chmodSync(file, 0o644);
    open();
    expect(modes()).toEqual([0o600, 0o600, 0o600]);
  });
});
