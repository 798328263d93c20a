import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { AppError } from '../../config/app-error.ts';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { openKeyStore } from '../../server/callers/key-store.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';

const BOSS = 'admin-key-0123456789-abcdef';
const SLOW = 'slow-key-0123456789-abcdefg';
const KEYS: SettingsInput['keys'] = [
  { name: 'boss', key: BOSS, scopes: ['admin'] },
  { name: 'slow', key: SLOW, scopes: ['read'], rateLimit: { perMinute: 3 } },
];

let parts: FakeServerParts;
let app: FastifyInstance;

const sockets: WebSocket[] = [];

async function serve(settings: SettingsInput = { keys: KEYS }, more: Partial<FakeServerParts> = {}): Promise<void> {
  parts = await fakeServerParts({ settings, parts: more });
  app = await buildServer(parts);
}
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await app.close();
  parts.dispose();
});

const call = (method: InjectOptions['method'], url: string, key: string | null, payload?: object) =>
  app.inject({
    method,
    url,
    headers: { host: '127.0.0.1:8080', ...(key !== null && { 'x-api-key': key }) },
    ...(payload && { payload }),
  });

describe('keys over HTTP', () => {
  it('are made, listed without the key, and revoked', async () => {
    await serve();
    const rateLimit = { perMinute: 60 };
    const made = await call('POST', '/keys', BOSS, { name: ' Pförtner ', scopes: ['read', 'door', 'read'], rateLimit });
    expect(made.statusCode).toBe(201);
    const { id, key } = made.json();
    expect(made.json()).toEqual({ id, name: 'Pförtner', scopes: ['read', 'door'], key: expect.stringMatching(/^fg_/) });
    expect((await call('GET', '/subjects', key)).statusCode).toBe(200);
    const listed = await call('GET', '/keys', BOSS);
    const at = new Date(parts.clock.wallMs()).toISOString();
    expect(listed.json().keys).toEqual([
      {
        id: 'config-0',
        name: 'boss',
        scopes: ['admin'],
        origin: 'config',
        createdAt: null,
        lastUsedAt: at,
        rateLimit: null,
      },
      {
        id: 'config-1',
        name: 'slow',
        scopes: ['read'],
        origin: 'config',
        createdAt: null,
        lastUsedAt: null,
        rateLimit: { perMinute: 3 },
      },
      { id, name: 'Pförtner', scopes: ['read', 'door'], origin: 'stored', createdAt: at, lastUsedAt: at, rateLimit },
    ]);
    expect(listed.body).not.toContain(key);
    const revoked = await call('DELETE', `/keys/${id}`, BOSS);
    expect([revoked.statusCode, revoked.body]).toEqual([204, '']);
    expect((await call('GET', '/subjects', key)).statusCode).toBe(401);
    expect((await call('GET', '/keys', BOSS)).json().keys).toHaveLength(2);
    expect(parts.logged.join('\n')).not.toContain(key);
  });

  it('stand in the audit log when they are made and revoked, without the key', async () => {
    await serve();
    const { id, key } = (await call('POST', '/keys', BOSS, { name: 'guest', scopes: ['read'] })).json();
    await call('DELETE', `/keys/${id}`, BOSS);
    const entries = [...parts.audit.read({ limit: 10 })];
    expect(entries).toMatchObject([
      { action: 'key.created', by: 'key boss', subject: null, details: { id, name: 'guest', scopes: 'read' } },
      { action: 'key.revoked', by: 'key boss', subject: null, details: { id, name: 'guest' } },
    ]);
    expect(JSON.stringify(entries)).not.toContain(key);
  });

  it('are not made when that cannot be written down', async () => {
    const audit = {
      record() {
        throw new AppError('AUDIT_UNAVAILABLE', 'the disk is full');
      },
    };
    await serve({ keys: KEYS }, { audit } as unknown as Partial<FakeServerParts>);
    const answer = await call('POST', '/keys', BOSS, { name: 'guest', scopes: ['read'] });
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'AUDIT_UNAVAILABLE']);
    expect(parts.keys.list().map(({ name }) => name)).toEqual(['boss', 'slow']);
  });

  it('begin with one that may do everything', async () => {
    await serve({});
    const refused = await call('POST', '/keys', null, { name: 'wall', scopes: ['read'] });
    expect([refused.statusCode, refused.json().code]).toEqual([400, 'REQUEST_INVALID']);
    const made = await call('POST', '/keys', null, { name: 'boss', scopes: ['admin'] });
    expect(made.statusCode).toBe(201);
    expect((await call('GET', '/keys', null)).statusCode).toBe(401);
    expect((await call('GET', '/keys', made.json().key)).statusCode).toBe(200);
    const last = await call('DELETE', `/keys/${made.json().id}`, made.json().key);
    expect([last.statusCode, last.json().code]).toEqual([409, 'KEY_LAST_ADMIN']);
  });

  it.each([
    ['DELETE', '/keys/config-1', 409, 'KEY_CONFIGURED'],
    ['DELETE', '/keys/nobody', 404, 'KEY_NOT_FOUND'],
    ['DELETE', "/keys/x'%20OR%20'1'='1", 404, 'KEY_NOT_FOUND'],
    ['DELETE', '/keys/..%2F..%2Fkeys.db', 404, 'KEY_NOT_FOUND'],
  ] as const)('%s %s is %i %s', async (method, url, status, code) => {
    await serve();
    const answer = await call(method, url, BOSS);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(parts.keys.list()).toHaveLength(2);
  });

  it.each([
    [{}, 'body "name" must be a text; body "scopes" must be a list of scopes'],
    [{ name: 'x', scopes: [] }, 'body "scopes" must name at least one scope'],
    [{ name: 'x', scopes: ['root'] }, 'body "scopes.0" must be read, recognize, enroll, door, pictures or admin'],
    [{ name: 'x', scopes: ['enrol'] }, '"enrol" is called "enroll" now'],
    [{ name: 'x', scopes: ['read'], rateLimit: 5 }, 'body "rateLimit" must be a limit like {"perMinute":600}'],
    [{ name: 'x', scopes: ['read'], rateLimit: { perMinute: 0 } }, 'body "rateLimit.perMinute" must be between 1 and'],
    [
      { name: 'x', scopes: ['read'], rateLimit: { perMinute: 1.5 } },
      'body "rateLimit.perMinute" must be a whole number',
    ],
    [{ name: 'x', scopes: ['read'], key: 'mine' }, '"key"'],
    [{ name: '', scopes: ['read'] }, 'name must have 1 to 100 characters'],
    [{ name: 'x'.repeat(10_001), scopes: ['read'] }, 'name must have 1 to 100 characters, got 10001'],
    [{ name: 'a\r\nx-admin: 1', scopes: ['read'] }, 'name must not hold control characters'],
  ])('are refused with the name of the field: %j', async (payload, message) => {
    await serve();
    const answer = await call('POST', '/keys', BOSS, payload);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.json().message).toContain(message);
    expect(parts.keys.list()).toHaveLength(2);
  });

  it('are one a name', async () => {
    await serve();
    const answer = await call('POST', '/keys', BOSS, { name: 'BOSS', scopes: ['read'] });
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'KEY_EXISTS']);
  });
});

describe('what a revoked key had open', () => {
  async function openSocket(headers: Record<string, string>): Promise<WebSocket> {
    const { port } = app.server.address() as AddressInfo;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/events`, { headers });
    sockets.push(socket);
    await once(socket, 'open');
    return socket;
  }
  const closing = async (socket: WebSocket) => {
    const [code, reason] = await once(socket, 'close');
    return [code, String(reason)];
  };
  const OVER = [1008, 'the key or session is over'];

  it('ends at once: sockets opened with the key and with its session, and nobody else’s', async () => {
    await serve();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { id, key } = parts.keys.create({ name: 'guest', scopes: ['read'] });
    const login = await app.inject({ method: 'POST', url: '/session', payload: { key } });
    const cookie = String(login.headers['set-cookie']).split(';')[0] as string;
    const byKey = await openSocket({ 'x-api-key': key });
    const bySession = await openSocket({ cookie });
    const other = await openSocket({ 'x-api-key': SLOW });
    const closed = Promise.all([closing(byKey), closing(bySession)]);
    expect((await call('DELETE', `/keys/${id}`, BOSS)).statusCode).toBe(204);
    expect(await closed).toEqual([OVER, OVER]);
    expect((await app.inject({ url: '/subjects', headers: { cookie } })).statusCode).toBe(401);
    expect(other.readyState).toBe(WebSocket.OPEN);
  });

  it('ends within a second when another process revoked it', async () => {
    await serve();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { id, key } = parts.keys.create({ name: 'guest', scopes: ['read'] });
    const socket = await openSocket({ 'x-api-key': key });
    const closed = closing(socket);
    const commandLine = openKeyStore({
      file: `${parts.baseDir}/keys.db`,
      configured: [],
      clock: parts.clock,
      log: parts.log,
    });
    commandLine.revoke(id);
    commandLine.close();
    expect(await closed).toEqual(OVER);
  });

  it('ends with the session, as it is logged out of', async () => {
    await serve();
    await app.listen({ host: '127.0.0.1', port: 0 });
    const login = await app.inject({ method: 'POST', url: '/session', payload: { key: SLOW } });
    const cookie = String(login.headers['set-cookie']).split(';')[0] as string;
    const closed = closing(await openSocket({ cookie }));
    await app.inject({ method: 'DELETE', url: '/session', headers: { cookie } });
    expect(await closed).toEqual(OVER);
  });

  it('of callers without a key ends when the first key is made', async () => {
    await serve({});
    await app.listen({ host: '127.0.0.1', port: 0 });
    const closed = closing(await openSocket({}));
    parts.keys.createAdminKey();
    expect(await closed).toEqual(OVER);
  });
});

describe('how many requests a caller may make', () => {
  it('is counted for each key over all its requests, and told in every answer', async () => {
    await serve();
    const answers = [];
    for (const url of ['/subjects', '/doors', '/cameras/nobody', '/subjects'])
      answers.push(await call('GET', url, SLOW));
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 404, 429]);
    expect(answers.map(({ headers }) => headers['ratelimit-remaining'])).toEqual(['2', '1', '0', '0']);
    const last = answers[3]!;
    expect(last.json()).toMatchObject({ code: 'RATE_LIMITED' });
    expect(last.headers['ratelimit-limit']).toBe('3');
    expect(Number(last.headers['retry-after'])).toBeGreaterThan(0);
    expect(Number(last.headers['retry-after'])).toBeLessThanOrEqual(60);
    expect(Number(last.headers['ratelimit-reset'])).toBeGreaterThan(0);
    const boss = await call('GET', '/subjects', BOSS);
    expect([boss.statusCode, boss.headers['ratelimit-limit'], boss.headers['ratelimit-remaining']]).toEqual([
      200,
      '6000',
      '5999',
    ]);
  });

  it('is the same count for a session as for its key', async () => {
    await serve();
    const login = await app.inject({ method: 'POST', url: '/session', payload: { key: SLOW } });
    const cookie = String(login.headers['set-cookie']).split(';')[0] as string;
    await call('GET', '/subjects', SLOW);
    await call('GET', '/subjects', SLOW);
    const third = await app.inject({ url: '/subjects', headers: { cookie } });
    expect([third.statusCode, third.headers['ratelimit-remaining']]).toEqual([200, '0']);
  });

  it('comes from the settings where a key has no limit of its own', async () => {
    await serve({ keys: KEYS, server: { requestsPerMinute: 2 } });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await call('GET', '/doors', BOSS)).statusCode);
    expect(statuses).toEqual([200, 200, 429]);
  });

  it('does not count what anyone may ask for', async () => {
    await serve({ keys: KEYS, server: { requestsPerMinute: 1 } });
    for (let i = 0; i < 5; i += 1) {
      for (const url of ['/health', '/session', '/openapi.json']) {
        expect([url, (await call('GET', url, BOSS)).statusCode]).toEqual([url, 200]);
      }
    }
    expect((await call('GET', '/doors', BOSS)).statusCode).toBe(200);
    expect((await call('GET', '/doors', BOSS)).statusCode).toBe(429);
  });

  it('holds for this machine while there is no key', async () => {
    await serve({ server: { requestsPerMinute: 1 } });
    expect((await call('GET', '/doors', null)).statusCode).toBe(200);
    expect((await call('GET', '/subjects', null)).statusCode).toBe(429);
  });
});
