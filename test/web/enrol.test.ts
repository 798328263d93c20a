import { beforeEach, describe, expect, it } from 'vitest';
import { ApiError } from '../../web/src/api/api-error.ts';
import type { SubjectView } from '../../web/src/api/api-types.ts';
import { type EnrolApi, enrol, type PictureOutcome } from '../../web/src/people/enrol.ts';
import { draftPicture } from '../../web/src/people/picture-draft.ts';

const picture = (name: string) => ({ key: name, file: new File([name], name, { type: 'image/jpeg' }) });

/** A gallery that keeps its people in a list and refuses pictures called bad. */
class ListedPeople implements EnrolApi {
  readonly people: SubjectView[] = [];
  async createSubject(name: string) {
    if (this.people.some((one) => one.name.toLowerCase() === name.toLowerCase())) {
      throw new ApiError('SUBJECT_EXISTS', 409, 'exists');
    }
    const subject = { id: `id-${name}`, name, templates: 0, createdAt: '2026-11-21T00:00:00Z' };
    this.people.push(subject);
    return { ...subject };
  }
  async subjects() {
    return this.people.map((one) => ({ ...one }));
  }
  async removeSubject(id: string) {
    this.people.splice(
      this.people.findIndex((one) => one.id === id),
      1,
    );
  }
  async addFace(id: string, _picture: Blob, fileName: string) {
    if (fileName.startsWith('bad')) throw new ApiError('FACE_NOT_FOUND', 422, 'no face');
    this.people.find((one) => one.id === id)!.templates += 1;
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
  subjects: () => api.subjects(),
  removeSubject: (id) => api.removeSubject(id),
  addFace: (id, blob, name) => api.addFace(id, blob, name),
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
