import fc from 'fast-check';
import type { FastifyInstance, InjectOptions } from 'fastify';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import { nameKey } from '../../pipeline/name-key.ts';
import { buildServer } from '../../server/build-server.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { multipart } from '../support/multipart.ts';
import { jpegPicture } from '../support/test-pictures.ts';

let parts: FakeServerParts;
let app: FastifyInstance;

beforeEach(async () => {
  parts = await fakeServerParts({ settings: { server: { requestsPerMinute: 1_000_000 } } });
  app = await buildServer(parts);
});
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const call = (method: InjectOptions['method'], url: string, payload?: object) =>
  app.inject({ method, url, ...(payload && { payload }) });
const create = async (name: string, more: object = {}) => (await call('POST', '/subjects', { name, ...more })).json();
const enrol = async (id: string, query = '') =>
  app.inject({ url: `/subjects/${id}/faces${query}`, ...(await multipart({ image: await jpegPicture() })) });
const now = () => new Date(parts.clock.wallMs()).toISOString();

describe('subjects', () => {
  it('are created, listed, shown and forgotten', async () => {
    const created = await call('POST', '/subjects', { name: 'Ada' });
    expect(created.statusCode).toBe(201);
    const ada = created.json();
    expect(ada).toEqual({
      id: expect.any(String),
      name: 'Ada',
      groups: [],
      notes: '',
      validFrom: null,
      validUntil: null,
      consent: null,
      templates: 0,
      notSearched: 0,
      createdAt: now(),
      changedAt: now(),
      lastSeenAt: null,
    });
    expect((await call('GET', '/subjects')).json()).toEqual({ subjects: [ada], next: null });
    expect((await call('GET', `/subjects/${ada.id}`)).json()).toEqual(ada);
    expect((await call('DELETE', `/subjects/${ada.id}`)).statusCode).toBe(204);
    for (const method of ['GET', 'DELETE', 'PATCH'] as const) {
      const answer = await call(method, `/subjects/${ada.id}`, method === 'PATCH' ? { name: 'x' } : undefined);
      expect([method, answer.statusCode, answer.json().code]).toEqual([method, 404, 'SUBJECT_NOT_FOUND']);
    }
  });

  it('hold groups, notes, validity and consent, and change field by field', async () => {
    const consent = { by: 'Reception', at: '2026-11-21T10:00:00+01:00', basis: 'signed form 17' };
    const ada = await create('Ada', {
      groups: ['staff', 'staff', ' night '],
      notes: 'first line\nsecond line',
      validFrom: '2026-01-01T00:00:00Z',
      validUntil: '2027-01-01T00:00:00.000Z',
      consent,
    });
    expect(ada).toMatchObject({
      groups: ['staff', 'night'],
      notes: 'first line\nsecond line',
      validFrom: '2026-01-01T00:00:00.000Z',
      validUntil: '2027-01-01T00:00:00.000Z',
      consent: { ...consent, at: '2026-11-21T09:00:00.000Z' },
    });
    const patched = await call('PATCH', `/subjects/${ada.id}`, { name: 'ADA', validUntil: null, consent: null });
    expect(patched.statusCode).toBe(200);
    expect(patched.json()).toEqual({ ...ada, name: 'ADA', validUntil: null, consent: null });
    expect((await call('PATCH', `/subjects/${ada.id}`, {})).json()).toEqual(patched.json());
  });

  it('say in the audit log what was done to them and by whom, without names', async () => {
    const ada = await create('Ada');
    await call('GET', `/subjects/${ada.id}`);
    await call('PATCH', `/subjects/${ada.id}`, { notes: 'secret', groups: ['x'] });
    parts.analyser.answer = () => [fakeFace()];
    const { templateId } = (await enrol(ada.id)).json();
    await call('DELETE', `/subjects/${ada.id}/faces/${templateId}`);
    await call('DELETE', `/subjects/${ada.id}`);
    const entries = parts.audit.read({ limit: 10, after: 0 });
    expect(entries.map(({ action, details }) => [action, details])).toEqual([
      ['subject.created', {}],
      ['subject.viewed', {}],
      ['subject.changed', { fields: 'groups notes' }],
      ['template.added', { face: templateId, kind: 'positive', forced: false }],
      ['template.removed', { face: templateId }],
      ['subject.deleted', { templates: 0 }],
    ]);
    for (const { by, subject } of entries) expect([by, subject]).toEqual(['this machine', ada.id]);
    expect(JSON.stringify(entries)).not.toMatch(/Ada|secret/);
  });

  it.each([
    ['POST', {}, 'body "name" must be a text'],
    ['POST', { name: 7 }, 'body "name" must be a text'],
    ['POST', { name: 'Ada', extra: true }, '"extra"'],
    ['POST', { name: '' }, 'name must have 1 to 200 characters, got 0'],
    ['POST', { name: 'x'.repeat(10_001) }, 'name must have 1 to 200 characters, got 10001'],
    ['POST', { name: 'a\u202Egnp.exe' }, 'name must not hold control characters'],
    ['POST', { name: 'a\r\nset-cookie: admin=1' }, 'name must not hold control characters'],
    ['POST', { name: 'a\u0000b' }, 'name must not hold control characters'],
    ['POST', { name: '0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b' }, 'name must not have the form of a UUID'],
    ['POST', { name: 'Ada', groups: 'staff' }, 'body "groups" must be a list of texts'],
    ['POST', { name: 'Ada', groups: [7] }, 'body "groups.0" must be a text'],
    ['POST', { name: 'Ada', groups: ['x'.repeat(101)] }, 'groups[0] must have 1 to 100 characters'],
    ['POST', { name: 'Ada', groups: Array.from({ length: 51 }, (_, i) => `g${i}`) }, 'groups must have at most 50'],
    ['POST', { name: 'Ada', notes: 'x'.repeat(2001) }, 'notes must have at most 2000 characters'],
    ['POST', { name: 'Ada', validFrom: 'tomorrow' }, 'body "validFrom" must be a time like'],
    ['POST', { name: 'Ada', validFrom: 1_790_000_000 }, 'body "validFrom" must be a time like'],
    ['POST', { name: 'Ada', validUntil: '2026-02-30T00:00:00Z' }, 'body "validUntil" must be a time like'],
    [
      'POST',
      { name: 'Ada', validFrom: '2027-01-01T00:00:00Z', validUntil: '2026-01-01T00:00:00Z' },
      'validUntil must be later than validFrom',
    ],
    ['POST', { name: 'Ada', consent: 'yes' }, 'body "consent" must be {by, at, basis}, or null'],
    ['POST', { name: 'Ada', consent: { by: 'me', basis: 'form' } }, 'body "consent.at" must be a time like'],
    ['PATCH', { name: '' }, 'name must have 1 to 200 characters, got 0'],
    ['PATCH', { id: 'other' }, '"id"'],
    ['PATCH', { notes: null }, 'body "notes" must be a text'],
    ['PATCH', [], 'body'],
  ] as const)('%s %j is refused with the name of the field', async (method, payload, message) => {
    const grace = await create('Grace');
    const answer = await call(method, method === 'POST' ? '/subjects' : `/subjects/${grace.id}`, payload);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.json().message).toContain(message);
    expect((await call('GET', '/subjects')).json().subjects).toEqual([grace]);
  });

  it.each(['Ada', 'ADA', ' ada ', 'Ａｄａ'])('are one a name: %j', async (name) => {
    await create('Ada');
    const grace = await create('Grace');
    for (const answer of [
      await call('POST', '/subjects', { name }),
      await call('PATCH', `/subjects/${grace.id}`, { name }),
    ]) {
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'SUBJECT_EXISTS']);
    }
    expect((await call('GET', '/subjects')).json().subjects).toHaveLength(2);
  });

  it.each([
    "Robert'); DROP TABLE subjects;--",
    '../../etc/passwd',
    'C:\\Windows\\system32',
    '%00%0d%0a',
    '<script>alert(1)</script>',
    '{{7*7}}',
    '👩‍👩‍👧‍👦',
    'ابو علي',
    '__proto__',
    'null',
    '王小明',
  ])('may be named %j: it is a name and nothing else', async (name) => {
    const created = await create(name);
    expect(created.name).toBe(name);
    expect((await call('GET', `/subjects?query=${encodeURIComponent(name)}`)).json().subjects).toEqual([created]);
    expect((await call('DELETE', `/subjects/${encodeURIComponent(name)}`)).statusCode).toBe(404);
    expect((await call('GET', '/subjects')).json().subjects).toEqual([created]);
  });

  it('of any name are kept as they are sent or refused, never changed, doubled or lost', async () => {
    const known = new Map<string, string>();
    const anyText = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 230 }),
      fc.string({ unit: 'binary', maxLength: 30 }),
      fc.constantFrom('Ada', 'ada', ' ADA', 'ﬁ', 'fi', 'İ', 'i̇', '\ud800', '\u2066x', 'x'.repeat(201)),
    );
    await fc.assert(
      fc.asyncProperty(anyText, async (name) => {
        const answer = await call('POST', '/subjects', { name });
        const key = nameKey(name);
        if (answer.statusCode === 201) {
          expect(known.has(key)).toBe(false);
          expect(answer.json().name).toBe(name.normalize('NFC').trim());
          known.set(key, answer.json().id);
        } else if (answer.statusCode === 409) {
          expect(known.has(key)).toBe(true);
        } else {
          expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
          expect(answer.json().message).toContain('name');
        }
      }),
      { numRuns: 300 },
    );
    const listed = (await call('GET', '/subjects?limit=10000')).json().subjects as { id: string; name: string }[];
    expect(new Map(listed.map(({ id, name }) => [nameKey(name), id]))).toEqual(known);
    expect(known.size).toBeGreaterThan(50);
  });
});

describe('the list of subjects', () => {
  const names = (answer: { json(): { subjects: { name: string }[] } }) =>
    answer.json().subjects.map(({ name }) => name);

  it('comes in parts by name, each of them once, while others come and go', async () => {
    for (const name of ['delta', 'Alpha', 'charlie', 'Bravo', 'echo']) await create(name);
    const first = await call('GET', '/subjects?limit=2');
    expect(names(first)).toEqual(['Alpha', 'Bravo']);
    // The one that the cursor stands on goes, one before and one behind it come.
    const [, bravo] = first.json().subjects;
    await call('DELETE', `/subjects/${bravo.id}`);
    await create('aaa');
    await create('Cesar');
    const second = await call('GET', `/subjects?limit=2&after=${first.json().next}`);
    expect(names(second)).toEqual(['Cesar', 'charlie']);
    const third = await call('GET', `/subjects?limit=2&after=${second.json().next}`);
    expect([names(third), third.json().next]).toEqual([['delta', 'echo'], null]);
  });

  it('tells every group that somebody is in, and how many are', async () => {
    await create('Ada', { groups: ['staff', 'Night'] });
    const grace = await create('Grace', { groups: ['staff', 'board'] });
    const groups = async () => (await call('GET', '/groups')).json().groups;
    expect(await groups()).toEqual([
      { name: 'board', subjects: 1 },
      { name: 'Night', subjects: 1 },
      { name: 'staff', subjects: 2 },
    ]);
    await call('PATCH', `/subjects/${grace.id}`, { groups: [] });
    expect(await groups()).toEqual([
      { name: 'Night', subjects: 1 },
      { name: 'staff', subjects: 1 },
    ]);
  });

  it('is narrowed by a part of the name in any case and by a whole group', async () => {
    await create('Ada Lovelace', { groups: ['staff'] });
    await create('Grace Hopper', { groups: ['staff', 'night'] });
    await create('Adam', { groups: ['staffroom'] });
    expect(names(await call('GET', '/subjects?query=ADA'))).toEqual(['Ada Lovelace', 'Adam']);
    expect(names(await call('GET', '/subjects?group=staff'))).toEqual(['Ada Lovelace', 'Grace Hopper']);
    expect(names(await call('GET', '/subjects?group=staff&query=hop'))).toEqual(['Grace Hopper']);
    const { id } = (await call('GET', '/subjects?query=adam')).json().subjects[0];
    await call('PATCH', `/subjects/${id}`, { groups: ['guest'] });
    expect(names(await call('GET', '/subjects?group=guest'))).toEqual(['Adam']);
    expect(names(await call('GET', '/subjects?group=staffroom'))).toEqual([]);
    const page = await call('GET', '/subjects?group=staff&limit=1');
    expect(names(page)).toEqual(['Ada Lovelace']);
    expect(names(await call('GET', `/subjects?group=staff&limit=1&after=${page.json().next}`))).toEqual([
      'Grace Hopper',
    ]);
  });

  it('is whole where it is longer than what is written at once', async () => {
    const wanted = Array.from({ length: 601 }, (_, i) => `n${String(i).padStart(4, '0')}`);
    for (const name of wanted) parts.gallery.createSubject({ name });
    const answer = await call('GET', '/subjects');
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect([names(answer), answer.json().next]).toEqual([wanted, null]);
  });

  it.each([
    ['limit=0', 'query "limit" must be between 1 and 10000'],
    ['limit=10001', 'query "limit" must be between 1 and 10000'],
    ['limit=ten', 'query "limit" must be a whole number'],
    ['after=x', 'query "after" must be the "next" of an answer before'],
    [`after=${Buffer.from('[1,2]').toString('base64url')}`, 'query "after" must be the "next" of an answer before'],
    [`query=${'x'.repeat(201)}`, 'query "query" must have at most 200 characters'],
  ])('refuses ?%s', async (query, message) => {
    const answer = await call('GET', `/subjects?${query}`);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.json().message).toContain(message);
  });
});

describe('the faces of a subject', () => {
  beforeEach(() => {
    parts.analyser.answer = () => [fakeFace({ box: [1.4, 2.6, 30, 40] })];
  });

  it('are enrolled from pictures, listed and forgotten one by one', async () => {
    const { id } = await create('Ada');
    const added = await enrol(id);
    expect(added.statusCode).toBe(201);
    const { templateId } = added.json();
    expect(added.json()).toEqual({ templateId, quality: 0.8, qualitySignal: 'norm', bbox: [1, 3, 30, 40], note: null });
    const negative = (await enrol(id, '?kind=negative')).json();
    const face = {
      model: 'fake',
      searched: true,
      quality: expect.closeTo(0.8),
      source: 'upload',
      createdAt: now(),
      image: false,
    };
    expect((await call('GET', `/subjects/${id}/faces`)).json()).toEqual({
      faces: [
        { ...face, id: templateId, kind: 'positive' },
        { ...face, id: negative.templateId, kind: 'negative' },
      ],
    });
    expect((await call('GET', `/subjects/${id}`)).json().templates).toBe(2);
    expect((await call('DELETE', `/subjects/${id}/faces/${templateId}`)).statusCode).toBe(204);
    expect((await call('GET', `/subjects/${id}/faces`)).json().faces).toMatchObject([{ id: negative.templateId }]);
    const again = await call('DELETE', `/subjects/${id}/faces/${templateId}`);
    expect([again.statusCode, again.json().code]).toEqual([404, 'TEMPLATE_NOT_FOUND']);
  });

  it('belong to their own subject only', async () => {
    const [ada, grace] = [await create('Ada'), await create('Grace')];
    const { templateId } = (await enrol(ada.id)).json();
    for (const [method, url] of [
      ['DELETE', `/subjects/${grace.id}/faces/${templateId}`],
      ['GET', `/subjects/${grace.id}/faces/${templateId}/image.jpg`],
    ] as const) {
      const answer = await call(method, url);
      expect([answer.statusCode, answer.json().code]).toEqual([404, 'TEMPLATE_NOT_FOUND']);
    }
    expect((await call('GET', `/subjects/${ada.id}/faces`)).json().faces).toHaveLength(1);
  });

  it('show their picture where it was kept', async () => {
    const { id } = await create('Ada');
    const image = await jpegPicture(64, 64);
    const embedding = fakeFace().embedding!;
    const kept = parts.gallery.addTemplate(id, { embedding, quality: 0.8, source: 'test', image });
    const answer = await call('GET', `/subjects/${id}/faces/${kept.id}/image.jpg`);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'image/jpeg']);
    expect(answer.rawPayload.equals(image)).toBe(true);
    expect((await call('GET', `/subjects/${id}/faces`)).json().faces).toMatchObject([{ image: true }]);
    const { templateId } = (await enrol(id)).json();
    const without = await call('GET', `/subjects/${id}/faces/${templateId}/image.jpg`);
    expect([without.statusCode, without.json().code]).toEqual([404, 'IMAGE_NOT_KEPT']);
    const views = parts.audit.read({ limit: 10, after: 0 }).filter(({ action }) => action === 'image.viewed');
    expect(views).toMatchObject([{ subject: id, details: { face: kept.id } }]);
  });

  it.each(['FACE_NOT_FOUND', 'FACE_NOT_UNIQUE', 'FACE_UNFIT', 'SUBJECT_COLLISION'] as const)(
    'pass on %s of the enrolment, and nothing is written down',
    async (code) => {
      const { id } = await create('Ada');
      const details = { subject: { id: 'x', name: 'Grace' }, similarity: 0.7 };
      Object.assign(parts, { enrol: () => Promise.reject(new AppError(code, 'why', { details })) });
      await app.close();
      app = await buildServer(parts);
      const answer = await enrol(id);
      expect(answer.json()).toEqual({ code, message: 'why', details });
      expect(answer.statusCode).toBe(code === 'SUBJECT_COLLISION' ? 409 : 422);
      expect(parts.audit.read({ limit: 10, after: 0 }).map(({ action }) => action)).toEqual(['subject.created']);
    },
  );

  it.each([
    ['?kind=neutral', 'query "kind" must be positive or negative'],
    ['?force=1', 'query "force" must be true or false'],
  ])('refuse %s', async (query, message) => {
    const { id } = await create('Ada');
    const answer = await enrol(id, query);
    expect([answer.statusCode, answer.json().message]).toEqual([400, message]);
  });

  it('hand kind and force on', async () => {
    const { id } = await create('Ada');
    const asked: object[] = [];
    const { enrol: real } = parts;
    Object.assign(parts, {
      enrol: (request: Parameters<typeof real>[0]) => {
        asked.push({ kind: request.kind, force: request.force });
        return real(request);
      },
    });
    await app.close();
    app = await buildServer(parts);
    await enrol(id);
    await enrol(id, '?kind=negative&force=true');
    expect(asked).toEqual([
      { kind: 'positive', force: false },
      { kind: 'negative', force: true },
    ]);
  });

  it('do not come from what is no picture, and ask for the subject before the picture', async () => {
    const { id } = await create('Ada');
    const text = await multipart({ image: Buffer.from('hello') });
    expect((await app.inject({ url: `/subjects/${id}/faces`, ...text })).json().code).toBe('IMAGE_UNSUPPORTED');
    expect((await app.inject({ url: '/subjects/none/faces', ...text })).json().code).toBe('SUBJECT_NOT_FOUND');
    const none = await multipart({ picture: await jpegPicture() });
    const missing = (await app.inject({ url: `/subjects/${id}/faces`, ...none })).json();
    expect(missing).toMatchObject({ code: 'IMAGE_MISSING', message: expect.stringContaining('"image"') });
  });

  it('do not come from a picture of 10,000×10,000 pixels, however small its file', async () => {
    const { id } = await create('Ada');
    const bomb = await sharp({ create: { width: 10_000, height: 10_000, channels: 3, background: '#888' } })
      .png({ compressionLevel: 9 })
      .toBuffer();
    expect(bomb.length).toBeLessThan(5_000_000);
    for (const url of [`/subjects/${id}/faces`, '/recognize', '/detect']) {
      const answer = await app.inject({ url, ...(await multipart({ image: bomb })) });
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 413, 'IMAGE_TOO_LARGE']);
      expect(answer.json().message).toContain('image is 10000×10000 pixels');
    }
    expect(parts.analyser.calls).toEqual([]);
    expect((await call('GET', '/health')).statusCode).toBe(200);
  });

  it('do not come from a body over the limit', async () => {
    const { id } = await create('Ada');
    const large = await multipart({ image: Buffer.alloc(11_000_000, 0xff) });
    const answer = await app.inject({ url: `/subjects/${id}/faces`, ...large });
    expect([answer.statusCode, answer.json().code]).toEqual([413, 'IMAGE_TOO_LARGE']);
    const json = await call('POST', '/subjects', { name: 'x'.repeat(100_000) });
    expect([json.statusCode, json.json().message]).toEqual([400, 'the body is larger than this request may be']);
    expect((await call('GET', '/subjects')).json().subjects).toHaveLength(1);
  });
});
