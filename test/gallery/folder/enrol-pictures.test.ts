import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { type EnrolPicturesOptions, enrolPictures } from '../../../gallery/folder/enrol-pictures.ts';
import { listPeople } from '../../../gallery/folder/list-people.ts';
import { openGallery, type SubjectGallery } from '../../../gallery/subject-gallery.ts';
import type { AnalysedFace } from '../../../pipeline/face.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { fakeFace } from '../../support/fake-result.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MODEL = 'testnet-8d';
const WIDTH = 8;
let folder: string;
let gallery: SubjectGallery;
let recorded: string[];
let analysed: number;

/** Stands for decoding: the file's text is in the pixels. `3@20` is person 3, turned by 20 degrees. */
const decode = async (bytes: Buffer): Promise<PixelImage> => {
  if (!/^(\d|none|two)/.test(bytes.toString())) throw new AppError('IMAGE_UNSUPPORTED', 'no picture');
  return { width: 1, height: 1, format: 'rgb24', data: bytes };
};

const analyser = {
  analyse: async ({ data }: PixelImage) => {
    analysed += 1;
    const text = Buffer.from(data).toString();
    const faces = text.startsWith('none') ? [] : text.startsWith('two') ? [face('1'), face('2')] : [face(text)];
    return { faces, timings: { detect: 1, embed: 1 } };
  },
};

function face(text: string): AnalysedFace {
  const [who = '0', degrees = '0'] = text.split('@');
  const vector = new Float32Array(WIDTH);
  vector[Number(who)] = Math.cos((Number(degrees) * Math.PI) / 180);
  vector[WIDTH - 1] = Math.sin((Number(degrees) * Math.PI) / 180);
  return { ...fakeFace(), embedding: { model: MODEL, vector } };
}

function put(path: string, text: string): void {
  const full = join(folder, 'people', path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
}

async function enrol(o: Partial<EnrolPicturesOptions> = {}) {
  const { pictures } = await listPeople(join(folder, 'people'));
  const outcomes = await enrolPictures({
    gallery,
    analyser,
    pictures,
    maxBytes: 1000,
    decode,
    threshold: 0.5,
    record: ({ action, subject }) => recorded.push(`${action} ${gallery.subject(subject as string).name}`),
    ...o,
  });
  return outcomes.map(({ label, outcome, code }) => `${label}: ${code ?? outcome}`);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-enrol-'));
  gallery = openGallery({
    file: join(folder, 'gallery.db'),
    model: MODEL,
    width: WIDTH,
    log: recordedLog(),
    clock: new VirtualClock(),
  });
  recorded = [];
  analysed = 0;
});
afterEach(async () => {
  await gallery.close();
  rmSync(folder, { recursive: true });
});

describe('enrolPictures', () => {
  it('makes everybody known, new ones and those who are', async () => {
    gallery.createSubject({ name: 'ada' });
    put('Ada/1.jpg', '1');
    put('Ada/2.jpg', '1@20');
    put('Bob.jpg', '2');
    const outcomes = await enrol();
    expect(outcomes).toEqual(['Ada/1.jpg: enrolled', 'Ada/2.jpg: enrolled', 'Bob.jpg: enrolled']);
    expect(gallery.subjects().map(({ name, templates }) => `${name} ${templates}`)).toEqual(['ada 2', 'Bob 1']);
    expect(recorded).toEqual(['template.added ada', 'template.added ada', 'subject.created Bob', 'template.added Bob']);
  });

  it('goes on after what is wrong, and says what was', async () => {
    put('A/none.jpg', 'none');
    put('A/two.jpg', 'two');
    put('A/notes.txt', 'hello');
    put('A/right.jpg', '1');
    put('B/huge.jpg', '2');
    truncateSync(join(folder, 'people/B/huge.jpg'), 3_000_000_000);
    put('01890000-0000-7000-8000-000000000000/1.jpg', '3');
    expect(await enrol()).toEqual([
      '01890000-0000-7000-8000-000000000000/1.jpg: REQUEST_INVALID',
      'A/none.jpg: FACE_NOT_FOUND',
      'A/notes.txt: IMAGE_UNSUPPORTED',
      'A/right.jpg: enrolled',
      'A/two.jpg: FACE_NOT_UNIQUE',
      'B/huge.jpg: IMAGE_TOO_LARGE',
    ]);
    // Nobody is left behind without a face.
    expect(gallery.subjects().map(({ name }) => name)).toEqual(['A']);
  });

  it('refuses one picture in two folders, and the same face in two others', async () => {
    put('Ada/1.jpg', '1');
    put('Bob/same.jpg', '1');
    put('Carl/alike.jpg', '1@20');
    expect(await enrol({ atOnce: 3 })).toEqual([
      'Ada/1.jpg: enrolled',
      'Bob/same.jpg: SUBJECT_COLLISION',
      'Carl/alike.jpg: SUBJECT_COLLISION',
    ]);
    expect(gallery.subjects().map(({ name }) => name)).toEqual(['Ada']);
    expect(await enrol({ force: true })).toEqual([
      'Ada/1.jpg: already',
      'Bob/same.jpg: enrolled',
      'Carl/alike.jpg: enrolled',
    ]);
  });

  it('skips files that were enrolled, wherever they lie now, without looking at them again', async () => {
    put('Ada/1.jpg', '1');
    put('Ada/copy.jpg', '1');
    expect(await enrol()).toEqual(['Ada/1.jpg: enrolled', 'Ada/copy.jpg: already']);
    analysed = 0;
    put('Ada/sub/moved.jpg', '1');
    put('Ada/new.jpg', '1@30');
    expect(await enrol()).toEqual([
      'Ada/1.jpg: already',
      'Ada/copy.jpg: already',
      'Ada/new.jpg: enrolled',
      'Ada/sub/moved.jpg: already',
    ]);
    expect(analysed).toBe(1);
    expect(gallery.subject(gallery.subjectNamed('Ada')?.id as string).templates).toBe(2);
  });

  it('enrols a file again when its template was removed', async () => {
    put('Ada/1.jpg', '1');
    await enrol();
    gallery.removeTemplate(gallery.templates()[0]?.id as string);
    expect(await enrol()).toEqual(['Ada/1.jpg: enrolled']);
  });

  it('says beforehand what it would do, also that two collide, and changes nothing', async () => {
    put('Ada/1.jpg', '1');
    put('Ada/copy.jpg', '1');
    put('Bob/1.jpg', '1@10');
    const dry = await enrol({ dryRun: true, terms: { groups: ['staff'] } });
    expect(gallery.size).toMatchObject({ subjects: 0, templates: 0 });
    expect(recorded).toEqual([]);
    expect(dry).toEqual(['Ada/1.jpg: enrolled', 'Ada/copy.jpg: already', 'Bob/1.jpg: SUBJECT_COLLISION']);
    expect(await enrol()).toEqual(dry);
  });

  it('puts everybody into the groups, also those of whom there is nothing new', async () => {
    put('Ada.jpg', '1');
    await enrol({ terms: { groups: ['staff'], validUntilMs: 5e12 } });
    put('Bob.jpg', '2');
    recorded = [];
    await enrol({ terms: { groups: ['staff', 'night'] } });
    const of = (name: string) => gallery.subjectNamed(name);
    expect(of('Ada')).toMatchObject({ groups: ['staff', 'night'], validUntilMs: 5e12 });
    expect(of('Bob')).toMatchObject({ groups: ['staff', 'night'], validUntilMs: null });
    expect(recorded).toEqual(['subject.changed Ada', 'subject.created Bob', 'template.added Bob']);
    recorded = [];
    await enrol({ terms: { groups: ['staff'] } });
    expect(recorded).toEqual([]);
  });

  it('takes negatives for those who are known only, and no collision counts', async () => {
    put('Ada.jpg', '1');
    put('Bob.jpg', '2');
    await enrol();
    rmSync(join(folder, 'people'), { recursive: true });
    put('Ada/bob.jpg', '2');
    put('Carl/x.jpg', '3');
    expect(await enrol({ kind: 'negative' })).toEqual(['Ada/bob.jpg: enrolled', 'Carl/x.jpg: SUBJECT_NOT_FOUND']);
    const kinds = gallery.templates(gallery.subjectNamed('Ada')?.id).map(({ kind }) => kind);
    expect(kinds.sort()).toEqual(['negative', 'positive']);
    expect(gallery.subjectNamed('Carl')).toBeNull();
  });

  it('stops when it is told to, after what is in work, and goes on when it is run again', async () => {
    for (let i = 1; i < 7; i += 1) put(`P${i}.jpg`, `${i}`);
    const stop = new AbortController();
    const first = await enrol({ atOnce: 2, signal: stop.signal, onDone: () => stop.abort() });
    expect(first).toEqual(['P1.jpg: enrolled', 'P2.jpg: enrolled']);
    const rest = await enrol({ atOnce: 2 });
    expect(rest.filter((line) => line.endsWith('already'))).toHaveLength(2);
    expect(gallery.size.templates).toBe(6);
  });

  it('works on so many at a time, and tells of them in their order', async () => {
    for (let i = 1; i < 7; i += 1) put(`P${i}.jpg`, `${i}`);
    let running = 0;
    let most = 0;
    let secondBegun = Promise.withResolvers<void>();
    const told: string[] = [];
    await enrol({
      atOnce: 2,
      analyser: {
        analyse: async (image) => {
          running += 1;
          most = Math.max(most, running);
          // Of each two the first is done last.
          if (Number(Buffer.from(image.data).toString()) % 2 === 0) secondBegun.resolve();
          else {
            await secondBegun.promise;
            secondBegun = Promise.withResolvers();
          }
          running -= 1;
          return analyser.analyse(image);
        },
      },
      onDone: ({ label }, done) => told.push(`${done} ${label}`),
    });
    expect(most).toBe(2);
    expect(told).toEqual([1, 2, 3, 4, 5, 6].map((i) => `${i} P${i}.jpg`));
  });

  it('reads no device, which could go on for ever, and names a folder as one', async () => {
    mkdirSync(join(folder, 'people'));
    const one = (path: string) => ({ name: 'Ada', path, label: path, source: path });
    expect(await enrol({ pictures: [one('/dev/zero'), one(folder), one('/nowhere.jpg')] })).toEqual([
      '/dev/zero: IMAGE_UNSUPPORTED',
      `${folder}: IMAGE_MISSING`,
      '/nowhere.jpg: IMAGE_MISSING',
    ]);
  });

  it('gives up when the gallery cannot be written, rather than refusing picture after picture', async () => {
    put('Ada.jpg', '1');
    put('Bob.jpg', '2');
    const done: string[] = [];
    const failing = enrol({
      record: () => {
        throw new AppError('AUDIT_UNAVAILABLE', 'the disk is full');
      },
      onDone: ({ label }) => done.push(label),
    });
    await expect(failing).rejects.toMatchObject({ code: 'AUDIT_UNAVAILABLE' });
    expect(done).toEqual([]);
  });
});
