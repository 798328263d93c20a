import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { generate } from 'orval';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildServer } from '../../server/build-server.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { jpegPicture } from '../support/test-pictures.ts';

const KEY = 'admin-key-0123456789-abcdef';
const READER = 'reader-key-0123456789-abcdef';

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: its types are made in the test, after this file was checked.
  readonly data: any;
  readonly headers: Headers;
}
/** What the generator writes: a function for each operation; the path's parameters, the body, the query, fetch's options. */
type Client = Record<string, (...parameters: unknown[]) => Promise<Answer>>;

let parts: FakeServerParts;
let app: FastifyInstance;
let client: Client;
const folder = mkdtempSync(join(tmpdir(), 'facegate-client-'));
const target = join(folder, 'facegate-client.ts');

beforeAll(async () => {
  parts = await fakeServerParts({
    settings: {
      keys: [
        { name: 'boss', key: KEY, scopes: ['admin'] },
        { name: 'wall', key: READER, scopes: ['read'] },
      ],
    },
  });
  app = await buildServer(parts);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const description = await fetch(`${base}/openapi.json`);
  const input = join(folder, 'openapi.json');
  writeFileSync(input, await description.text());
  await generate({ input: { target: input }, output: { mode: 'single', target, client: 'fetch', baseUrl: base } });
  client = (await import(pathToFileURL(target).href)) as Client;
}, 120_000);
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await app.close();
  parts.dispose();
});

const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const call = (name: string, ...parameters: unknown[]) => {
  const operation = client[name];
  if (!operation) throw new Error(`the generated client has no "${name}": ${Object.keys(client).join(' ')}`);
  return operation(...parameters);
};

describe('a client that was generated from /openapi.json', () => {
  it('creates, enrols, recognises, searches, lists, changes and deletes', async () => {
    parts.analyser.answer = () => [fakeFace()];
    const created = await call('createSubject', { name: 'Ada', groups: ['staff'] }, as(KEY));
    expect(created).toMatchObject({ status: 201, data: { name: 'Ada', groups: ['staff'], templates: 0 } });
    const { id } = created.data;
    const image = new Blob([new Uint8Array(await jpegPicture())]);
    const added = await call('addFace', id, { image }, { kind: 'positive' }, as(KEY));
    expect(added).toMatchObject({ status: 201, data: { qualitySignal: 'norm', bbox: [10, 20, 50, 60] } });

    const recognised = await call('recognize', { image }, { candidates: 3 }, as(KEY));
    expect(recognised.status).toBe(200);
    const subject = { id, name: 'Ada' };
    expect(recognised.data).toMatchObject({
      model: 'fake',
      threshold: 0.3,
      margin: 0.05,
      faces: [{ status: 'known', subject, reason: null, bbox: [10, 20, 50, 60], candidates: [{ subject }] }],
    });
    const found = await call(
      'search',
      {
        embeddings: [
          [2, 0, 0, 0],
          [0, 1, 0, 0],
        ],
        k: 1,
      },
      as(KEY),
    );
    expect(found.data.results).toMatchObject([
      { status: 'known', subject, candidates: [{ subject }] },
      { status: 'unknown', subject: null, reason: 'threshold' },
    ]);

    expect((await call('listSubjects', { query: 'ada', limit: 10 }, as(READER))).data).toMatchObject({
      subjects: [{ id, templates: 1 }],
      next: null,
    });
    expect((await call('listFaces', id, as(READER))).data.faces).toMatchObject([{ id: added.data.templateId }]);
    const changed = await call(
      'changeSubject',
      id,
      { name: 'Ada Lovelace', validUntil: '2030-01-01T00:00:00Z' },
      as(KEY),
    );
    expect(changed).toMatchObject({ status: 200, data: { name: 'Ada Lovelace', groups: ['staff'] } });
    expect((await call('getSubject', id, as(READER))).data).toEqual(changed.data);
    expect((await call('removeFace', id, added.data.templateId, as(KEY))).status).toBe(204);
    expect((await call('removeSubject', id, as(KEY))).status).toBe(204);
    expect((await call('listSubjects', {}, as(READER))).data).toEqual({ subjects: [], next: null });
  });

  it('is TypeScript without a fault', async () => {
    const options = ['--noEmit', '--strict', '--target', 'es2023', '--module', 'nodenext', '--skipLibCheck'];
    const { stdout, status } = spawnSync(
      join(import.meta.dirname, '../../node_modules/.bin/tsc'),
      ['--ignoreConfig', ...options, '--lib', 'es2023,dom,dom.iterable', target],
      { encoding: 'utf8' },
    );
    expect([stdout, status]).toEqual(['', 0]);
  });

  it('makes, uses and revokes keys', async () => {
    const made = await call('createKey', { name: 'guest', scopes: ['read'], rateLimit: { perMinute: 60 } }, as(KEY));
    expect(made.status).toBe(201);
    const listed = await call('listSubjects', {}, as(made.data.key));
    expect([listed.status, listed.headers.get('ratelimit-limit')]).toEqual([200, '60']);
    expect((await call('revokeKey', made.data.id, as(KEY))).status).toBe(204);
    expect((await call('listSubjects', {}, as(made.data.key))).status).toBe(401);
  });

  it('reads refusals as they are described', async () => {
    await call('createSubject', { name: 'Grace' }, as(KEY));
    expect(await call('createSubject', { name: 'GRACE' }, as(KEY))).toMatchObject({
      status: 409,
      data: { code: 'SUBJECT_EXISTS' },
    });
    expect(await call('createSubject', { name: 'x' }, as(READER))).toMatchObject({
      status: 403,
      data: { code: 'FORBIDDEN', details: { scope: 'enroll' } },
    });
    expect(await call('getSubject', 'nobody', as('wrong'))).toMatchObject({ status: 401 });
    expect(await call('getSubject', 'nobody', as(KEY))).toMatchObject({
      status: 404,
      data: { code: 'SUBJECT_NOT_FOUND' },
    });
  });
});
