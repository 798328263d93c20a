import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';

const KEYS = { reader: 'reader-key-0123456789-abcd', guard: 'guard-key-0123456789-abcde' };
const SETTINGS: SettingsInput = {
  keys: [
    { name: 'reader', key: KEYS.reader, scopes: ['read'] },
    { name: 'guard', key: KEYS.guard, scopes: ['door'] },
  ],
  cameras: [{ id: 'front', url: 'test:' }],
  schedules: { never: { timeZone: 'UTC' } },
  doors: [
    { id: 'lobby', cameras: ['front'], allow: ['Ada', { group: 'staff', schedule: 'never' }] },
    { id: 'lab', name: 'Lab', cameras: ['front'], schedule: 'never' },
  ],
};

let parts: FakeServerParts;
let app: FastifyInstance;
beforeEach(async () => {
  parts = await fakeServerParts({ settings: SETTINGS });
  app = await buildServer(parts);
});
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const call = (method: InjectOptions['method'], url: string, key: keyof typeof KEYS, payload?: object) =>
  app.inject({
    method,
    url,
    headers: { host: '127.0.0.1:8080', 'x-api-key': KEYS[key] },
    ...(payload && { payload }),
  });
const audited = () =>
  parts.audit
    .read({ after: 0, limit: 100 })
    .map(({ action, by, details }) => [action, by, details.door, details.reason]);

describe('GET /doors', () => {
  it('shows whom they open for, when, and how they are', async () => {
    const { doors } = (await call('GET', '/doors', 'reader')).json();
    expect(doors).toEqual([
      {
        id: 'lobby',
        name: 'lobby',
        cameras: ['front'],
        allow: [
          { subject: 'Ada', group: null, schedule: null },
          { subject: null, group: 'staff', schedule: 'never' },
        ],
        schedule: null,
        liveness: false,
        confirm: { matches: 3, withinMs: 1500 },
        maxAgeMs: 500,
        cooldownMs: 5000,
        openNow: true,
        lockdown: null,
        last: null,
        stats: { granted: 0, denied: 0, stale: 0, degraded: 0, broken: 0 },
      },
      expect.objectContaining({ id: 'lab', name: 'Lab', allow: [], schedule: 'never', openNow: false }),
    ]);
    expect((await call('GET', '/doors/lab', 'reader')).json()).toEqual(doors[1]);
    expect((await call('GET', '/doors/attic', 'reader')).json()).toMatchObject({ code: 'DOOR_NOT_FOUND' });
  });
});

describe('the lock-down', () => {
  it('is switched by whoever has the scope, audited, and seen', async () => {
    const locked = await call('POST', '/doors/lobby/lockdown', 'guard', { active: true, reason: ' fire alarm ' });
    expect(locked.statusCode).toBe(200);
    expect(locked.json().lockdown).toEqual({
      since: new Date(parts.clock.wallMs()).toISOString(),
      by: 'key guard',
      reason: 'fire alarm',
    });
    const seen = (await call('GET', '/doors/lobby', 'reader')).json();
    expect(seen.lockdown).toEqual(locked.json().lockdown);
    expect(seen.last).toMatchObject({ type: 'door.locked_down', reason: 'key guard: fire alarm', replay: true });
    expect((await call('POST', '/doors/lobby/lockdown', 'guard', { active: false })).json().lockdown).toBeNull();
    expect(audited()).toEqual([
      ['door.locked_down', 'key guard', 'lobby', 'fire alarm'],
      ['door.released', 'key guard', 'lobby', null],
    ]);
  });

  it('is one call for all doors', async () => {
    const { doors } = (await call('POST', '/doors/lockdown', 'guard', { active: true })).json();
    expect(doors.map((door: { lockdown: unknown }) => door.lockdown !== null)).toEqual([true, true]);
    const released = (await call('POST', '/doors/lockdown', 'guard', { active: false })).json().doors;
    expect(released.map((door: { lockdown: unknown }) => door.lockdown)).toEqual([null, null]);
  });

  it.each([
    ['POST', '/doors/lobby/lockdown', { active: true }],
    ['POST', '/doors/lockdown', { active: true }],
    ['POST', '/doors/lobby/unlock', {}],
  ] as const)('needs the scope: %s %s', async (method, url, body) => {
    const answer = await call(method, url, 'reader', body);
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
    expect(audited()).toEqual([]);
  });

  it.each([
    [{}],
    [{ active: 'yes' }],
    [{ active: true, reason: '' }],
    [{ active: true, until: 5 }],
    [{ active: true, reason: 'x'.repeat(201) }],
  ])('refuses %j and changes nothing', async (body) => {
    const answer = await call('POST', '/doors/lobby/lockdown', 'guard', body);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect((await call('GET', '/doors/lobby', 'reader')).json().lockdown).toBeNull();
  });

  it('of a door that is not there', async () => {
    expect((await call('POST', '/doors/attic/lockdown', 'guard', { active: true })).statusCode).toBe(404);
  });
});

describe('opening by hand', () => {
  it('is a grant of nobody, two seconds long', async () => {
    const answer = await call('POST', '/doors/lobby/unlock', 'guard', { reason: 'parcel' });
    expect(answer.statusCode).toBe(200);
    const event = answer.json();
    expect(event).toMatchObject({
      type: 'access.granted',
      door: 'lobby',
      subject: null,
      camera: null,
      reason: 'manual',
    });
    expect(Date.parse(event.expiresAt) - Date.parse(event.decidedAt)).toBe(2000);
    expect(audited()).toEqual([['door.unlocked', 'key guard', 'lobby', 'parcel']]);
    // A view of it is no grant.
    expect((await call('GET', '/doors/lobby', 'reader')).json().last).toMatchObject({ id: event.id, replay: true });
    expect((await call('POST', '/doors/lobby/unlock', 'guard')).statusCode).toBe(200);
  });

  it('says what a body that is missing must be', async () => {
    const answer = await call('POST', '/doors/lobby/lockdown', 'guard');
    expect([answer.statusCode, answer.json().message]).toEqual([400, 'body must be a JSON object']);
  });

  it.each(['/doors/lobby/unlock', '/doors/lobby/lockdown'])(
    'takes no form at %s: what it says would be read by nobody',
    async (url) => {
      const headers = {
        host: '127.0.0.1:8080',
        'x-api-key': KEYS.guard,
        'content-type': 'multipart/form-data; boundary=x',
      };
      const answer = await app.inject({ method: 'POST', url, headers, payload: 'no form at all' });
      expect([answer.statusCode, answer.json().message]).toEqual([
        400,
        'this request takes no form (multipart/form-data)',
      ]);
      expect(audited()).toEqual([]);
    },
  );

  it('is refused while the door is locked down', async () => {
    await call('POST', '/doors/lobby/lockdown', 'guard', { active: true });
    const answer = await call('POST', '/doors/lobby/unlock', 'guard', {});
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'DOOR_LOCKED_DOWN']);
    expect((await call('POST', '/doors/lab/unlock', 'guard', {})).statusCode).toBe(200);
  });
});
