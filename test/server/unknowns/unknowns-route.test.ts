import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { openGallery, type SubjectGallery } from '../../../gallery/subject-gallery.ts';
import { buildServer } from '../../../server/build-server.ts';
import { UnknownPeople } from '../../../server/unknowns/unknown-people.ts';
import { eventually } from '../../support/eventually.ts';
import { fakeFace, fakeResult } from '../../support/fake-result.ts';
import { type FakeServerParts, fakeServerParts } from '../../support/fake-server-parts.ts';
import { recordedLog } from '../../support/recorded-log.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const KEYS = {
  read: 'reader-key-0123456789-abcdef',
  enroll: 'enroller-key-0123456789-abcde',
  recognize: 'recognizer-key-0123456789-ab',
} as const;

let folder: string;
let gallery: SubjectGallery;
let unknowns: UnknownPeople;
let parts: FakeServerParts;
let app: FastifyInstance;
let id: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-unknowns-'));
  const clock = new VirtualClock();
  gallery = openGallery({ file: join(folder, 'gallery.db'), model: 'fake', width: 2, log: recordedLog(), clock });
  unknowns = new UnknownPeople({
    gallery,
    model: 'fake',
    width: 2,
    thresholds: { threshold: 0.5, margin: 0.05 },
    keepMs: 90_000,
    keepImages: false,
    file: join(folder, 'unknowns.db'),
    onDisk: false,
    clock,
    log: recordedLog(),
  });
  parts = await fakeServerParts({
    settings: {
      keys: Object.entries(KEYS).map(([scope, key]) => ({ name: scope, key, scopes: [scope as keyof typeof KEYS] })),
    },
    parts: { unknowns },
  });
  app = await buildServer(parts);
  unknowns.push(fakeResult({ sequence: 12 }, [fakeFace({ status: 'unknown', subject: null, reason: 'threshold' })]));
  id = (await unknowns.list())[0]?.id as string;
});
afterEach(async () => {
  await app.close();
  await unknowns.close();
  await gallery.close();
  parts.dispose();
  rmSync(folder, { recursive: true });
});

type Method = 'GET' | 'POST' | 'DELETE';
const ask = (method: Method, url: string, scope: keyof typeof KEYS, body?: object) =>
  app.inject({ method, url, headers: { authorization: `Bearer ${KEYS[scope]}` }, ...(body && { payload: body }) });

describe('/unknowns', () => {
  it('lists them, also by camera and frame', async () => {
    const { keepMinutes, unknowns: all } = (await ask('GET', '/unknowns', 'read')).json();
    expect(keepMinutes).toBe(1.5);
    expect(all).toMatchObject([{ id, faces: 1, cameras: ['front'], resembles: null }]);
    const count = async (query: string) => (await ask('GET', `/unknowns?${query}`, 'read')).json().unknowns.length;
    expect(await count('camera=front&frame=12')).toBe(1);
    expect(await count('camera=front&frame=99')).toBe(0);
    expect(await count('camera=yard')).toBe(0);
  });

  it.each(['frame=12', 'camera=front&frame=x', 'camera=front&frame=-1', 'camera=front&frame=1.5'])(
    'refuses ?%s',
    async (query) => {
      const answer = await ask('GET', `/unknowns?${query}`, 'read');
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    },
  );

  it('shows the face', async () => {
    const answer = await eventually('a picture', async () => {
      const response = await ask('GET', `/unknowns/${id}/face.jpg`, 'read');
      return response.statusCode === 200 && response;
    });
    expect(answer.headers['content-type']).toBe('image/jpeg');
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.rawPayload.subarray(0, 3)).toEqual(Buffer.from([0xff, 0xd8, 0xff]));
  });

  it('takes a name, and writes down who gave it, but not the name', async () => {
    const answer = await ask('POST', `/unknowns/${id}/subject`, 'enroll', { name: 'Ada Lovelace', groups: ['staff'] });
    expect(answer.statusCode).toBe(201);
    const { subject, templates } = answer.json();
    expect(subject).toMatchObject({ name: 'Ada Lovelace', groups: ['staff'], templates: 1 });
    expect(templates).toBe(1);
    expect(gallery.subject(subject.id).name).toBe('Ada Lovelace');
    const entries = parts.audit.read({ after: 0, limit: 10 });
    expect(entries).toMatchObject([
      { action: 'subject.created', by: 'key enroll', subject: subject.id },
      { action: 'template.added', by: 'key enroll', subject: subject.id, details: { templates: 1, from: 'unknown' } },
    ]);
    expect(JSON.stringify(entries)).not.toContain('Ada');
    expect((await ask('POST', `/unknowns/${id}/subject`, 'enroll', { name: 'Eve' })).json().code).toBe(
      'UNKNOWN_NOT_FOUND',
    );
  });

  it('asks again where they look like somebody else, and takes force', async () => {
    // A subject whose validity is over is not in the way of the camera, but of a second name.
    const ada = gallery.createSubject({ name: 'Ada' }).id;
    const vector = Float32Array.of(0.8, 0.6);
    gallery.addTemplate(ada, { embedding: { model: 'fake', vector }, quality: 1, source: 'test' });
    const refused = await ask('POST', `/unknowns/${id}/subject`, 'enroll', { name: 'Bob' });
    expect(refused.statusCode).toBe(409);
    expect(refused.json()).toMatchObject({
      code: 'SUBJECT_COLLISION',
      details: { subject: { id: ada, name: 'Ada' }, similarity: expect.closeTo(0.8) },
    });
    const forced = await ask('POST', `/unknowns/${id}/subject?force=true`, 'enroll', { name: 'Bob' });
    expect(forced.statusCode).toBe(201);
  });

  it.each([
    [{}, 400, 'REQUEST_INVALID'],
    [{ name: 'Ada', subjectId: 'x' }, 400, 'REQUEST_INVALID'],
    [{ name: 5 }, 400, 'REQUEST_INVALID'],
    [{ name: 'x'.repeat(10_001) }, 400, 'REQUEST_INVALID'],
    [{ name: "Robert'); DROP TABLE subjects;--\u0000" }, 400, 'REQUEST_INVALID'],
    [{ subjectId: 'nobody' }, 404, 'SUBJECT_NOT_FOUND'],
  ])('refuses %j, and still holds them', async (body, status, code) => {
    const answer = await ask('POST', `/unknowns/${id}/subject`, 'enroll', body);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(await unknowns.list()).toHaveLength(1);
    expect(parts.audit.read({ after: 0, limit: 10 })).toEqual([]);
  });

  it.each([
    ['a new name', async () => ({ name: 'Ada' })],
    ['a name that is there', async () => ({ subjectId: gallery.createSubject({ name: 'Ada' }).id })],
  ])('leaves nothing behind where %s cannot be given, and takes it the next time', async (_what, who) => {
    const turned = Float32Array.of(0.7, 0.7141);
    const face = fakeFace({ status: 'unknown', subject: null, reason: 'threshold' });
    const other = { ...face, embedding: { model: 'fake', vector: turned } };
    unknowns.push(fakeResult({ sequence: 13 }, [other]));
    const body = await who();
    const before = gallery.size;
    const add = gallery.addTemplate.bind(gallery);
    let calls = 0;
    gallery.addTemplate = (...given) => {
      calls += 1;
      if (calls === 2) throw new AppError('GALLERY_UNAVAILABLE', 'the disk is full');
      return add(...given);
    };
    const answer = await ask('POST', `/unknowns/${id}/subject`, 'enroll', body);
    expect([answer.statusCode, calls]).toEqual([503, 2]);
    expect(gallery.size).toEqual(before);
    expect(parts.audit.read({ after: 0, limit: 10 })).toEqual([]);
    const again = await ask('POST', `/unknowns/${id}/subject`, 'enroll', body);
    expect([again.statusCode, again.json().templates]).toEqual([201, 2]);
  });

  it('forgets them', async () => {
    expect((await ask('DELETE', `/unknowns/${id}`, 'enroll')).statusCode).toBe(204);
    expect((await ask('GET', '/unknowns', 'read')).json().unknowns).toEqual([]);
    expect((await ask('DELETE', `/unknowns/${id}`, 'enroll')).statusCode).toBe(404);
    expect((await ask('GET', `/unknowns/${id}/face.jpg`, 'read')).json().code).toBe('UNKNOWN_NOT_FOUND');
  });

  it.each([
    ['GET', '/unknowns', 'enroll'],
    ['GET', '/unknowns/x/face.jpg', 'recognize'],
    ['POST', '/unknowns/x/subject', 'read'],
    ['DELETE', '/unknowns/x', 'read'],
  ] as const)('%s %s is not for the scope "%s"', async (method, url, scope) => {
    expect((await ask(method, url, scope, method === 'POST' ? { name: 'x' } : undefined)).statusCode).toBe(403);
  });
});
