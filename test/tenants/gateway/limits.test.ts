import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { Refusal, TenantPlaces } from '../../../tenants/gateway/tenant-places.ts';
import { eventually } from '../../support/eventually.ts';
import { openTestGateway, type TestGateway } from '../../support/open-test-gateway.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

describe('the places of a tenant', () => {
  const limits = { requestsPerSecond: null as number | null, concurrentRequests: null as number | null };
  const placesWith = (given: Partial<typeof limits>, mostStreams?: number) => {
    const clock = new VirtualClock();
    const now = { ...limits, ...given };
    return { clock, now, places: new TenantPlaces(() => now, clock, mostStreams) };
  };
  const took = (places: TenantPlaces) => {
    const place = places.take('request');
    return place instanceof Refusal ? `${place.error.code} ${place.retryAfterSeconds}` : 'taken';
  };

  it('are as many a second as the settings say, with one second in advance', () => {
    const { places, clock } = placesWith({ requestsPerSecond: 3 });
    expect([1, 2, 3, 4].map(() => took(places))).toEqual(['taken', 'taken', 'taken', 'RATE_LIMITED 1']);
    clock.advance(333);
    expect(took(places)).toBe('RATE_LIMITED 1');
    clock.advance(1);
    expect([took(places), took(places)]).toEqual(['taken', 'RATE_LIMITED 1']);
    clock.advance(3_600_000);
    expect([1, 2, 3, 4].map(() => took(places))).toEqual(['taken', 'taken', 'taken', 'RATE_LIMITED 1']);
  });

  it('are not touched by a wall clock that is set', () => {
    const { places, clock } = placesWith({ requestsPerSecond: 1 });
    expect(took(places)).toBe('taken');
    clock.stepWall(3_600_000);
    expect(took(places)).toBe('RATE_LIMITED 1');
    clock.stepWall(-7_200_000);
    clock.advance(1000);
    expect(took(places)).toBe('taken');
  });

  it('follow settings that change', () => {
    const { places, now, clock } = placesWith({ requestsPerSecond: 1 });
    expect([took(places), took(places)]).toEqual(['taken', 'RATE_LIMITED 1']);
    now.requestsPerSecond = 10;
    clock.advance(1000);
    expect(took(places)).toBe('taken');
    clock.advance(1000);
    expect(Array.from({ length: 11 }, () => took(places)).filter((one) => one === 'taken')).toHaveLength(10);
    now.requestsPerSecond = null;
    expect(Array.from({ length: 50 }, () => took(places))).not.toContain('RATE_LIMITED 1');
  });

  it('are given back once each, and a stream is counted apart', () => {
    const { places } = placesWith({ concurrentRequests: 1 }, 1);
    const place = places.take('request');
    if (place instanceof Refusal) throw place.error;
    expect(took(places)).toBe('TENANT_BUSY 1');
    expect(place.becomeStream()).toBeNull();
    expect([places.requests, places.streams]).toEqual([0, 1]);
    const second = places.take('request');
    if (second instanceof Refusal) throw second.error;
    expect(second.becomeStream()?.error.code).toBe('TENANT_BUSY');
    expect(places.take('stream')).toBeInstanceOf(Refusal);
    for (const each of [place, place, second, second]) each.release();
    expect([places.requests, places.streams]).toEqual([0, 0]);
  });

  it('are not used up by requests that were refused', () => {
    const { places } = placesWith({ concurrentRequests: 1, requestsPerSecond: 2 });
    const place = places.take('request');
    if (place instanceof Refusal) throw place.error;
    for (let i = 0; i < 10; i++) expect(took(places)).toBe('TENANT_BUSY 1');
    place.release();
    expect(took(places)).toBe('taken');
  });
});

let gateway: TestGateway;
const open: (WebSocket | Socket)[] = [];
afterEach(async () => {
  for (const socket of open.splice(0)) 'terminate' in socket ? socket.terminate() : socket.destroy();
  await gateway?.close();
});
const get = (path: string, init: RequestInit = {}) => fetch(`${gateway.address}${path}`, init);
const said = async (answer: Response) => [
  answer.status,
  ((await answer.json()) as { code: string }).code,
  answer.headers.get('retry-after'),
];

describe('through the gateway', () => {
  it('one request too many a second is 429, and the other tenant does not notice', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', undefined, { limits: { requestsPerSecond: 2 } });
    await gateway.tenant('two');
    const answers = await Promise.all(Array.from({ length: 6 }, () => get('/one/x')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(2);
    const refused = answers.find(({ status }) => status !== 200) as Response;
    expect(await said(refused)).toEqual([429, 'RATE_LIMITED', '1']);
    expect((await get('/two/x')).status).toBe(200);
  });

  it('more at once than there may be is 429 TENANT_BUSY, until one is through', async () => {
    gateway = await openTestGateway();
    const waiting: ServerResponse[] = [];
    const tenant = await gateway.tenant('one', (_request, response) => void waiting.push(response), {
      limits: { concurrentRequests: 2 },
    });
    const running = [get('/one/a'), get('/one/b')];
    await eventually('both', () => waiting.length === 2);
    expect(await said(await get('/one/c'))).toEqual([429, 'TENANT_BUSY', '1']);
    expect(tenant.requests).toHaveLength(2);
    for (const response of waiting) response.end('{}');
    for (const answer of await Promise.all(running)) expect(answer.status).toBe(200);
    const after = get('/one/d');
    await eventually('the next', () => waiting.length === 3);
    waiting[2]?.end('{}');
    expect((await after).status).toBe(200);
  });

  it('a client that went gives its place back', async () => {
    gateway = await openTestGateway();
    let came = 0;
    await gateway.tenant('one', () => void came++, { limits: { concurrentRequests: 1 } });
    const leaving = new AbortController();
    const asked = get('/one/a', { signal: leaving.signal }).catch(() => null);
    await eventually('it', () => came === 1);
    leaving.abort();
    await asked;
    const next = new AbortController();
    await eventually('a place', async () => {
      void get('/one/b', { signal: next.signal }).catch(() => null);
      return came >= 2;
    });
    next.abort();
  });

  it('streams of events and pictures take no place of requests, and have a bound of their own', async () => {
    gateway = await openTestGateway({ bounds: { streams: 2 } });
    await gateway.tenant(
      'one',
      (request, response) => {
        const type = { '/events': 'text/event-stream', '/video': 'multipart/x-mixed-replace; boundary=x' }[
          request.url ?? ''
        ];
        response.writeHead(200, { 'content-type': type ?? 'text/plain' }).flushHeaders();
        if (!type) response.end('plain');
      },
      { limits: { concurrentRequests: 1 } },
    );
    const leaving = new AbortController();
    expect((await get('/one/events', { signal: leaving.signal })).status).toBe(200);
    expect((await get('/one/video', { signal: leaving.signal })).status).toBe(200);
    expect(await (await get('/one/plain')).text()).toBe('plain');
    expect(await said(await get('/one/events'))).toEqual([429, 'TENANT_BUSY', '1']);
    const declined = new WebSocket(`ws://127.0.0.1:${gateway.port}/one/ws/x`).on('error', () => {});
    const [, answer] = await once(declined, 'unexpected-response');
    expect(answer.statusCode).toBe(429);
    answer.resume();
    leaving.abort();
    await eventually('a place', async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/one/ws/x`).on('error', () => {});
      open.push(socket);
      return Promise.race([
        once(socket, 'open').then(() => true),
        once(socket, 'unexpected-response').then(() => false),
      ]).catch(() => false);
    });
  });

  it.each([
    [{ state: 'starting' }, '5', 'the tenant is starting'],
    [{ state: 'waiting', retryAfterSeconds: 9.2 }, '10', 'the tenant ended and is started again soon'],
    [{ state: 'crash_loop', retryAfterSeconds: 60 }, '60', 'the tenant ends again and again'],
    [{ state: 'draining' }, '5', 'the tenant is stopping'],
    [{ state: 'refused' }, '60', 'the tenant does not start with its settings'],
    [{ state: 'stopped' }, '60', 'the tenant is stopped'],
  ] as const)('a tenant that is %o is 503, and is not asked', async (view, retryAfter, message) => {
    gateway = await openTestGateway();
    const tenant = await gateway.tenant('one', undefined, { view });
    const answer = await get('/one/x', { method: 'POST', body: 'x' });
    expect([answer.status, answer.headers.get('retry-after'), await answer.json()]).toEqual([
      503,
      retryAfter,
      { code: 'TENANT_UNAVAILABLE', message },
    ]);
    expect(tenant.requests).toEqual([]);
  });

  it('a tenant that is saturated or stalled does not delay another', async () => {
    gateway = await openTestGateway();
    await gateway.tenant('one', () => {}, { limits: { concurrentRequests: 8 } });
    await gateway.tenant('two');
    const leaving = new AbortController();
    const load = Array.from({ length: 60 }, () => get('/one/x', { signal: leaving.signal }).catch(() => null));
    const times: number[] = [];
    for (let i = 0; i < 20; i++) {
      const startedMs = performance.now();
      expect((await get('/two/x')).status).toBe(200);
      times.push(performance.now() - startedMs);
    }
    times.sort((a, b) => a - b);
    expect(times[10]).toBeLessThan(200);
    leaving.abort();
    await Promise.all(load);
  });
});

describe('connections', () => {
  const connection = async (): Promise<Socket> => {
    const socket = connect(gateway.port, '127.0.0.1').on('error', () => {});
    open.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  const ask = async (socket: Socket, path: string): Promise<number> => {
    socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
    const [chunk] = await once(socket, 'data');
    return Number(/ (\d+)/.exec(String(chunk))?.[1]);
  };

  it('of one tenant are bounded, so that those of another find room', async () => {
    gateway = await openTestGateway({ bounds: { connections: 3 } });
    await gateway.tenant('one');
    await gateway.tenant('two');
    for (let i = 0; i < 3; i++) expect(await ask(await connection(), '/one/x')).toBe(200);
    const fourth = await connection();
    const closed = once(fourth, 'close');
    expect(await ask(fourth, '/one/x')).toBe(429);
    await closed;
    const other = await connection();
    expect(await ask(other, '/two/x')).toBe(200);
    // One that turns to the other tenant is that one's from then on.
    expect(await ask(open[0] as Socket, '/two/x')).toBe(200);
    expect(await ask(await connection(), '/one/x')).toBe(200);
    (open[1] as Socket).destroy();
    await eventually('the place of the one that went', async () => (await ask(await connection(), '/one/x')) === 200);
  });

  it('that say nothing are bounded: the one that is silent longest goes, whoever asks is served', async () => {
    gateway = await openTestGateway({ bounds: { silent: 5 } });
    await gateway.tenant('one');
    const silent = [];
    for (let i = 0; i < 5; i++) silent.push(await connection());
    const closed = once(silent[0] as Socket, 'close');
    const asking = await connection();
    expect(await ask(asking, '/one/x')).toBe(200);
    await closed;
    expect(silent.slice(1).every(({ destroyed }) => !destroyed)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['half of a request line', 'GET /one/'],
    ['headers that never end', 'GET /one/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: '],
  ])('that send %s are hung up on', async (_what, text) => {
    gateway = await openTestGateway({ bounds: { headersMs: 300 } });
    const tenant = await gateway.tenant('one');
    const socket = await connection();
    socket.write(text);
    const drip = setInterval(() => text && socket.write('a'), 50);
    socket.resume();
    await once(socket, 'close');
    clearInterval(drip);
    expect(tenant.requests).toEqual([]);
  });
});
