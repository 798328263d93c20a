import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { listenOnSocket } from '../../server/listen-on-socket.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { openStrippingProxy, type StrippingProxy } from '../support/stripping-proxy.ts';

const ADMIN = 'admin-key-0123456789-abcdef';
const KEYS: SettingsInput['keys'] = [{ name: 'boss', key: ADMIN, scopes: ['admin'] }];

let folder: string;
let socketPath: string;
let proxy: StrippingProxy;
const rooms: { app: FastifyInstance; parts: FakeServerParts }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-behind-'));
  socketPath = join(folder, 'sockets', 'attendance.sock');
});
afterEach(async () => {
  await proxy?.[Symbol.asyncDispose]();
  for (const { app, parts } of rooms.splice(0)) {
    await app.close();
    parts.dispose();
  }
  rmSync(folder, { recursive: true, force: true });
});

async function serve(o: { id?: string; settings?: SettingsInput } = {}): Promise<FastifyInstance> {
  const { id = 'attendance', settings = {} } = o;
  const behind = { socketPath: join(folder, 'sockets', `${id}.sock`), prefix: `/${id}` };
  const parts = await fakeServerParts({ settings, parts: { tenant: { id, name: `The ${id}` }, behind } });
  const app = await buildServer(parts);
  rooms.push({ app, parts });
  await listenOnSocket(app, behind.socketPath);
  return app;
}
async function reach(forwarded?: Parameters<typeof openStrippingProxy>[1]): Promise<string> {
  const sockets = { attendance: socketPath, access: join(folder, 'sockets', 'access.sock') };
  proxy = await openStrippingProxy(sockets, forwarded);
  return proxy.address;
}
const logIn = (address: string) =>
  fetch(`${address}/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key: ADMIN }),
  });
const logged = () => rooms.flatMap(({ parts }) => parts.logged).join('');
/** Straight to the socket, with any header. */
const ask = (path: string, headers: Record<string, string>) =>
  new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: string }>((resolve, reject) => {
    request({ socketPath, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => {
        body += text;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    })
      .on('error', reject)
      .end();
  });

describe('a tenant behind a gateway', () => {
  it('says who it is, and gives out cookies for its own addresses only', async () => {
    await serve({ settings: { keys: KEYS } });
    const address = `${await reach()}/attendance`;
    const answer = await logIn(address);
    const cookie = answer.headers.get('set-cookie') ?? '';
    expect(cookie).toMatch(
      /^facegate_session_attendance=[\w-]{43}; Max-Age=604800; Path=\/attendance\/; HttpOnly; SameSite=Strict$/,
    );
    const session = await fetch(`${address}/session`, { headers: { cookie: cookie.split(';')[0] as string } });
    expect(await session.json()).toMatchObject({
      authenticated: true,
      tenant: { id: 'attendance', name: 'The attendance' },
    });
    const out = await fetch(`${address}/session`, { method: 'DELETE' });
    expect(out.headers.get('set-cookie')).toContain('Path=/attendance/');
  });

  it('keeps the cookie to TLS where the gateway says that the caller came by it, and then takes no page of plain HTTP for its own', async () => {
    await serve({ settings: { keys: KEYS } });
    const address = `${await reach({ proto: 'https' })}/attendance`;
    expect((await logIn(address)).headers.get('set-cookie')).toContain('; Secure');
    const host = new URL(address).host;
    const from = async (origin: string) => (await fetch(`${address}/session`, { headers: { origin } })).status;
    expect([await from(`https://${host}`), await from(`http://${host}`)]).toEqual([200, 403]);
  });

  it('gives out cookies for all of its own port, where nobody took a prefix off', async () => {
    const app = await serve({ settings: { keys: KEYS } });
    const own = (headers: Record<string, string>) =>
      app.inject({
        method: 'POST',
        url: '/session',
        payload: { key: ADMIN },
        headers: { host: 'cams.lan', ...headers },
      });
    for (const headers of [{}, { 'x-forwarded-prefix': '/another' }, { 'x-forwarded-prefix': '/attendance/..' }]) {
      expect((await own(headers as Record<string, string>)).headers['set-cookie']).toContain('; Path=/;');
    }
  });

  it('never takes the session of one for that of another', async () => {
    await serve({ settings: { keys: KEYS } });
    await serve({ id: 'access', settings: { keys: KEYS } });
    const address = await reach();
    const cookie = (await logIn(`${address}/attendance`)).headers.get('set-cookie')?.split(';')[0] as string;
    const value = cookie.split('=')[1];
    for (const each of [cookie, `facegate_session_access=${value}`, `facegate_session=${value}`]) {
      const { status } = await fetch(`${address}/access/cameras`, { headers: { cookie: each } });
      expect([each, status]).toEqual([each, 401]);
    }
    expect((await fetch(`${address}/attendance/cameras`, { headers: { cookie } })).status).toBe(200);
  });

  it('without a key answers those whom the gateway calls its own machine, and nobody whose address it does not say', async () => {
    await serve();
    const address = `${await reach()}/attendance`;
    expect((await fetch(`${address}/cameras`)).status).toBe(200);
    const host = '127.0.0.1:8080';
    const asked = async (headers: Record<string, string>) => (await ask('/cameras', { host, ...headers })).status;
    expect(await asked({ 'x-forwarded-for': '127.0.0.1' })).toBe(200);
    expect(await asked({ 'x-forwarded-for': '::ffff:127.0.0.1' })).toBe(200);
    expect(await asked({})).toBe(401);
    expect(await asked({ 'x-forwarded-for': '' })).toBe(401);
    expect(await asked({ 'x-forwarded-for': '10.0.0.9' })).toBe(401);
    // What came before the gateway's own word is somebody's claim.
    expect(await asked({ 'x-forwarded-for': '127.0.0.1, 10.0.0.9' })).toBe(401);
    expect(await asked({ 'x-forwarded-for': '127.0.0.1', host: 'evil.example' })).toBe(403);
  });

  it('keeps pages of other origins away as one without a gateway does', async () => {
    await serve({ settings: { keys: KEYS } });
    const address = `${await reach()}/attendance`;
    const foreign = await fetch(`${address}/session`, { headers: { origin: 'http://evil.example' } });
    expect([foreign.status, await foreign.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'ORIGIN_NOT_ALLOWED' }),
    ]);
    // Not a name that somebody along the way may choose.
    const forged = { host: 'cams.lan', 'x-forwarded-host': 'evil.example', origin: 'http://evil.example' };
    expect((await ask('/session', { ...forged, 'x-forwarded-for': '127.0.0.1' })).status).toBe(403);
  });

  it('counts logins by the address that the gateway saw', async () => {
    const app = await serve({ settings: { keys: KEYS } });
    const attempt = async (from: string) => {
      const payload = { key: 'wrong' };
      const headers = { host: 'cams.lan', 'x-forwarded-for': from };
      return (await app.inject({ method: 'POST', url: '/session', payload, headers })).statusCode;
    };
    for (let i = 0; i < 10; i += 1) expect(await attempt('10.0.0.1')).toBe(401);
    expect(await attempt('10.0.0.1')).toBe(429);
    expect(await attempt('10.0.0.2')).toBe(401);
  });

  it('describes itself under its prefix, and redirects under it', async () => {
    await serve();
    const address = `${await reach()}/attendance`;
    const description = (await (await fetch(`${address}/openapi.json`)).json()) as {
      servers: unknown;
      components: { securitySchemes: { session: { name: string } } };
    };
    expect(description.servers).toEqual([{ url: '/attendance' }]);
    expect(description.components.securitySchemes.session.name).toBe('facegate_session_attendance');
    const page = await fetch(`${address}/docs`);
    expect(page.url).toBe(`${address}/docs/`);
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => new URL(path as string, page.url));
    expect(files.length).toBeGreaterThan(4);
    for (const file of files) expect([file.href, (await fetch(file)).status]).toEqual([file.href, 200]);
    expect(((await (await fetch(`${address}/docs/json`)).json()) as { servers: unknown }).servers).toEqual([
      { url: '/attendance' },
    ]);
    const redirect = await fetch(`${address}/docs/static/index.html`, { redirect: 'manual' });
    expect(redirect.headers.get('location')).toBe('/attendance/docs/');
  });

  it("speaks CompreFace's API under its prefix, with addresses repaired as ever", async () => {
    await serve({ settings: { keys: KEYS } });
    const address = `${await reach()}/attendance`;
    const answer = await fetch(`${address}/api/v1/recognition/subjects/`, { headers: { 'x-api-key': ADMIN } });
    expect([answer.status, await answer.json()]).toEqual([200, { subjects: [] }]);
  });

  it('lets WebSockets through', async () => {
    await serve();
    const socket = new WebSocket(`${(await reach()).replace('http', 'ws')}/attendance/ws/events`);
    await new Promise((opened, failed) => socket.once('open', opened).once('error', failed));
    expect(rooms[0]?.parts.feed.added).toHaveLength(1);
    socket.terminate();
  });
});

describe('a tenant with a port of its own', () => {
  it('believes no header of who calls', async () => {
    const parts = await fakeServerParts({});
    const app = await buildServer(parts);
    rooms.push({ app, parts });
    const headers = { host: '127.0.0.1:8080', 'x-forwarded-prefix': '/attendance', 'x-forwarded-for': '127.0.0.1' };
    const answer = await app.inject({ url: '/cameras', headers, remoteAddress: '10.0.0.9' });
    expect(answer.statusCode).toBe(401);
    const description = (await app.inject({ url: '/openapi.json', headers })).json();
    expect(description.servers).toEqual([{ url: '/' }]);
    expect((await app.inject({ url: '/session', headers })).json()).toMatchObject({ tenant: null });
    expect(logged()).not.toContain('attendance');
  });
});

describe('the socket of a tenant', () => {
  it('is open to its owner alone, also in a folder that was open to others', async () => {
    mkdirSync(join(folder, 'sockets'));
    chmodSync(join(folder, 'sockets'), 0o755);
    const app = await serve();
    expect(statSync(join(folder, 'sockets')).mode & 0o777).toBe(0o700);
    expect(statSync(socketPath).mode & 0o777).toBe(0o600);
    await app.close();
    expect(existsSync(socketPath)).toBe(false);
  });

  it('takes the place of one that was left behind, and of none that somebody listens on', async () => {
    mkdirSync(join(folder, 'sockets'));
    const script = `require('node:net').createServer().listen(${JSON.stringify(socketPath)}, () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script]);
    expect(statSync(socketPath).isSocket()).toBe(true);
    await serve();
    expect((await ask('/health', { 'x-forwarded-for': '127.0.0.1', host: 'localhost' })).status).toBe(200);
    await expect(serve()).rejects.toMatchObject({ code: 'PORT_IN_USE' });
    expect((await ask('/health', { 'x-forwarded-for': '127.0.0.1', host: 'localhost' })).status).toBe(200);
  });

  it('is left alone where something else is in its place, or its name would be cut off', async () => {
    mkdirSync(join(folder, 'sockets'));
    writeFileSync(socketPath, 'a file of somebody');
    await expect(serve()).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(statSync(socketPath).size).toBe(18);
    await expect(serve({ id: 'x'.repeat(100) })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
