import { beforeEach, describe, expect, it } from 'vitest';
import { nameKey } from '../../pipeline/name-key.ts';
import { ApiError } from '../../web/src/api/api-error.ts';
import type { SubjectView } from '../../web/src/api/api-types.ts';
import type { FaceTerms } from '../../web/src/api/facegate-api.ts';
import { type EnrolApi, enrol, type PictureOutcome } from '../../web/src/enrol/enrol.ts';
import { collisionOf, collisionWords } from '../../web/src/enrol/enrol-words.ts';
import { draftPicture } from '../../web/src/enrol/picture-draft.ts';
import { aSubject } from '../support/a-subject.ts';

const picture = (name: string) => ({ key: name, file: new File([name], name, { type: 'image/jpeg' }) });

/** A gallery that keeps its people in a list and refuses pictures called bad. */
class ListedPeople implements EnrolApi {
  readonly people: SubjectView[] = [];
  async createSubject(name: string) {
    if (this.people.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
      throw new ApiError('SUBJECT_EXISTS', 409, 'exists');
    }
    const subject = aSubject({ id: `id-${name}`, name });
    this.people.push(subject);
    return { ...subject };
  }
  async subjectNamed(name: string) {
    return this.people.find((one) => nameKey(one.name) === nameKey(name)) ?? null;
  }
  async removeSubject(id: string) {
    this.people.splice(
      this.people.findIndex((one) => one.id === id),
      1,
    );
  }
  async addFace(id: string, _picture: Blob, fileName: string, { kind, force }: FaceTerms) {
    if (fileName.startsWith('twin') && !force && kind !== 'negative') {
      const details = { subject: { id: 'id-Bob', name: 'Bob' }, similarity: 0.612 };
      throw new ApiError('SUBJECT_COLLISION', 409, 'looks like Bob', null, details);
    }
    if (fileName.startsWith('bad')) throw new ApiError('FACE_NOT_FOUND', 422, 'no face');
    this.people.find((one) => one.id === id)!.templates += kind === 'negative' ? 0 : 1;
    return {
      templateId: 't',
      quality: 0.8,
      qualitySignal: 'norm',
      bbox: [0, 0, 1, 1] as [number, number, number, number],
    };
  }
}

describe('enrol', () => {
  let api: ListedPeople;
  let outcomes: [string, PictureOutcome | 'sending'][];
  const note = (key: string, outcome: PictureOutcome | 'sending') => outcomes.push([key, outcome]);
  beforeEach(() => {
    api = new ListedPeople();
    outcomes = [];
  });

  it('makes the person and gives the pictures one after the other', async () => {
    const subject = await enrol('Ada', [picture('a'), picture('b')], api, note);
    expect(subject).toMatchObject({ name: 'Ada', templates: 2 });
    expect(outcomes.map(([key, outcome]) => `${key} ${outcome === 'sending' ? 'sending' : outcome.taken}`)).toEqual([
      'a sending',
      'a true',
      'b sending',
      'b true',
    ]);
  });

  it('goes on after a refused picture and says why it was refused', async () => {
    const subject = await enrol('Ada', [picture('bad1'), picture('b')], api, note);
    expect(subject?.templates).toBe(1);
    expect(outcomes[1]).toMatchObject(['bad1', { taken: false, error: { code: 'FACE_NOT_FOUND' } }]);
  });

  it('names whom a picture was taken for, and takes it when insisted on', async () => {
    await enrol('Ada', [picture('twin')], api, note);
    const [, outcome] = outcomes[1]!;
    const collision = collisionOf((outcome as { error: unknown }).error);
    expect(collision).toEqual({ name: 'Bob', similarity: 0.612 });
    expect(collisionWords('Ada', collision!)).toMatch(/Ada, looks like Bob \(similarity 0\.61\)/);
    expect(api.people).toEqual([]);

    expect(await enrol('Ada', [{ ...picture('twin'), force: true }], api, note)).toMatchObject({ templates: 1 });
  });

  it('takes look-alikes for what they are, and counts them as no face of the person', async () => {
    const ada = await enrol('Ada', [picture('a')], api, note);
    expect(await enrol(ada!, [picture('twin')], api, note, 'negative')).toMatchObject({ templates: 1 });
    expect(outcomes.at(-1)).toMatchObject(['twin', { taken: true }]);
  });

  it('leaves nobody behind of whom no picture was taken', async () => {
    expect(await enrol('Ada', [picture('bad1'), picture('bad2')], api, note)).toBeNull();
    expect(api.people).toEqual([]);
  });

  it('adds to the one who has the name already, and never removes them', async () => {
    await enrol('Ada', [picture('a')], api, note);
    expect(await enrol(' ADA ', [picture('bad')], { ...bound(api), createSubject: refuse }, note)).toMatchObject({
      id: 'id-Ada',
    });
    expect(api.people).toMatchObject([{ name: 'Ada', templates: 1 }]);
  });

  it('passes on what the server says about a name', async () => {
    const error = new ApiError('REQUEST_INVALID', 400, 'name must have 1 to 200 characters, got 0');
    await expect(
      enrol('', [picture('a')], { ...bound(api), createSubject: async () => Promise.reject(error) }, note),
    ).rejects.toBe(error);
  });
});

const refuse = async (): Promise<never> => {
  throw new ApiError('SUBJECT_EXISTS', 409, 'exists');
};
const bound = (api: ListedPeople): EnrolApi => ({
  createSubject: (name) => api.createSubject(name),
  subjectNamed: (name) => api.subjectNamed(name),
  removeSubject: (id) => api.removeSubject(id),
  addFace: (id, blob, name, terms) => api.addFace(id, blob, name, terms),
});

describe('draftPicture', () => {
  it('knows the same bytes under another name', async () => {
    const [a, b, c] = await Promise.all([
      draftPicture(new File(['same'], 'a.jpg', { type: 'image/jpeg' })),
      draftPicture(new File(['same'], 'b.jpg', { type: 'image/jpeg' })),
      draftPicture(new File(['else'], 'c.jpg', { type: 'image/jpeg' })),
    ]);
    expect(a.key).toBe(b.key);
    expect(c.key).not.toBe(a.key);
  });

  it.each([
    ['a text', new File(['x'], 'a.txt', { type: 'text/plain' }), /JPEG, PNG and WebP/],
    ['an SVG', new File(['<svg/>'], 'a.svg', { type: 'image/svg+xml' }), /JPEG, PNG and WebP/],
    ['more than 10 MB', new File([new Uint8Array(10_485_761)], 'a.png', { type: 'image/png' }), /10 MB/],
  ])('refuses %s before it is sent', async (_, file, note) => {
    expect(await draftPicture(file)).toMatchObject({ at: 'refused', note: expect.stringMatching(note) });
  });
});
