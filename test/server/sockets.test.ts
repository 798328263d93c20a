import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type { SettingsInput } from '../../config/settings-schema.ts';
import { buildServer } from '../../server/build-server.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';

const READER = 'reader-key-0123456789-abcdef';
const ANALYST = 'analyst-key-0123456789-abcdef';
const KEYS: SettingsInput = {
  keys: [
    { name: 'wall', key: READER, scopes: ['read'] },
    { name: 'batch', key: ANALYST, scopes: ['recognize'] },
  ],
};

let parts: FakeServerParts;
let app: FastifyInstance;
let base: string;
const opened: WebSocket[] = [];

async function serve(settings: SettingsInput = {}): Promise<void> {
  parts = await fakeServerParts({ settings: { cameras: [{ id: 'front', url: 'rtsp://a/' }], ...settings } });
  app = await buildServer(parts);
  await app.listen({ host: '127.0.0.1', port: 0 });
  base = `127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.terminate();
  await app.close();
  parts.dispose();
});

type Outcome = { opened: true; socket: WebSocket } | { opened: false; status: number; body: unknown };

/** Opens a socket, or reads the HTTP answer that refused it. */
function connect(path: string, headers: Record<string, string> = {}): Promise<Outcome> {
  const socket = new WebSocket(`ws://${base}${path}`, { headers, perMessageDeflate: true });
  opened.push(socket);
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ opened: true, socket }));
    socket.on('unexpected-response', (_request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body: unknown = JSON.parse(Buffer.concat(chunks).toString());
        resolve({ opened: false, status: response.statusCode ?? 0, body });
      });
    });
    socket.on('error', (error) => {
      if (!/Unexpected server response|closed before/.test(error.message)) reject(error);
    });
  });
}

async function open(path: string, headers: Record<string, string> = {}): Promise<WebSocket> {
  const outcome = await connect(path, headers);
  if (!outcome.opened) throw new Error(`refused with ${outcome.status}: ${JSON.stringify(outcome.body)}`);
  return outcome.socket;
}

describe('WS /ws/live', () => {
  it.each([
    ['/ws/live', { cameras: [], video: true, annotate: false }],
    ['/ws/live?camera=front', { cameras: ['front'], video: true, annotate: false }],
    [
      '/ws/live?camera=front&camera=front&video=0&annotate=1',
      { cameras: ['front', 'front'], video: false, annotate: true },
    ],
  ])('hands %s over as asked', async (path, asked) => {
    await serve();
    await open(path);
    expect(parts.live.added.map(([, options]) => options)).toEqual([asked]);
  });

  it('hands over a socket that works in both directions, uncompressed', async () => {
    await serve();
    const socket = await open('/ws/live');
    expect(socket.extensions).toBe('');
    const [server] = parts.live.added[0] ?? [];
    const got = once(socket, 'message');
    server?.send('hello');
    expect(String((await got)[0])).toBe('hello');
  });

  it.each([
    ['/ws/live?camera=none', 404, 'CAMERA_NOT_FOUND'],
    ['/ws/live?video=yes', 400, 'REQUEST_INVALID'],
    ['/ws/live?annotate=2', 400, 'REQUEST_INVALID'],
    ['/ws/events?since=-1', 400, 'REQUEST_INVALID'],
    ['/ws/preview/none', 404, 'CAMERA_NOT_FOUND'],
    ['/ws/nowhere', 404, 'NOT_FOUND'],
  ])('refuses %s before the socket opens', async (path, status, code) => {
    await serve();
    expect(await connect(path)).toMatchObject({ opened: false, status, body: { code } });
    expect(parts.live.added).toEqual([]);
  });

  it('tells a plain GET that it speaks WebSocket', async () => {
    await serve();
    for (const path of ['/ws/live', '/ws/events', '/ws/preview/front']) {
      const answer = await fetch(`http://${base}${path}`);
      expect([answer.status, await answer.json()]).toEqual([
        400,
        { code: 'REQUEST_INVALID', message: 'this address speaks WebSocket only' },
      ]);
    }
  });

  it('ends a client that sends more than 64 KiB, and nobody else', async () => {
    await serve();
    const [loud, quiet] = [await open('/ws/live'), await open('/ws/live')];
    const closed = once(loud, 'close');
    loud.send(Buffer.alloc(65_537));
    await closed;
    expect(quiet.readyState).toBe(WebSocket.OPEN);
    expect((await fetch(`http://${base}/health`)).status).toBe(200);
  });
});

describe('WS /ws/events', () => {
  it.each([
    ['/ws/events', {}],
    ['/ws/events?since=0', { since: 0 }],
    ['/ws/events?since=41', { since: 41 }],
  ])('hands %s over as asked', async (path, asked) => {
    await serve();
    await open(path);
    expect(parts.feed.added.map(([, options]) => options)).toEqual([asked]);
  });
});

describe('WS /ws/preview/:camera', () => {
  it('hands the socket over with its camera', async () => {
    await serve();
    await open('/ws/preview/front');
    expect(parts.preview.added.map(([, options]) => options)).toEqual([{ camera: 'front' }]);
  });
});

describe('who may open a socket', () => {
  it.each<[string, SettingsInput, Record<string, string>, number, string]>([
    ['a foreign page, without keys', {}, { origin: 'http://evil.example' }, 403, 'ORIGIN_NOT_ALLOWED'],
    [
      'a foreign page with a key',
      KEYS,
      { origin: 'http://evil.example', 'x-api-key': READER },
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    ['a sandboxed page', {}, { origin: 'null' }, 403, 'ORIGIN_NOT_ALLOWED'],
    ['a rebound name', {}, { host: 'evil.example' }, 403, 'HOST_NOT_ALLOWED'],
    ['nobody known', KEYS, {}, 401, 'UNAUTHENTICATED'],
    ['a wrong key', KEYS, { 'x-api-key': 'wrong' }, 401, 'UNAUTHENTICATED'],
    ['a key without the scope', KEYS, { 'x-api-key': ANALYST }, 403, 'FORBIDDEN'],
  ])('not %s', async (_who, settings, headers, status, code) => {
    await serve(settings);
    for (const path of ['/ws/live', '/ws/events', '/ws/preview/front']) {
      expect(await connect(path, headers)).toMatchObject({ opened: false, status, body: { code } });
    }
    expect(parts.live.added).toEqual([]);
    expect(parts.feed.added).toEqual([]);
    expect(parts.preview.added).toEqual([]);
  });

  it('our own page, with or without keys: the cookie, or a key in a header', async () => {
    await serve();
    await open('/ws/live', { origin: `http://${base}` });
    await app.close();
    parts.dispose();
    await serve(KEYS);
    await open('/ws/live', { authorization: `Bearer ${READER}` });
    const login = await fetch(`http://${base}/session`, {
      method: 'POST',
      body: JSON.stringify({ key: READER }),
      headers: { 'content-type': 'application/json' },
    });
    const cookie = String(login.headers.get('set-cookie')).split(';')[0] as string;
    await open('/ws/live', { cookie, origin: `http://${base}` });
    expect(await connect('/ws/live', { cookie, origin: 'http://127.0.0.1:1' })).toMatchObject({ status: 403 });
  });
});

describe('close', () => {
  it('ends every socket with 1001, refuses new requests and may be called twice', async () => {
    await serve();
    const sockets = [await open('/ws/live'), await open('/ws/events'), await open('/ws/preview/front')];
    const codes = Promise.all(sockets.map(async (socket) => (await once(socket, 'close'))[0] as number));
    await Promise.all([app.close(), app.close()]);
    expect(await codes).toEqual([1001, 1001, 1001]);
    await expect(fetch(`http://${base}/health`)).rejects.toThrow();
    await app.close();
  });

  it('does not wait for a client that never says goodbye', async () => {
    await serve();
    const socket = await open('/ws/live');
    socket.pause();
    const startedMs = performance.now();
    await app.close();
    expect(performance.now() - startedMs).toBeLessThan(4000);
  });

  it('lets a request that runs come to its end', async () => {
    await serve();
    let finish: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const started = new Promise<void>((resolve) => {
      Object.assign(parts.cameras, {
        probe: async () => {
          resolve();
          await held;
          return { ok: false, code: 'STREAM_TIMEOUT', message: 'silent' };
        },
      });
    });
    const answer = fetch(`http://${base}/cameras/probe`, {
      method: 'POST',
      body: JSON.stringify({ url: 'rtsp://a/' }),
      headers: { 'content-type': 'application/json' },
    });
    await started;
    const closed = app.close();
    finish();
    expect((await answer).status).toBe(200);
    await closed;
  });

  it('is done before it ever listened', async () => {
    parts = await fakeServerParts();
    app = await buildServer(parts);
    await app.close();
    await app.close();
  });
});
