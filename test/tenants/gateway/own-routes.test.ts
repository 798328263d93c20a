import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { get as getOverTls } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Counter, Histogram, Registry } from 'prom-client';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { SettingsInput } from '../../../config/settings-schema.ts';
import type { TenantView } from '../../../tenants/tenant-contract.ts';
import { eventually } from '../../support/eventually.ts';
import { freePort } from '../../support/free-port.ts';
import { openTestGateway, type TestGateway } from '../../support/open-test-gateway.ts';
import { selfSigned } from '../../support/self-signed.ts';
import { FixedTenants } from '../../support/tenant-directory.ts';

const ADMIN = 'operator-admin-key-0123456789';
const READER = 'operator-reader-key-0123456789';
const TENANTS_KEY = 'fg_a-key-of-a-tenant-0123456789';
const KEYS: SettingsInput['keys'] = [
  { name: 'boss', key: ADMIN, scopes: ['admin'] },
  { name: 'prometheus', key: READER, scopes: ['read'] },
];

let gateway: TestGateway;
afterEach(() => gateway?.close());

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly text: string;
}
/** With any Host and Origin, which `fetch` does not allow. */
async function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const asked = request({ host: '127.0.0.1', port: gateway.port, path, method, headers, agent: false });
  asked.end();
  const [answer] = await once(asked, 'response');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, headers: answer.headers, text };
}
const json = ({ text }: Answer) => JSON.parse(text);
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

const OWN: [method: string, path: string, needs: 'read' | 'admin'][] = [
  ['GET', '/ready', 'read'],
  ['GET', '/metrics', 'read'],
  ['GET', '/tenants', 'read'],
  ['GET', '/tenants/one', 'read'],
  ['POST', '/tenants/one/restart', 'admin'],
];

describe('who may', () => {
  it.each(OWN)('%s %s with a key of the gateway: %s', async (method, path, needs) => {
    gateway = await openTestGateway({ settings: { keys: KEYS } });
    await gateway.tenant('one');
    const ok = method === 'POST' ? 202 : 200;
    const refused: Record<string, string>[] = [
      {},
      bearer('wrong'),
      bearer(TENANTS_KEY),
      { 'x-api-key': '' },
      { ...bearer('wrong'), 'x-api-key': ADMIN },
      { cookie: `facegate_session=${ADMIN}` },
    ];
    for (const headers of refused) {
      expect((await ask(path, headers, method)).status).toBe(401);
    }
    expect((await ask(`${path}?key=${ADMIN}`, {}, method)).status).toBe(401);
    expect((await ask(path, bearer(READER), method)).status).toBe(needs === 'read' ? 200 : 403);
    expect((await ask(path, { 'x-api-key': ADMIN }, method)).status).toBe(ok);
    expect((await ask(path, { ...bearer(ADMIN), host: 'nvr.lan' }, method)).status).toBe(ok);
    expect((await ask(path, { ...bearer(ADMIN), origin: 'http://evil.example' }, method)).status).toBe(403);
  });

  it('this machine without any key, as long as the gateway is there for it alone', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one');
    for (const [method, path] of OWN) expect((await ask(path, {}, method)).status).toBeLessThan(300);
    const strangers: Record<string, string>[] = [
      { host: 'evil.example' },
      { origin: 'http://evil.example' },
      { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    ];
    for (const headers of strangers) {
      expect((await ask('/tenants', headers)).status).toBe(403);
      expect((await ask('/', headers)).text).not.toContain('href="/one/"');
    }
  });

  it('nobody without any key where others reach it, and it says what to write', async () => {
    gateway = await openTestGateway({ settings: { server: { host: '0.0.0.0' } } });
    await gateway.tenant('one');
    for (const [method, path] of OWN) {
      const answer = await ask(path, {}, method);
      expect([answer.status, json(answer).message]).toEqual([401, expect.stringContaining('write one under keys:')]);
    }
    expect((await ask('/')).text).not.toContain('/one/');
    expect((await ask('/one/x')).status).toBe(200);
  });

  it('everybody may ask whether it lives', async () => {
    for (const settings of [{ keys: KEYS }, { server: { host: '0.0.0.0' } }, {}]) {
      gateway = await openTestGateway({ settings });
      const answer = await ask('/health', { host: 'anything.example', origin: 'http://evil.example' });
      expect([answer.status, json(answer)]).toEqual([200, { status: 'ok', version: '1.2.3' }]);
      await gateway.close();
    }
  });

  it('an operator is nobody at a tenant: their key goes there, as whatever it is', async () => {
    gateway = await openTestGateway({ settings: { keys: KEYS } });
    await gateway.tenant('one', (incoming, response) => {
      response.writeHead(incoming.headers.authorization === `Bearer ${TENANTS_KEY}` ? 200 : 401).end('{}');
    });
    expect((await ask('/one/keys', bearer(ADMIN))).status).toBe(401);
    expect((await ask('/one/keys', bearer(TENANTS_KEY))).status).toBe(200);
  });
});

describe('the routes', () => {
  it('list tenants in their order, and one by its id', async () => {
    gateway = await openTestGateway();
    const problem = { code: 'TENANT_DIED', message: 'it ended by SIGKILL' };
    await gateway.tenant('two', undefined, { view: { name: 'Doors', state: 'waiting', problem, restarts: 3 } });
    await gateway.tenant('one');
    const { tenants } = json(await ask('/tenants')) as { tenants: TenantView[] };
    expect(tenants.map(({ id, name, state }) => [id, name, state])).toEqual([
      ['two', 'Doors', 'waiting'],
      ['one', 'one', 'ready'],
    ]);
    expect(json(await ask('/tenants/two'))).toEqual(gateway.directory.get('two')?.view());
    const missing = await ask('/tenants/three');
    expect([missing.status, json(missing).code]).toEqual([404, 'TENANT_NOT_FOUND']);
  });

  it('are ready when all are that should be', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one');
    await gateway.tenant('two', undefined, { view: { state: 'stopped' } });
    expect([(await ask('/ready')).status, json(await ask('/ready'))]).toEqual([200, { ready: true, tenants: [] }]);
    gateway.directory.set('three', { socketPath: '/nowhere', view: { state: 'crash_loop' } });
    const answer = await ask('/ready');
    expect([answer.status, json(answer)]).toEqual([
      503,
      { ready: false, tenants: [{ id: 'three', state: 'crash_loop' }] },
    ]);
  });

  it('restart one', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one');
    expect((await ask('/tenants/one/restart', {}, 'POST')).status).toBe(202);
    expect((await ask('/tenants/three/restart', {}, 'POST')).status).toBe(404);
    expect((await ask('/tenants/one/restart')).status).toBe(404);
    expect(gateway.directory.restarted).toEqual(['one']);
  });

  it('describe themselves, each with what it needs', async () => {
    gateway = await openTestGateway({ settings: { keys: KEYS } });
    const { openapi, paths } = json(await ask('/openapi.json'));
    expect(openapi).toBe('3.1.0');
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, { description?: string }>).map(([method, { description }]) => [
        method.toUpperCase(),
        path,
        /`(\w+)`/.exec(description ?? '')?.[1] ?? 'anyone',
      ]),
    );
    const expected = [
      ...OWN.map(([method, path, needs]) => [method, path.replace('one', '{id}'), needs]),
      ['GET', '/health', 'anyone'],
    ];
    expect(described.sort()).toEqual(expected.sort());
  });
});

describe('the page', () => {
  it('shows what tenants are called as text, and where they are', async () => {
    gateway = await openTestGateway();
    const message = '<img src=x onerror=alert(1)>';
    const problem = { code: 'CONFIG_INVALID', message };
    await gateway.tenant('one', undefined, {
      view: { name: '"<b>Zutritt</b>', device: '<i>cpu', state: 'refused', problem, restarts: 2 },
    });
    const { text, headers } = await ask('/');
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(headers['content-security-policy']).toContain("script-src 'self'");
    expect(text).toContain('<a href="/one/">&quot;&lt;b&gt;Zutritt&lt;/b&gt;</a>');
    expect(text).toContain('&lt;img src=x onerror=alert(1)&gt; <code>CONFIG_INVALID</code>');
    expect(text).toContain('started again 2 times');
    expect(text).not.toMatch(/<(?:img|b|i|script|style)\b|\sstyle=|\son\w+=(?!alert)/);
    expect((await ask('/assets/gateway.css')).headers['content-type']).toBe('text/css; charset=utf-8');
  });

  it('says so when there is no tenant; and to strangers how to reach theirs, and no name', async () => {
    gateway = await openTestGateway();
    expect((await ask('/')).text).toContain('There is no tenant');
    await gateway.close();
    gateway = await openTestGateway({ settings: { keys: KEYS } });
    await gateway.tenant('secret-project');
    const { status, text } = await ask('/');
    expect([
      status,
      text.includes('secret-project'),
      text.includes('/&lt;tenant&gt;/'),
      text.includes('<form'),
    ]).toEqual([200, false, true, false]);
    expect((await ask('/', bearer(READER))).text).toContain('href="/secret-project/"');
  });
});

describe('the metrics', () => {
  const lines = async () => (await ask('/metrics')).text.split('\n').filter((line) => line && !line.startsWith('#'));

  it('are those of every tenant under its own name, whatever it calls itself, and the gateway’s', async () => {
    gateway = await openTestGateway();
    for (const id of ['one', 'two']) {
      const register = new Registry();
      register.setDefaultLabels({ tenant: 'somebody-else' });
      new Counter({ name: 'facegate_faces_total', help: 'f', labelNames: ['camera'], registers: [register] }).inc(
        { camera: 'front' },
        7,
      );
      new Counter({ name: 'facegate_gateway_requests_total', help: 'f', registers: [register] }).inc(1000);
      const seconds = new Histogram({
        name: 'facegate_stage_seconds',
        help: 's',
        labelNames: ['stage'],
        buckets: [1, 2],
        registers: [register],
      });
      seconds.observe({ stage: 'detect' }, 1.5);
      await gateway.tenant(id, undefined, { metrics: () => register.getMetricsAsJSON(), view: { restarts: 2 } });
    }
    gateway.directory.set('three', {
      socketPath: '/nowhere',
      view: { state: 'waiting', memoryBytes: null },
      metrics: () => Promise.reject(new Error('down')),
    });
    await ask('/one/x');
    await ask('/three/x');
    await ask('/nobody;/x');
    const text = await lines();
    for (const id of ['one', 'two']) {
      expect(text).toEqual(
        expect.arrayContaining([
          `facegate_faces_total{camera="front",tenant="${id}"} 7`,
          `facegate_stage_seconds_bucket{le="2",stage="detect",tenant="${id}"} 1`,
          `facegate_stage_seconds_count{stage="detect",tenant="${id}"} 1`,
          `facegate_gateway_tenant_state{tenant="${id}",state="ready"} 1`,
          `facegate_gateway_tenant_restarts_total{tenant="${id}"} 2`,
          `facegate_gateway_tenant_memory_bytes{tenant="${id}"} 120000000`,
        ]),
      );
    }
    expect(text).toEqual(
      expect.arrayContaining([
        'facegate_gateway_requests_total{tenant="one",status="2xx"} 1',
        'facegate_gateway_requests_total{tenant="three",status="5xx"} 1',
        'facegate_gateway_refused_total{tenant="three",reason="unavailable"} 1',
        'facegate_gateway_refused_total{tenant="",reason="unknown"} 1',
        'facegate_gateway_tenant_state{tenant="three",state="waiting"} 1',
        'facegate_gateway_request_seconds_count{tenant="one"} 1',
        'facegate_gateway_info{version="1.2.3"} 1',
      ]),
    );
    expect(text.join('\n')).not.toContain('somebody-else');
    expect(text.join('\n')).not.toContain('} 1000');
    expect(text.some((line) => /^process_resident_memory_bytes \d/.test(line))).toBe(true);
  });

  it('come without a tenant that does not say its own in time', async () => {
    gateway = await openTestGateway();
    gateway.directory.set('one', { socketPath: '/nowhere', metrics: () => new Promise(() => {}) });
    const startedMs = performance.now();
    expect((await ask('/metrics')).status).toBe(200);
    expect(performance.now() - startedMs).toBeLessThan(5000);
  });

  it('count what is open', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one');
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/one/ws/x`);
    await once(socket, 'open');
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'facegate_gateway_open{tenant="one",kind="streams"} 1',
        'facegate_gateway_open{tenant="one",kind="connections"} 1',
        'facegate_gateway_open{tenant="one",kind="requests"} 0',
        'facegate_gateway_requests_total{tenant="one",status="1xx"} 1',
      ]),
    );
    socket.terminate();
    await eventually('nothing open', async () =>
      (await lines()).includes('facegate_gateway_open{tenant="one",kind="streams"} 0'),
    );
  });
});

describe('a port of its own', () => {
  it('reaches the one tenant without a prefix, and nothing of the gateway; it comes and goes with the tenant', async () => {
    gateway = await openTestGateway({ settings: { keys: KEYS } });
    const port = await freePort();
    await gateway.tenant('two');
    const tenant = await gateway.tenant('one', undefined, { port });
    await eventually('the port', () => gateway.portOf('one') === port);
    for (const path of ['/tenants', '/health', '/two/x', '/']) {
      const answer = (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as {
        url: string;
        headers: Record<string, string>;
      };
      expect(answer.url).toBe(path);
      expect(answer.headers).not.toHaveProperty('x-forwarded-prefix');
    }
    expect(tenant.requests).toHaveLength(4);
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/live`);
    await once(socket, 'open');
    socket.terminate();
    gateway.directory.remove('one');
    await eventually('nobody there', () =>
      fetch(`http://127.0.0.1:${port}/`).then(
        () => false,
        () => true,
      ),
    );
  });

  it('that is taken keeps the gateway from starting, with the port named', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as { port: number };
    const directory = new FixedTenants();
    directory.set('one', { socketPath: '/nowhere', port });
    await expect(openTestGateway({ directory })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringContaining(String(port)),
    });
    taken.close();
  });
});

describe('TLS', () => {
  it('is spoken by the gateway, on both kinds of ports, and tenants are told', async () => {
    const { cert, key } = selfSigned();
    const directory = new FixedTenants();
    const files = { cert: join(import.meta.dirname, 'none.pem'), key: 'none' };
    await expect(openTestGateway({ settings: { server: { tls: files } } })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
    const folder = mkdtempSync(join(tmpdir(), 'facegate-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    writeFileSync(join(folder, 'c.pem'), cert);
    writeFileSync(join(folder, 'k.pem'), key);
    gateway = await openTestGateway({
      directory,
      settings: { server: { tls: { cert: join(folder, 'c.pem'), key: join(folder, 'k.pem') } } },
    });
    await gateway.tenant('one');
    expect(gateway.address).toMatch(/^https:/);
    const told = await new Promise<string>((resolve, reject) => {
      getOverTls(
        `${gateway.address}/one/x`,
        { ca: cert, servername: 'localhost', checkServerIdentity: () => undefined },
        (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += chunk;
          });
          answer.on('end', () => resolve(text));
        },
      ).on('error', reject);
    });
    expect(JSON.parse(told).headers).toMatchObject({ 'x-forwarded-proto': 'https', 'x-forwarded-for': '127.0.0.1' });
    const socket = new WebSocket(`${gateway.address.replace('https', 'wss')}/one/ws/x`, { rejectUnauthorized: false });
    await once(socket, 'open');
    socket.send('by TLS');
    expect(String((await once(socket, 'message'))[0])).toBe('by TLS');
    socket.terminate();
  });
});

describe('closing', () => {
  it('lets run what has begun, takes nothing new, and is done once', async () => {
    gateway = await openTestGateway({ bounds: { graceMs: 5000 } });
    let finish = () => {};
    const tenant = await gateway.tenant('one', (_request, response) => {
      finish = () => response.end('done');
    });
    const running = ask('/one/x');
    await eventually('the request', () => tenant.requests.length === 1);
    const closing = [gateway.close(), gateway.close()];
    setTimeout(() => finish(), 200);
    expect((await running).text).toBe('done');
    await Promise.all(closing);
    await expect(ask('/health')).rejects.toThrow(/ECONNREFUSED|hang up/);
  });

  it('cuts off what is left after the grace', async () => {
    gateway = await openTestGateway({ bounds: { graceMs: 200 } });
    await gateway.tenant('one', () => {});
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/one/ws/x`);
    await once(socket, 'open');
    const mute = ask('/one/x').catch((error: Error) => error.message);
    const closed = once(socket, 'close');
    const startedMs = performance.now();
    await gateway.close();
    expect(performance.now() - startedMs).toBeLessThan(3000);
    expect((await closed)[0]).toBe(1006);
    expect(await mute).toMatch(/hang up|ECONNRESET/);
  });

  it('passes on the goodbye of a tenant that stops beside it', async () => {
    gateway = await openTestGateway({ bounds: { graceMs: 5000 } });
    const tenant = await gateway.tenant('one');
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/one/ws/x`);
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const closing = gateway.close();
    for (const theirs of tenant.sockets) theirs.close(1001, 'facegate is stopping');
    expect((await closed)[0]).toBe(1001);
    await closing;
  });
});
