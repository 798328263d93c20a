import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ExportReport, exportGallery } from '../../gallery/archive-export.ts';
import { type ImportReport, importGallery } from '../../gallery/archive-import.ts';
import { GalleryDatabase } from '../../gallery/gallery-database.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const MODEL = 'testnet-4d';
const clock = new VirtualClock();
const log = recordedLog();
let folder: string;
const opened: SubjectGallery[] = [];

const open = (name: string, o: { model?: string; keepImages?: boolean } = {}) => {
  const file = join(folder, name, 'gallery.db');
  const gallery = openGallery({ file, model: MODEL, width: 4, keepImages: true, log, clock, ...o });
  opened.push(gallery);
  return gallery;
};
const face = (values: number[], o: { image?: Buffer; kind?: 'positive' | 'negative'; model?: string } = {}) => ({
  embedding: { model: o.model ?? MODEL, vector: Float32Array.from(values) },
  quality: 0.8,
  source: 'ada.jpg',
  ...o,
});

function withDatabase<T>(name: string, work: (database: GalleryDatabase) => T): T {
  const file = join(folder, name, 'gallery.db');
  const database = new GalleryDatabase(file, { keyFile: join(folder, name, 'gallery.key') });
  try {
    return work(database);
  } finally {
    database.close();
  }
}

function exported(
  name: string,
  o: { embeddings?: boolean; images?: boolean } = {},
): { text: string; report: ExportReport } {
  const report: ExportReport = { subjects: 0, faces: 0, damaged: [] };
  const options = { version: '1.2.3', nowMs: clock.wallMs(), embeddings: true, images: true, ...o };
  const text = withDatabase(name, (database) =>
    Buffer.concat([...exportGallery({ ...options, database }, report)]).toString('utf8'),
  );
  return { text, report };
}

async function* pieces(text: string): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
}

async function imported(
  name: string,
  text: string,
  o: { keepImages?: boolean; onCreated?: (id: string) => void } = {},
): Promise<ImportReport> {
  const file = join(folder, name, 'gallery.db');
  const database = new GalleryDatabase(file, { keyFile: join(folder, name, 'gallery.key') });
  try {
    return await importGallery({ database, content: () => pieces(text), keepImages: true, ...o });
  } finally {
    database.close();
  }
}

const JPEG = Buffer.from('not really a picture, but bytes');
const CONSENT = { by: 'desk', atMs: 1_700_000_000_000, basis: 'signed form' };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-archive-'));
  log.lines.length = 0;
});
afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

/** Ada with a picture and a negative one, Bob of an older model. */
function fill(name: string): { ada: string; bob: string } {
  const older = open(name, { model: 'oldnet-4d' });
  const bob = older.createSubject({ name: 'Bob' }).id;
  older.addTemplate(bob, face([0, 1, 0, 0], { model: 'oldnet-4d' }));
  const gallery = open(name);
  const ada = gallery.createSubject({
    name: 'Ada Lovelace',
    groups: ['staff', 'math'],
    notes: 'two\nlines',
    validFromMs: 5,
    validUntilMs: 9e12,
    consent: CONSENT,
  }).id;
  gallery.addTemplate(ada, face([1, 0, 0, 0], { image: JPEG }));
  gallery.addTemplate(ada, face([0, 0, 1, 0], { kind: 'negative' }));
  return { ada, bob };
}

describe('an exported gallery', () => {
  it('imported into an empty one is the same, and is recognised there', async () => {
    const { ada, bob } = fill('here');
    const { text, report } = exported('here');
    expect(report).toEqual({ subjects: 2, faces: 3, damaged: [] });
    const created: string[] = [];
    const done = await imported('there', text, { onCreated: (id) => created.push(id) });
    expect(done).toMatchObject({ created: 2, merged: 0, faces: 3, facesThere: 0, conflicts: [], imagesLeft: 0 });
    expect(Object.fromEntries(done.models)).toEqual({ [MODEL]: 2, 'oldnet-4d': 1 });
    expect(created.sort()).toEqual([ada, bob].sort());
    const [here, there] = [open('here'), open('there')];
    expect(there.subject(ada)).toEqual(here.subject(ada));
    expect(there.subject(ada)).toMatchObject({ notes: 'two\nlines', consent: CONSENT, templates: 2 });
    expect(there.subject(bob)).toMatchObject({ templates: 0, notSearched: 1 });
    expect(there.templates(ada)).toEqual(here.templates(ada));
    const pictured = there.templates(ada).find(({ hasImage }) => hasImage);
    expect(there.image(pictured?.id as string)).toEqual(JPEG);
    const [found] = await there.search([{ model: MODEL, vector: Float32Array.of(1, 0, 0, 0) }], 1);
    expect(found?.[0]).toMatchObject({ subjectId: ada, similarity: 1, negativeSimilarity: 0 });
  });

  it('has no embedding and no picture unless they are asked for', async () => {
    fill('here');
    const plain = exported('here', { embeddings: false, images: false });
    expect(plain.report).toMatchObject({ subjects: 2, faces: 0 });
    expect(plain.text).not.toContain('embedding":"');
    expect(plain.text).not.toContain(JPEG.toString('base64'));
    const faces = exported('here', { images: false }).text;
    expect(faces).toContain('embedding":"');
    expect(faces).not.toContain(JPEG.toString('base64'));
    await imported('there', plain.text);
    expect(
      open('there')
        .subjects()
        .map(({ name, templates }) => [name, templates]),
    ).toEqual([
      ['Ada Lovelace', 0],
      ['Bob', 0],
    ]);
  });

  it('with pictures alone is kept unsearched, to be enrolled again', async () => {
    const { ada } = fill('here');
    const { text, report } = exported('here', { embeddings: false });
    expect(report.faces).toBe(1);
    expect(text).not.toContain('embedding":"');
    const done = await imported('there', text);
    expect(Object.fromEntries(done.models)).toEqual({ none: 1 });
    const there = open('there');
    expect(there.subject(ada)).toMatchObject({ templates: 0, notSearched: 1 });
    expect(there.templatesToReembed().map(({ subjectId }) => subjectId)).toEqual([ada]);
    expect(log.lines.filter((line) => JSON.stringify(line).includes('damaged'))).toEqual([]);
  });

  it('imported twice changes nothing the second time', async () => {
    fill('here');
    const { text } = exported('here');
    await imported('there', text);
    const again = await imported('there', text);
    expect(again).toMatchObject({ created: 0, merged: 2, faces: 0, facesThere: 3, conflicts: [] });
    expect(open('there').size).toMatchObject({ subjects: 2, templates: 2, notSearched: 1 });
  });

  it('never overwrites who is there: they get the faces that they lack, and what differs is said', async () => {
    const { ada } = fill('here');
    const { text } = exported('here');
    const there = open('there');
    const own = there.createSubject({ name: 'ADA LOVELACE', notes: 'ours' }).id;
    there.addTemplate(own, face([0, 1, 1, 0]));
    const done = await imported('there', text);
    expect(done).toMatchObject({ created: 1, merged: 1, faces: 3 });
    expect(done.conflicts).toEqual([
      'ADA LOVELACE, known here under another id: name, groups, notes, validFrom, validUntil, consent differ; kept as here',
    ]);
    expect(there.subject(own)).toMatchObject({ name: 'ADA LOVELACE', notes: 'ours', consent: null, templates: 3 });
    expect(() => there.subject(ada)).toThrow(expect.objectContaining({ code: 'SUBJECT_NOT_FOUND' }));
    const pictured = there.templates(own).find(({ hasImage }) => hasImage);
    expect(there.image(pictured?.id as string)).toEqual(JPEG);
  });

  it('tells a face that another subject has here, and leaves it there', async () => {
    const { ada } = fill('here');
    const { text } = exported('here');
    await imported('there', text);
    const there = open('there');
    there.changeSubject(ada, { name: 'Grace' });
    const other = text.replaceAll(ada, '01a00000-0000-7000-8000-000000000001');
    const done = await imported('there', other);
    expect(done.created).toBe(1);
    expect(done.conflicts.filter((line) => line.includes('belongs to another subject here'))).toHaveLength(2);
    expect(there.subject(ada)).toMatchObject({ name: 'Grace', templates: 2 });
  });

  it('leaves pictures out where the gallery keeps none', async () => {
    const { ada } = fill('here');
    const done = await imported('there', exported('here').text, { keepImages: false });
    expect(done).toMatchObject({ imagesLeft: 1, faces: 3 });
    expect(
      open('there')
        .templates(ada)
        .some(({ hasImage }) => hasImage),
    ).toBe(false);
  });

  it('lies sealed in the gallery that takes it in', async () => {
    fill('here');
    await imported('there', exported('here').text);
    const sealed = withDatabase('there', (database) => database.templates().length);
    expect(sealed).toBe(3);
    const { readFileSync } = await import('node:fs');
    const clear = Buffer.from(Float32Array.of(1, 0, 0, 0).buffer);
    expect(readFileSync(join(folder, 'there', 'gallery.db')).includes(clear)).toBe(false);
    expect(readFileSync(join(folder, 'there', 'gallery.db')).includes(JPEG)).toBe(false);
  });
});

type Line = { subject: object; face: object };

describe('an archive is refused as a whole, and nothing is written, where', () => {
  const lines = (text: string) => text.trimEnd().split('\n');
  const changed = (text: string, at: number, change: (value: Line) => unknown) =>
    lines(text)
      .map((line, n) => (n === at ? JSON.stringify(change(JSON.parse(line))) : line))
      .join('\n');

  it.each<[string, (text: string) => string]>([
    ['its end is missing', (text) => lines(text).slice(0, -1).join('\n')],
    [
      'a line in the middle is missing',
      (text) =>
        lines(text)
          .filter((_, n) => n !== 3)
          .join('\n'),
    ],
    ['more comes after its end', (text) => `${text}${lines(text)[1]}\n`],
    ['it begins with something else', (text) => lines(text).slice(1).join('\n')],
    ['it is of a format to come', (text) => text.replace('facegate-gallery-1', 'facegate-gallery-2')],
    ['a line is no JSON', (text) => text.replace('{"subject"', '{subject')],
    ['a name is none', (text) => changed(text, 1, (line) => ({ subject: { ...line.subject, name: ' ' } }))],
    [
      'a name has the form of an id',
      (text) =>
        changed(text, 1, (line) => ({
          subject: { ...line.subject, name: '01a00000-0000-7000-8000-000000000001' },
        })),
    ],
    [
      'an id is none',
      (text) => changed(text, 1, (line) => ({ subject: { ...line.subject, id: "'; DROP TABLE subjects" } })),
    ],
    ['a field is unknown', (text) => changed(text, 1, (line) => ({ subject: { ...line.subject, admin: true } }))],
    [
      'a face belongs to nobody',
      (text) =>
        changed(text, 3, (line) => ({
          face: { ...line.face, subjectId: '01a00000-0000-7000-8000-000000000001' },
        })),
    ],
    [
      'an embedding is not a number',
      (text) =>
        changed(text, 3, (line) => ({
          face: {
            ...line.face,
            embedding: Buffer.from(Float32Array.of(Number.NaN, 1, 1, 1).buffer).toString('base64'),
          },
        })),
    ],
    [
      'an embedding is zero',
      (text) =>
        changed(text, 3, (line) => ({
          face: { ...line.face, embedding: Buffer.alloc(16).toString('base64') },
        })),
    ],
    [
      'an embedding is cut off',
      (text) =>
        changed(text, 3, (line) => ({
          face: { ...line.face, embedding: Buffer.alloc(15, 1).toString('base64') },
        })),
    ],
  ])('%s', async (_, harm) => {
    fill('here');
    const text = harm(exported('here').text);
    await expect(imported('there', text)).rejects.toMatchObject({ code: 'ARCHIVE_INVALID' });
    expect(open('there').size).toMatchObject({ subjects: 0, templates: 0, notSearched: 0 });
  });
});
