import type { FastifyInstance, InjectOptions } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { checkCaller } from '../../server/callers/check-caller.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { routesOf } from '../support/routes-of.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const ADMIN = 'admin-key-0123456789-abcdef';
const READER = 'reader-key-0123456789-abcdef';
const ANALYST = 'analyst-key-0123456789-abcdef';
const ENROLLER = 'enroller-key-0123456789-abcde';
const DOORMAN = 'doorman-key-0123456789-abcdef';
const VIEWER = 'viewer-key-0123456789-abcdef';
const KEYS: SettingsInput['keys'] = [
  { name: 'boss', key: ADMIN, scopes: ['admin'] },
  { name: 'wall', key: READER, scopes: ['read'] },
  { name: 'batch', key: ANALYST, scopes: ['recognize'] },
  { name: 'desk', key: ENROLLER, scopes: ['enroll'] },
  { name: 'relay', key: DOORMAN, scopes: ['door'] },
  { name: 'guard', key: VIEWER, scopes: ['pictures'] },
];

let parts: FakeServerParts;
let app: FastifyInstance;
const clock = new VirtualClock();

async function serve(settings: SettingsInput): Promise<void> {
  parts = await fakeServerParts({ settings, parts: { clock } });
  app = await buildServer(parts);
}
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const get = (url: string, headers: Record<string, string> = {}, more: InjectOptions = {}) =>
  app.inject({ url, headers: { host: '127.0.0.1:8080', ...headers }, ...more });

describe('without any key', () => {
  it.each([['127.0.0.1:8080'], ['localhost:8080'], ['LocalHost'], ['[::1]:8080'], ['127.0.0.1:9999']])(
    'answers this machine under the name %s',
    async (host) => {
      await serve({});
      expect((await get('/cameras', { host })).statusCode).toBe(200);
    },
  );

  it.each([
    ['evil.example'],
    ['127.0.0.1.evil.example'],
    ['localhost.evil.example:8080'],
    ['10.0.0.5:8080'],
    ['evil.example@127.0.0.1'],
    ['127.0.0.1:8080:80'],
    ['[::1'],
  ])('refuses the rebound or foreign name "%s", also for the console and /health', async (host) => {
    await serve({});
    for (const url of ['/cameras', '/', '/health', '/nowhere']) {
      const answer = await get(url, { host });
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 403, 'HOST_NOT_ALLOWED']);
    }
  });

  it.each([undefined, '', ' ', ':8080', '[]'])('refuses a request with the Host header %j', async (host) => {
    await serve({});
    const caller = { host, origin: undefined, fetchSite: undefined, fetchMode: undefined, remoteAddress: '127.0.0.1' };
    const rules = { keyless: true, tls: false, hosts: [], origins: [] };
    expect(() => checkCaller(caller, rules)).toThrow(expect.objectContaining({ code: 'HOST_NOT_ALLOWED' }));
  });

  it('answers names that the settings add', async () => {
    await serve({ server: { hosts: ['cams.lan', 'Door.Lan:8443'] } });
    expect((await get('/cameras', { host: 'cams.lan:8080' })).statusCode).toBe(200);
    expect((await get('/cameras', { host: 'door.lan:8443' })).statusCode).toBe(200);
    expect((await get('/cameras', { host: 'door.lan:9000' })).statusCode).toBe(403);
  });

  it('answers no other machine, should it listen for one', async () => {
    await serve({});
    const answer = await get('/cameras', {}, { remoteAddress: '10.0.0.9' });
    expect(answer.statusCode).toBe(401);
    expect(answer.json().code).toBe('UNAUTHENTICATED');
  });

  it('may do everything', async () => {
    await serve({});
    expect((await get('/session')).json()).toEqual({
      tenant: null,
      required: false,
      authenticated: true,
      name: null,
      scopes: ['read', 'recognize', 'enroll', 'door', 'pictures', 'admin'],
    });
  });
});

describe.each([
  ['without any key', {}, {}],
  ['with a key', { keys: KEYS }, { 'x-api-key': ADMIN }],
] as [string, SettingsInput, Record<string, string>][])('pages of other origins, %s', (_how, settings, key) => {
  it.each([
    ['http://evil.example'],
    ['http://127.0.0.1:3000'],
    ['http://localhost:8080'],
    ['null'],
    ['file://'],
    ['http://127.0.0.1:8080.evil.example'],
    ['chrome-extension://abc'],
  ])('refuses %s', async (origin) => {
    await serve(settings);
    for (const method of ['GET', 'POST', 'DELETE'] as const) {
      const answer = await get('/session', { origin, ...key }, { method });
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'ORIGIN_NOT_ALLOWED']);
      expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    }
  });

  it('answers its own pages', async () => {
    await serve(settings);
    expect((await get('/cameras', { origin: 'http://127.0.0.1:8080', ...key })).statusCode).toBe(200);
    expect((await get('/cameras', { host: 'localhost', origin: 'http://localhost', ...key })).statusCode).toBe(200);
  });

  it('refuses what a foreign page embeds, which carries no Origin', async () => {
    await serve(settings);
    for (const site of ['cross-site', 'same-site']) {
      const embedded = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', ...key };
      expect((await get('/cameras', embedded)).json().code).toBe('ORIGIN_NOT_ALLOWED');
      expect((await get('/cameras', { ...embedded, 'sec-fetch-mode': 'navigate' })).statusCode).toBe(200);
    }
    expect((await get('/cameras', { 'sec-fetch-site': 'same-origin', ...key })).statusCode).toBe(200);
  });

  it('lets pages of an origin in the settings call, and read the answer', async () => {
    await serve({ ...settings, server: { origins: ['https://portal.example'] } });
    const origin = 'https://portal.example';
    const answer = await get('/cameras', { origin, ...key });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBe(origin);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    const preflight = await get('/detect', { origin, 'access-control-request-method': 'POST' }, { method: 'OPTIONS' });
    expect(preflight.statusCode).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toContain('x-api-key');
  });
});

describe('with keys', () => {
  const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

  it('takes a key as Bearer and as x-api-key, from any machine and under any name', async () => {
    await serve({ keys: KEYS });
    for (const headers of [bearer(READER), { authorization: `bearer ${READER}` }, { 'x-api-key': READER }]) {
      const answer = await get('/cameras', { host: 'nvr.lan', ...headers } as Record<string, string>, {
        remoteAddress: '10.0.0.9',
      });
      expect(answer.statusCode).toBe(200);
    }
  });

  it.each<[string, Record<string, string>]>([
    ['no key', {}],
    ['a wrong key', { authorization: 'Bearer wrong' }],
    ['a wrong x-api-key', { 'x-api-key': `${READER}x` }],
    ['an empty x-api-key', { 'x-api-key': '' }],
    ['a key by the Basic scheme', { authorization: `Basic ${Buffer.from(`a:${READER}`).toString('base64')}` }],
    ['a wrong key beside a right one', { authorization: 'Bearer wrong', 'x-api-key': READER }],
    ['a cookie nobody was given', { cookie: 'facegate_session=AAAA' }],
  ])('refuses %s', async (_what, headers) => {
    await serve({ keys: KEYS });
    const answer = await get('/cameras', headers);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
    expect(answer.json().code).toBe('UNAUTHENTICATED');
  });

  it('takes no key from the address', async () => {
    await serve({ keys: KEYS });
    expect((await get(`/cameras?key=${ADMIN}&api_key=${ADMIN}&access_token=${ADMIN}`)).statusCode).toBe(401);
  });

  const ROUTES: [method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, needs: string][] = [
    ['GET', '/ready', 'read'],
    ['GET', '/metrics', 'read'],
    ['GET', '/cameras', 'read'],
    ['GET', '/cameras/x', 'read'],
    ['GET', '/cameras/x/snapshot.jpg', 'read'],
    ['GET', '/cameras/x/annotated.jpg', 'read'],
    ['GET', '/subjects', 'read'],
    ['GET', '/subjects/x', 'read'],
    ['GET', '/doors', 'read'],
    ['GET', '/doors/x', 'read'],
    ['POST', '/doors/x/lockdown', 'door'],
    ['POST', '/doors/lockdown', 'door'],
    ['POST', '/doors/x/unlock', 'door'],
    ['GET', '/events', 'read'],
    // From an event that is not there: a stream would never end.
    ['GET', '/events/stream?since=999', 'read'],
    ['GET', '/events/x/snapshot', 'pictures'],
    ['GET', '/sinks', 'admin'],
    ['GET', '/sinks/x/dead', 'admin'],
    ['POST', '/sinks/x/resend', 'admin'],
    ['POST', '/sinks/x/enable', 'admin'],
    ['POST', '/sinks/x/test', 'admin'],
    ['GET', '/ws/live', 'read'],
    ['GET', '/ws/events', 'read'],
    ['GET', '/ws/preview/x', 'read'],
    ['POST', '/detect', 'recognize'],
    ['POST', '/compare', 'recognize'],
    ['POST', '/detect_and_blur', 'recognize'],
    ['POST', '/subjects', 'enroll'],
    ['POST', '/subjects/x/faces', 'enroll'],
    ['PATCH', '/subjects/x', 'enroll'],
    ['DELETE', '/subjects/x', 'enroll'],
    ['GET', '/subjects/x/faces', 'read'],
    ['DELETE', '/subjects/x/faces/y', 'enroll'],
    ['GET', '/subjects/x/faces/y/image.jpg', 'read'],
    ['GET', '/groups', 'read'],
    ['GET', '/unknowns', 'read'],
    ['GET', '/unknowns/x/face.jpg', 'read'],
    ['POST', '/unknowns/x/subject', 'enroll'],
    ['DELETE', '/unknowns/x', 'enroll'],
    ['POST', '/recognize', 'recognize'],
    ['POST', '/search', 'recognize'],
    ['POST', '/cameras', 'admin'],
    ['POST', '/cameras/probe', 'admin'],
    ['POST', '/cameras/x/probe', 'admin'],
    ['PATCH', '/cameras/x', 'admin'],
    ['DELETE', '/cameras/x', 'admin'],
    ['GET', '/audit', 'admin'],
    ['GET', '/keys', 'admin'],
    ['POST', '/keys', 'admin'],
    ['DELETE', '/keys/x', 'admin'],
  ];

  it('asks each route for its scope; admin may everything', async () => {
    await serve({ keys: KEYS });
    const owners = {
      read: READER,
      recognize: ANALYST,
      enroll: ENROLLER,
      door: DOORMAN,
      pictures: VIEWER,
      admin: ADMIN,
    };
    for (const [method, url, needs] of ROUTES) {
      for (const [scope, key] of Object.entries(owners)) {
        const { statusCode } = await get(url, bearer(key), { method });
        const let_in = statusCode !== 401 && statusCode !== 403;
        expect([method, url, scope, let_in]).toEqual([method, url, scope, scope === needs || scope === 'admin']);
      }
      expect([url, (await get(url, {}, { method })).statusCode]).toEqual([url, 401]);
    }
  });

  it('leaves no route without a scope by mistake', async () => {
    await serve({ keys: KEYS });
    const open = ['/health', '/session', '/openapi.json', '/docs', '/docs/*', '/', '/schemas/event.json'];
    const pattern = (url: string) =>
      url
        .replace(/\?.*/, '')
        .replace('preview/x', 'preview/:camera')
        .replace('/x', '/:id')
        .replace('/y', '/:face')
        .replace('_blur', '_:step');
    const guarded = new Set(ROUTES.map(([method, url]) => `${method} ${pattern(url)}`));
    const routes = routesOf(app)
      .map(({ methods, url }) => ({ methods, url: url.replace(/^\/docs\/.*/, '/docs/*') }))
      // Those of CompreFace have their own shape of refusals, and their own test (compreface/refusals.test.ts).
      .filter(({ url }) => !open.includes(url) && !url.startsWith('/api/v1/'))
      .flatMap(({ methods, url }) => methods.filter((each) => each !== 'HEAD').map((method) => `${method} ${url}`));
    expect(routes.length).toBeGreaterThan(20);
    expect([...guarded].sort()).toEqual(routes.sort());
  });

  it('needs no key for /health, the login state, the description and the page that asks for the key', async () => {
    await serve({ keys: KEYS });
    for (const url of ['/health', '/session', '/openapi.json', '/docs/', '/']) {
      expect([url, (await get(url)).statusCode]).toEqual([url, 200]);
    }
    expect((await get('/session')).json()).toEqual({
      tenant: null,
      required: true,
      authenticated: false,
      name: null,
      scopes: [],
    });
  });

  it('says which scope is missing', async () => {
    await serve({ keys: KEYS });
    const answer = await get('/cameras', bearer(READER), { method: 'POST', payload: { id: 'a', url: 'rtsp://a/' } });
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toEqual({
      code: 'FORBIDDEN',
      message: 'this needs a key with the scope "admin"',
      details: { scope: 'admin' },
    });
  });

  it('never logs a key', async () => {
    await serve({ keys: KEYS });
    await get(`/cameras?key=${ADMIN}`, { ...bearer(ADMIN), cookie: `facegate_session=${ADMIN}` });
    await get('/session', {}, { method: 'POST', payload: { key: ADMIN } });
    parts.analyser.answer = () => {
      throw new Error('defect');
    };
    await get('/cameras/%zz', bearer(ADMIN));
    expect(parts.logged.length).toBeGreaterThan(0);
    expect(parts.logged.join('')).not.toContain(ADMIN);
  });
});

describe('sessions', () => {
  const login = async (key: string, headers: Record<string, string> = {}) =>
    get('/session', headers, { method: 'POST', payload: { key } });
  const cookieOf = (answer: { headers: Record<string, unknown> }) =>
    String(answer.headers['set-cookie']).split(';')[0] as string;

  it('exchange a key for a cookie that scripts cannot read', async () => {
    await serve({ keys: KEYS });
    const answer = await login(READER);
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['set-cookie']).toMatch(
      /^facegate_session=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const cookie = cookieOf(answer);
    expect((await get('/session', { cookie })).json()).toEqual({
      tenant: null,
      required: true,
      authenticated: true,
      name: 'wall',
      scopes: ['read'],
    });
    expect((await get('/cameras', { cookie })).statusCode).toBe(200);
    expect((await get('/detect', { cookie }, { method: 'POST' })).statusCode).toBe(403);
  });

  it('refuse a cookie that comes with the Origin of another page', async () => {
    await serve({ keys: KEYS });
    const cookie = cookieOf(await login(ADMIN));
    const answer = await get('/cameras/front', { cookie, origin: 'http://evil.example' }, { method: 'DELETE' });
    expect(answer.json().code).toBe('ORIGIN_NOT_ALLOWED');
  });

  it('are not opened by a wrong key', async () => {
    await serve({ keys: KEYS });
    const answer = await login('wrong');
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  it.each([
    [{}, 'body "key" must be a text'],
    [{ key: '' }, 'body "key" must not be empty'],
    [{ key: 7 }, 'body "key" must be a text'],
  ])('need a key in the body, not %j', async (payload, message) => {
    await serve({ keys: KEYS });
    const answer = await get('/session', {}, { method: 'POST', payload });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().message).toBe(message);
  });

  it('allow ten attempts a minute from one address', async () => {
    await serve({ keys: KEYS });
    for (let i = 0; i < 10; i += 1) expect((await login('wrong')).statusCode).toBe(401);
    const answer = await login(ADMIN);
    expect(answer.statusCode).toBe(429);
    expect(answer.json().code).toBe('RATE_LIMITED');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
  });

  it('end when asked to', async () => {
    await serve({ keys: KEYS });
    const cookie = cookieOf(await login(READER));
    const answer = await get('/session', { cookie }, { method: 'DELETE' });
    expect(answer.statusCode).toBe(204);
    expect(answer.headers['set-cookie']).toMatch(/^facegate_session=; /);
    expect((await get('/cameras', { cookie })).statusCode).toBe(401);
  });

  it('end when nobody used them for twelve hours', async () => {
    await serve({ keys: KEYS });
    const cookie = cookieOf(await login(READER));
    clock.advance(11 * 3_600_000);
    expect((await get('/cameras', { cookie })).statusCode).toBe(200);
    clock.advance(12 * 3_600_000);
    expect((await get('/cameras', { cookie })).statusCode).toBe(401);
  });

  it('end after seven days however much they are used', async () => {
    await serve({ keys: KEYS });
    const cookie = cookieOf(await login(READER));
    for (let hours = 0; hours < 7 * 24 - 8; hours += 8) {
      clock.advance(8 * 3_600_000);
      expect((await get('/cameras', { cookie })).statusCode).toBe(200);
    }
    clock.advance(8 * 3_600_000);
    expect((await get('/cameras', { cookie })).statusCode).toBe(401);
  });

  it('end with their key', async () => {
    await serve({ keys: KEYS });
    const { id, key } = parts.keys.create({ name: 'guest', scopes: ['read'] });
    const cookie = cookieOf(await login(key));
    expect((await get('/cameras', { cookie })).statusCode).toBe(200);
    parts.keys.revoke(id);
    expect((await get('/cameras', { cookie })).statusCode).toBe(401);
  });

  it('get a new id at every login, and the old one ends', async () => {
    await serve({ keys: KEYS });
    const first = cookieOf(await login(READER));
    const second = cookieOf(await login(READER, { cookie: first }));
    expect(second).not.toBe(first);
    expect((await get('/cameras', { cookie: first })).statusCode).toBe(401);
  });
});
