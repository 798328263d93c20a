import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { enrolFace } from '../../gallery/enrol-face.ts';
import { openGallery, type SubjectGallery } from '../../gallery/subject-gallery.ts';
import type { AnalysedFace, Probe } from '../../pipeline/face.ts';
import { identify } from '../../pipeline/identify.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** The previous model's threshold is 0.9, the present one's 0.4; a tenth for the one is three tenths for the other. */
const PREVIOUS = { model: 'old-2d', width: 2, onto: { factor: 3, offset: 0.4 - 3 * 0.9 } };
const RULES = { threshold: 0.4, margin: 0.05, nowMs: 0 };

let folder: string;
const opened: SubjectGallery[] = [];
let log: ReturnType<typeof recordedLog>;

const file = () => join(folder, 'gallery.db');
function open(o: { previous?: typeof PREVIOUS } = { previous: PREVIOUS }): SubjectGallery {
  log = recordedLog();
  const gallery = openGallery({
    file: file(),
    model: 'new-3d',
    width: 3,
    keepImages: true,
    log,
    clock: new VirtualClock(),
    ...o,
  });
  opened.push(gallery);
  return gallery;
}

/** Before the change: Ada and Bob, each with a picture, and what Ada is not. */
async function enrolledBefore(): Promise<Record<'Ada' | 'Bob', string>> {
  const old = openGallery({
    file: file(),
    model: 'old-2d',
    width: 2,
    keepImages: true,
    log: recordedLog(),
    clock: new VirtualClock(),
  });
  const add = (name: string, vector: number[]) => {
    const { id } = old.createSubject({ name });
    const embedding = { model: 'old-2d', vector: Float32Array.from(vector) };
    old.addTemplate(id, { embedding, quality: 1, source: name, image: Buffer.from(name) });
    return id;
  };
  const ids = { Ada: add('Ada', [1, 0]), Bob: add('Bob', [0, 1]) };
  await old.close();
  return ids;
}

const ofNew = (...values: number[]): Probe => ({ model: 'new-3d', vector: Float32Array.from(values) });
/** A face by both models; `cosine` is the one to Ada by the previous model. */
const likeAda = (cosine: number, ...values: number[]): Probe => ({
  ...ofNew(...values),
  previous: { model: 'old-2d', vector: Float32Array.of(cosine, Math.sqrt(1 - cosine ** 2)) },
});
const who = async (gallery: SubjectGallery, embedding: Probe) => {
  const face: AnalysedFace = fakeFace({ embedding });
  const [found] = await identify([face], gallery, RULES);
  return found!.subject?.name ?? found!.reason;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-previous-'));
});
afterEach(async () => {
  for (const gallery of opened.splice(0)) await gallery.close();
  rmSync(folder, { recursive: true });
});

it('recognises those whom the previous model enrolled, from its own threshold on, and without it nobody', async () => {
  await enrolledBefore();
  const gallery = open();
  expect(gallery.size).toEqual({ subjects: 2, templates: 2, notSearched: 0 });
  expect(gallery.templates().map(({ model, searched }) => [model, searched])).toEqual([
    ['old-2d', true],
    ['old-2d', true],
  ]);
  expect(await who(gallery, likeAda(0.91, 0, 0, 1))).toBe('Ada');
  expect(await who(gallery, likeAda(0.89, 0, 0, 1))).toBe('threshold');
  const [[first] = []] = await gallery.search([likeAda(0.95, 0, 0, 1)], 2);
  expect(first?.similarity).toBeCloseTo(0.4 + 3 * 0.05, 5);
  // What the present model alone says finds nobody of them; nor does a gallery that is not being moved.
  expect(await gallery.search([ofNew(0, 0, 1)], 2)).toEqual([[]]);
  await gallery.close();
  const unmoved = open({});
  expect(unmoved.size).toEqual({ subjects: 2, templates: 0, notSearched: 2 });
  expect(unmoved.migration).toBeNull();
  expect(await who(unmoved, likeAda(1, 0, 0, 1))).toBe('empty_gallery');
});

it('takes the best of both models for each subject, and weighs those of one against those of the other', async () => {
  const { Ada, Bob } = await enrolledBefore();
  const gallery = open();
  gallery.addTemplate(Bob, { embedding: ofNew(1, 0, 0), quality: 1, source: 'b' });
  const both = likeAda(0.95, 0.8, 0.6, 0);
  expect(await gallery.search([both, likeAda(0, 0.8, 0.6, 0)], 5)).toMatchObject([
    [{ subjectId: Bob }, { subjectId: Ada }],
    // By the previous model Bob is the very same.
    [
      { subjectId: Bob, similarity: expect.closeTo(0.8, 5) },
      { subjectId: Ada, similarity: -1 },
    ],
  ]);
  expect(await gallery.search([both], 1)).toMatchObject([[{ subjectId: Bob, similarity: expect.closeTo(0.8, 5) }]]);
  // Bob 0.6 by the present model, Ada 0.55 to 0.7 by the previous one.
  expect(await who(gallery, likeAda(0.96, 0.6, 0.8, 0))).toBe('margin');
  expect(await who(gallery, likeAda(1, 0.6, 0.8, 0))).toBe('Ada');
  expect(await who(gallery, likeAda(0.93, 0.6, 0.8, 0))).toBe('Bob');
});

it('heeds the negative templates of both models', async () => {
  const { Ada } = await enrolledBefore();
  const gallery = open();
  gallery.addTemplate(Ada, { embedding: ofNew(0, 0, 1), quality: 1, source: 'poster', kind: 'negative' });
  expect(await who(gallery, likeAda(0.98, 1, 0, 0))).toBe('Ada');
  expect(await who(gallery, likeAda(0.98, 0, 0, 1))).toBe('negative');
  await gallery.close();
  const old = openGallery({ file: file(), model: 'old-2d', width: 2, log, clock: new VirtualClock() });
  opened.push(old);
  const vector = Float32Array.of(0.98, Math.sqrt(1 - 0.98 ** 2));
  old.addTemplate(Ada, { embedding: { model: 'old-2d', vector }, quality: 1, source: 'twin', kind: 'negative' });
  expect(await who(open(), likeAda(0.98, 1, 0, 0))).toBe('negative');
});

it('enrols for the new model alone, and sees whom a face belongs to by the previous one', async () => {
  const { Ada, Bob } = await enrolledBefore();
  const gallery = open();
  const enrol = (subjectId: string) =>
    enrolFace({
      gallery,
      subjectId,
      source: 'camera',
      threshold: RULES.threshold,
      face: { embedding: likeAda(0.99, 0, 1, 0), quality: 1 },
    });
  await expect(enrol(Bob)).rejects.toMatchObject({ code: 'SUBJECT_COLLISION' });
  const { templateId } = await enrol(Ada);
  expect(gallery.template(templateId)).toMatchObject({ model: 'new-3d', subjectId: Ada, searched: true });
  expect(gallery.embedding(templateId)).toEqual(ofNew(0, 1, 0));
  expect(gallery.subject(Ada)).toMatchObject({ templates: 2, notSearched: 0 });
  await gallery.close();
  const unmoved = open({});
  expect(await who(unmoved, ofNew(0, 1, 0))).toBe('Ada');
});

it('compares a face with an enrolled one by the model of that one', async () => {
  const { Bob } = await enrolledBefore();
  const gallery = open();
  const [before] = gallery.templates(Bob);
  const enrolled = gallery.embedding(before?.id ?? '');
  expect(enrolled).toEqual({ model: 'old-2d', vector: Float32Array.of(0, 1) });
  expect(gallery.similarity(enrolled, likeAda(0, 1, 0, 0))).toBeCloseTo(0.4 + 3 * 0.1, 5);
  expect(gallery.similarity(enrolled, ofNew(1, 0, 0))).toBeNull();
  expect(gallery.similarity(ofNew(2, 0, 0), likeAda(0, 0.6, 0.8, 0))).toBeCloseTo(0.6, 5);
});

it('refuses a probe whose previous embedding is of yet another model', async () => {
  await enrolledBefore();
  const gallery = open();
  const strange = { ...ofNew(1, 0, 0), previous: { model: 'other-2d', vector: Float32Array.of(1, 0) } };
  await expect(gallery.search([strange], 1)).rejects.toMatchObject({ code: 'EMBEDDING_MISMATCH' });
});

it('follows what another process does to templates of either model', async () => {
  const { Ada } = await enrolledBefore();
  const [one, two] = [open(), open()];
  expect(await who(one, likeAda(1, 0, 0, 1))).toBe('Ada');
  two.removeSubject(Ada);
  expect(await who(one, likeAda(1, 0, 0, 1))).toBe('threshold');
  expect(one.size).toEqual({ subjects: 1, templates: 1, notSearched: 0 });
});

it('says at the start who is known by the previous model alone, and when it is needed no more', async () => {
  const { Ada, Bob } = await enrolledBefore();
  const gallery = open();
  expect(gallery.migration).toEqual({ previous: 'old-2d', people: 2, pictures: 2 });
  expect(log.lines.map(({ message }) => message).join('\n')).toContain('known by the previous model alone: 2; ');
  gallery.addTemplate(Ada, { embedding: ofNew(1, 0, 0), quality: 1, source: 'elsewhere' });
  expect(gallery.migration).toEqual({ previous: 'old-2d', people: 1, pictures: 2 });
  for (const { id } of gallery.templatesToReembed()) gallery.reembed(id, { embedding: ofNew(0, 1, 0), quality: 1 });
  expect(gallery.migration).toEqual({ previous: 'old-2d', people: 0, pictures: 0 });
  expect(gallery.subject(Bob)).toMatchObject({ templates: 2, notSearched: 0 });
  await gallery.close();
  open();
  expect(log.lines.map(({ message }) => message).join('\n')).toContain('models.embedder.previous can be taken out');
});
