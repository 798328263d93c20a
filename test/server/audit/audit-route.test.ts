import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildServer } from '../../../server/build-server.ts';
import { callerName } from '../../../server/callers/caller-name.ts';
import { type FakeServerParts, fakeServerParts } from '../../support/fake-server-parts.ts';

const ADMIN = 'admin-key-0123456789-abcdef';
const ENROLLER = 'enroller-key-0123456789-abcde';
let parts: FakeServerParts;
let app: FastifyInstance;

beforeEach(async () => {
  parts = await fakeServerParts({
    settings: {
      keys: [
        { name: 'boss', key: ADMIN, scopes: ['admin'] },
        { name: 'desk', key: ENROLLER, scopes: ['read', 'enroll', 'recognize', 'door'] },
      ],
    },
  });
  app = await buildServer(parts);
});
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const get = (url: string, key = ADMIN) => app.inject({ url, headers: { authorization: `Bearer ${key}` } });

describe('GET /audit', () => {
  beforeEach(() => {
    for (let n = 1; n <= 3; n += 1) {
      parts.audit.record({ action: 'subject.viewed', by: 'key desk', subject: `s${n}`, details: { n } });
    }
  });

  it('answers the entries, ascending, after a number and so many', async () => {
    const { entries, latest } = (await get('/audit')).json();
    expect(latest).toBe(3);
    expect(entries.map(({ number }: { number: number }) => number)).toEqual([1, 2, 3]);
    expect(entries[0]).toEqual({
      number: 1,
      at: '2026-09-21T14:13:20.000Z',
      action: 'subject.viewed',
      by: 'key desk',
      subject: 's1',
      details: { n: 1 },
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const page = (await get('/audit?after=1&limit=1')).json();
    expect(page.entries.map(({ number }: { number: number }) => number)).toEqual([2]);
  });

  it.each(['after=-1', 'after=x', 'limit=0', 'limit=1001'])('refuses %s', async (query) => {
    const answer = await get(`/audit?${query}`);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('is for admins', async () => {
    const answer = await get('/audit', ENROLLER);
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
    expect(answer.body).not.toContain('entries');
  });
});

describe('who called', () => {
  it.each([
    [null, 'nobody'],
    [{ kind: 'local' } as const, 'this machine'],
    [
      { kind: 'key', key: { id: '1', name: 'desk', scopes: ['read'], origin: 'stored', rateLimit: null } } as const,
      'key desk',
    ],
  ])('%j is "%s"', (principal, name) => {
    expect(callerName({ principal })).toBe(name);
  });
});
