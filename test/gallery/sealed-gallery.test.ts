import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type GalleryOptions, openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { filesWith, pastTheGallery, writeClearGallery } from '../support/gallery-files.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const of = (...values: number[]) => ({ model: MODEL, vector: Float32Array.from(values) });
const face = (...values: number[]) => ({ embedding: of(...values), quality: 0.8, source: 'ada.jpg' });
const coded = (code: string) => expect.objectContaining({ code });
/** Values whose bytes nothing else has. */
const VECTOR = Float32Array.of(0.123456, -0.654321, 0.7654321, 0.251173);
const VECTOR_BYTES = new Uint8Array(VECTOR.buffer);

let folder: string;
let file: string;
const log = recordedLog();
const opened: SubjectGallery[] = [];

function open(o: Partial<GalleryOptions> = {}): SubjectGallery {
  const gallery = openGallery({ file, model: MODEL, width: 4, log, clock: new VirtualClock(), ...o });
  opened.push(gallery);
  return gallery;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-sealed-'));
  file = join(folder, 'gallery.db');
  log.lines.length = 0;
});

afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('a sealed gallery', () => {
  it('has no vector, picture, note or consent in any of its files, and gives them all back', async () => {
    const gallery = open({ keepImages: true });
    const image = randomBytes(50_000);
    const consent = { by: 'Registrar Nightingale', atMs: 5, basis: 'signed form 27b' };
    const ada = gallery.createSubject({ name: 'Ada', notes: 'afraid of geese', consent });
    const template = gallery.addTemplate(ada.id, { embedding: of(...VECTOR), quality: 1, source: '', image });
    const secrets = [VECTOR_BYTES, image.subarray(100, 132), ...['geese', 'Nightingale', 'form 27b'].map(Buffer.from)];
    const traces = () => secrets.flatMap((secret) => filesWith(file, Buffer.from(secret)));
    expect(filesWith(file, Buffer.from('Ada'))).not.toEqual([]);
    expect(traces()).toEqual([]);
    await gallery.close();
    expect(traces()).toEqual([]);

    const again = open({ keepImages: true });
    expect(again.subject(ada.id)).toMatchObject({ notes: 'afraid of geese', consent });
    expect(again.image(template.id).equals(image)).toBe(true);
    expect([...again.embeddings()].map(({ vector }) => [...vector])).toEqual([[...VECTOR]]);
    expect((await again.search([of(...VECTOR)], 1))[0]?.[0]?.similarity).toBeCloseTo(1, 6);
  });

  it('leaves no trace of a deleted subject, nor of a deleted face, sealed or not', () => {
    const gallery = open({ keepImages: true });
    const ada = gallery.createSubject({ name: 'Augusta King', notes: 'hush' });
    const bob = gallery.createSubject({ name: 'Bob' });
    const image = randomBytes(20_000);
    for (const { id } of [ada, bob])
      gallery.addTemplate(id, { embedding: of(...VECTOR), quality: 1, source: '', image });
    const face = gallery.addTemplate(bob.id, { embedding: of(0, 1, 0, 0), quality: 1, source: 'poster.jpg', image });
    const sealedOf = (query: string, id: string) =>
      pastTheGallery(file, (database) => Object.values(database.prepare(query).get(id) ?? {})[0] as Uint8Array);
    const adas = [
      sealedOf('SELECT embedding FROM templates WHERE subject_id = ?', ada.id),
      sealedOf('SELECT sealed FROM images WHERE subject_id = ?', ada.id),
      sealedOf('SELECT sealed FROM subjects WHERE id = ?', ada.id),
      Buffer.from('Augusta King'),
    ];
    const posters = [
      sealedOf('SELECT embedding FROM templates WHERE id = ?', face.id),
      sealedOf('SELECT sealed FROM images WHERE id = (SELECT image_id FROM templates WHERE id = ?)', face.id),
      Buffer.from('poster.jpg'),
    ];
    // The first bytes: a long one is scattered over pages.
    const traces = (secrets: readonly Uint8Array[]) =>
      secrets.map((one) => filesWith(file, one.slice(0, 60)).length > 0);
    expect(traces([...adas, ...posters])).toEqual(Array(7).fill(true));
    gallery.removeSubject(ada.id);
    expect(traces(adas)).toEqual([false, false, false, false]);
    gallery.removeTemplate(face.id);
    expect(traces(posters)).toEqual([false, false, false]);
    expect(statSync(`${file}-wal`).size).toBe(0);
    expect(gallery.subject(bob.id).templates).toBe(1);
  });

  it('overwrites notes that were written anew, and a name that was given up', () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Augusta King', notes: 'once' });
    gallery.changeSubject(id, { name: 'Ada Lovelace' });
    expect(filesWith(file, Buffer.from('Augusta'))).toEqual([]);
    expect(filesWith(file, Buffer.from('augusta'))).toEqual([]);
    expect(gallery.subject(id).notes).toBe('once');
  });

  it('keeps no picture unless it was told to', () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada' });
    const template = gallery.addTemplate(id, { ...face(1, 0, 0, 0), image: randomBytes(100) });
    expect(template.hasImage).toBe(false);
    expect(() => gallery.image(template.id)).toThrow(coded('IMAGE_NOT_KEPT'));
    expect(() => gallery.image('nothing')).toThrow(coded('TEMPLATE_NOT_FOUND'));
  });

  it('opens no field that was moved to another row, says which, and goes on with the others', async () => {
    const gallery = open({ keepImages: true });
    const [ada, bob, eve] = ['Ada', 'Bob', 'Eve'].map((name) => gallery.createSubject({ name, notes: `of ${name}` }));
    if (!ada || !bob || !eve) throw new Error('three were made');
    const image = randomBytes(100);
    const faces = [
      gallery.addTemplate(ada.id, { ...face(1, 0, 0, 0), image }),
      gallery.addTemplate(bob.id, { ...face(0, 1, 0, 0), image }),
      gallery.addTemplate(eve.id, face(0, 0, 1, 0)),
    ];
    pastTheGallery(file, (database) => {
      for (const [table, column] of [
        ['templates', 'embedding'],
        ['images', 'sealed'],
        ['subjects', 'sealed'],
      ]) {
        const key = table === 'subjects' ? 'id' : 'subject_id';
        const read = database.prepare(`SELECT ${column} AS bytes FROM ${table} WHERE ${key} = ?`);
        const write = database.prepare(`UPDATE ${table} SET ${column} = ? WHERE ${key} = ?`);
        const [adas, bobs] = [read.get(ada.id)?.bytes, read.get(bob.id)?.bytes] as [Uint8Array, Uint8Array];
        write.run(bobs, ada.id);
        write.run(adas, bob.id);
      }
    });
    const check = async (one: SubjectGallery) => {
      expect(await one.search([of(1, 0.5, 0.2, 0)], 3)).toMatchObject([[{ name: 'Eve' }]]);
      expect(one.size).toEqual({ subjects: 3, templates: 1, notSearched: 2 });
      expect(one.templates().map(({ searched }) => searched)).toEqual([false, false, true]);
      expect([...one.embeddings()].map(({ template }) => template.subjectId)).toEqual([eve.id]);
      expect(() => one.image(faces[0]?.id ?? '')).toThrow(coded('IMAGE_CORRUPT'));
      expect(one.subject(ada.id).notes).toBe('');
      expect(one.subject(eve.id).notes).toBe('of Eve');
    };
    await check(gallery);
    await gallery.close();
    await check(open());
    const told = log.lines.filter(({ level }) => level === 'error').map(({ fields }) => fields);
    for (const { id } of faces.slice(0, 2)) expect(told).toContainEqual(expect.objectContaining({ template: id }));
    for (const { id } of [ada, bob]) expect(told).toContainEqual({ subject: id });
  });

  it.each([
    ["a face's kind", "UPDATE templates SET kind = 'positive'"],
    ["a face's model version", "UPDATE templates SET model_version = ''"],
    ['the subject it belongs to', "UPDATE templates SET subject_id = (SELECT id FROM subjects WHERE name = 'Bob')"],
  ])('notices that %s was changed', (_, change) => {
    const gallery = open({ modelVersion: 'abc' });
    const { id } = gallery.createSubject({ name: 'Ada' });
    gallery.createSubject({ name: 'Bob' });
    gallery.addTemplate(id, { ...face(1, 0, 0, 0), kind: 'negative' });
    expect(gallery.size.templates).toBe(1);
    pastTheGallery(file, (database) => database.exec(change));
    expect(gallery.size).toMatchObject({ templates: 0, notSearched: 1 });
  });

  it('leaves damaged notes as they are while something else is changed', () => {
    const gallery = open();
    const { id } = gallery.createSubject({ name: 'Ada', notes: 'hush' });
    const sealed = pastTheGallery(file, (db) => db.prepare('SELECT sealed FROM subjects').get()?.sealed as Uint8Array);
    pastTheGallery(file, (db) => db.exec("UPDATE subjects SET sealed = x'01020304'"));
    expect(gallery.changeSubject(id, { groups: ['staff'] })).toMatchObject({ notes: '', groups: ['staff'] });
    pastTheGallery(file, (db) => db.prepare('UPDATE subjects SET sealed = ?').run(sealed));
    expect(gallery.subject(id)).toMatchObject({ notes: 'hush', groups: ['staff'] });
  });
});

describe("the gallery's key", () => {
  const key = randomBytes(32).toString('base64');

  it('is made with a new gallery, for its owner only', () => {
    open().createSubject({ name: 'Ada' });
    const keyFile = join(folder, 'gallery.key');
    expect(readFileSync(keyFile)).toHaveLength(32);
    expect(statSync(keyFile).mode & 0o777).toBe(0o600);
  });

  it('comes from the environment before any file, and then none is made', async () => {
    const gallery = open({ key });
    gallery.addTemplate(gallery.createSubject({ name: 'Ada' }).id, face(1, 0, 0, 0));
    await gallery.close();
    expect(existsSync(join(folder, 'gallery.key'))).toBe(false);
    expect(open({ key }).size.templates).toBe(1);
  });

  it('may be a file that somebody wrote as base64', async () => {
    const keyFile = join(folder, 'secret');
    writeFileSync(keyFile, `${key}\n`, { mode: 0o600 });
    const gallery = open({ keyFile });
    gallery.addTemplate(gallery.createSubject({ name: 'Ada' }).id, face(1, 0, 0, 0));
    await gallery.close();
    expect(open({ key }).size.templates).toBe(1);
  });

  it.each([
    ['is missing', () => rmSync(join(folder, 'gallery.key')), {}, 'GALLERY_KEY_MISSING', /gallery\.key is not there/],
    [
      'is another one',
      () => writeFileSync(join(folder, 'gallery.key'), randomBytes(32)),
      {},
      'GALLERY_KEY_WRONG',
      /gallery\.key holds another one/,
    ],
    [
      'of the environment is another one',
      () => undefined,
      { key },
      'GALLERY_KEY_WRONG',
      /FACEGATE_GALLERY_KEY holds another one/,
    ],
    ['is none', () => undefined, { key: 'abc' }, 'CONFIG_INVALID', /FACEGATE_GALLERY_KEY must be base64 of 32 bytes/],
  ])(
    'is told to be wrong before anything else when it %s, and nothing is changed',
    async (_, spoil, o, code, message) => {
      const first = open();
      first.addTemplate(first.createSubject({ name: 'Ada' }).id, face(1, 0, 0, 0));
      await first.close();
      const good = readFileSync(join(folder, 'gallery.key'));
      spoil();
      const before = readFileSync(file);
      expect(() => open(o)).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
      expect(readFileSync(file).equals(before)).toBe(true);
      expect(log.lines.filter(({ level }) => level === 'error')).toEqual([]);
      writeFileSync(join(folder, 'gallery.key'), good);
      expect(open().size).toEqual({ subjects: 1, templates: 1, notSearched: 0 });
    },
  );

  it('says nothing of the key in its errors', () => {
    const wrong = `${key.slice(0, 40)}!`;
    let said = '';
    try {
      open({ key: wrong });
    } catch (error) {
      said = `${String(error)} ${JSON.stringify(error)}`;
    }
    expect(said).toContain('FACEGATE_GALLERY_KEY');
    expect(said).not.toContain(key.slice(0, 8));
  });
});

describe('a gallery that was in clear', () => {
  const people = [
    { id: '01900000-0000-7000-8000-000000000001', name: 'Ada', templates: [{ id: 'a1', vector: VECTOR }] },
    {
      id: '01900000-0000-7000-8000-000000000002',
      name: 'Bob',
      templates: [
        { id: 'b1', vector: Float32Array.of(0, 1, 0, 0) },
        { id: 'b2', vector: Float32Array.of(0, 0, 1, 0) },
      ],
    },
  ];

  it('is sealed at its first opening: all is found as before, nothing in clear is left, and the log says so once', async () => {
    writeClearGallery(file, MODEL, people);
    expect(filesWith(file, VECTOR_BYTES)).toEqual(['gallery.db']);
    const gallery = open({ modelVersion: 'abcdefabcdef' });
    expect(filesWith(file, VECTOR_BYTES)).toEqual([]);
    expect(gallery.size).toEqual({ subjects: 2, templates: 3, notSearched: 0 });
    expect((await gallery.search([of(...VECTOR)], 1))[0]?.[0]).toMatchObject({ name: 'Ada' });
    expect(gallery.subjects()).toMatchObject([
      { name: 'Ada', groups: [], notes: '', consent: null, createdAtMs: 5, changedAtMs: 5, lastSeenMs: null },
      { name: 'Bob', templates: 2 },
    ]);
    expect(gallery.template('a1')).toMatchObject({ kind: 'positive', modelVersion: '', searched: true, source: 'old' });
    const told = () => log.lines.filter(({ message }) => message.includes('lay in clear'));
    expect(told()).toMatchObject([{ level: 'info', fields: { templates: 3 } }]);
    await gallery.close();
    expect(open().size.templates).toBe(3);
    expect(told()).toHaveLength(1);
  });

  it('is overwritten at a later opening when another process reads it at the first', async () => {
    writeClearGallery(file, MODEL, people);
    await pastTheGallery(file, async (reader) => {
      reader.exec('BEGIN; SELECT * FROM templates');
      const gallery = open();
      expect(gallery.size.templates).toBe(3);
      expect(filesWith(file, VECTOR_BYTES)).not.toEqual([]);
      expect(log.lines).toContainEqual(expect.objectContaining({ level: 'warn' }));
      await gallery.close();
    });
    open();
    expect(filesWith(file, VECTOR_BYTES)).toEqual([]);
  });
});
