import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../config/app-error.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { buildServer } from '../../server/build-server.ts';
import type { LatestPicture } from '../../server/server-parts.ts';
import { fakeFace } from '../support/fake-analyser.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { routesOf } from '../support/routes-of.ts';

let parts: FakeServerParts;
let app: FastifyInstance;

beforeEach(async () => {
  parts = await fakeServerParts({
    settings: {
      cameras: [{ id: 'front', url: 'rtsp://user:pw@10.0.0.5/one' }],
      doors: [
        {
          id: 'lobby',
          cameras: ['front'],
          allow: ['Ada'],
          confirm: { matches: 4, within: '2s' },
          maxAge: '400ms',
          cooldown: '3s',
        },
      ],
    },
  });
  app = await buildServer(parts);
});
afterEach(async () => {
  await app.close();
  parts.dispose();
});

const post = (url: string, payload?: object) => app.inject({ method: 'POST', url, ...(payload && { payload }) });
const remove = (url: string) => app.inject({ method: 'DELETE', url });

describe('every answer', () => {
  it.each(['/health', '/cameras', '/nowhere', '/', '/openapi.json'])(
    'of %s carries the security headers',
    async (url) => {
      const { headers } = await app.inject(url);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers['content-security-policy']).toContain("script-src 'self';");
      expect(headers['cross-origin-resource-policy']).toBe('same-origin');
      expect(headers['cache-control']).toBe('no-store');
    },
  );

  it.each<[method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string]>([
    ['GET', '/nowhere'],
    ['GET', '/detect'],
    ['PUT', '/cameras/front'],
    ['DELETE', '/'],
    ['POST', '/nowhere?token=abc'],
  ])('to %s %s is a 404 in the shape of all errors, without the query', async (method, url) => {
    const answer = await app.inject({ method, url });
    expect(answer.statusCode).toBe(404);
    expect(Object.keys(answer.json())).toEqual(['code', 'message']);
    expect(answer.json().code).toMatch(/NOT_FOUND$/);
    expect(answer.body).not.toContain('abc');
  });

  it.each([
    ['an address that cannot be decoded', 'GET', '/cameras/%zz', undefined, undefined],
    ['an id that is too long', 'GET', `/cameras/${'x'.repeat(201)}`, undefined, undefined],
    ['JSON that is none', 'POST', '/subjects', '{"name":', 'application/json'],
    ['an empty body', 'POST', '/subjects', '', 'application/json'],
    ['a body of another type', 'POST', '/subjects', 'name=Ada', 'text/csv'],
    ['a body too large', 'POST', '/subjects', JSON.stringify({ name: 'x'.repeat(70_000) }), 'application/json'],
    ['a prototype in the body', 'POST', '/subjects', '{"__proto__":{"a":1},"name":"x"}', 'application/json'],
  ] as const)('to %s is REQUEST_INVALID', async (_what, method, url, payload, type) => {
    const answer = await app.inject({
      method,
      url,
      ...(payload !== undefined && { payload, headers: { 'content-type': type } }),
    });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it('is counted by route and status, never by address', async () => {
    await app.inject('/cameras/front');
    await app.inject('/cameras/nobody');
    await app.inject('/a/b/c');
    const { body } = await app.inject('/metrics');
    expect(body).toContain(
      'facegate_http_request_seconds_count{tenant="default",method="GET",route="/cameras/:id",status="200"} 1',
    );
    expect(body).toContain(
      'facegate_http_request_seconds_count{tenant="default",method="GET",route="/cameras/:id",status="404"} 1',
    );
    expect(body).toContain(
      'facegate_http_request_seconds_count{tenant="default",method="GET",route="none",status="404"} 1',
    );
    expect(body).not.toContain('nobody');
  });
});

describe('GET /health and /ready', () => {
  const onTheCpu = {
    requested: 'auto',
    provider: 'cpu',
    device: 'cpu',
    isolation: 'shared',
    nodes: { cpu: 40 },
    degraded: false,
    passedOver: [],
    processes: 1,
    restarts: 0,
    insteadOf: null,
  };

  it('say that the process lives, and that its networks do', async () => {
    expect((await app.inject('/health')).json()).toEqual({ status: 'ok', version: '1.2.3' });
    const answer = await app.inject('/ready');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      ready: true,
      version: '1.2.3',
      reasons: [],
      models: [
        { role: 'detector', model: 'fake-detector', ...onTheCpu },
        { role: 'embedder', model: 'fake-embedder', ...onTheCpu },
      ],
      chosen: 'fake models (for tests)',
      cameras: { configured: 1, running: 1, byState: { running: 1 } },
      gallery: { subjects: 0, templates: 0 },
      degraded: false,
    });
  });

  it('say why the server is not ready', async () => {
    parts.faultList.push('no inference process runs');
    const answer = await app.inject('/ready');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({ ready: false, reasons: ['no inference process runs'] });
    expect((await app.inject('/health')).statusCode).toBe(200);
  });

  it('miss a network that does not run, and tell of one that runs elsewhere', async () => {
    const [detector] = parts.roles();
    const passedOver = [{ provider: 'cuda', why: 'it needs a driver' }];
    Object.assign(parts, { roles: () => [{ ...detector, degraded: true, passedOver }] });
    await app.close();
    app = await buildServer(parts);
    expect((await app.inject('/ready')).json()).toMatchObject({
      ready: false,
      degraded: true,
      reasons: ['the embedder does not run'],
      models: [{ role: 'detector', provider: 'cpu', passedOver }],
    });
  });
});

describe('cameras', () => {
  it('are listed without credentials', async () => {
    const answer = await app.inject('/cameras');
    expect(answer.json().cameras).toMatchObject([{ id: 'front', origin: 'config', state: 'running' }]);
    expect(answer.body).not.toContain('pw');
    expect((await app.inject('/cameras/front')).json()).toEqual(answer.json().cameras[0]);
  });

  it('are added with the defaults of the settings', async () => {
    const answer = await post('/cameras', { id: 'yard', url: 'rtsp://10.0.0.6/', fps: 2 });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toMatchObject({ id: 'yard', origin: 'added', conflict: null });
    expect(parts.cameras.asked[0]).toMatchObject({ id: 'yard', fps: 2, transport: 'tcp', timeout: 5000, width: 1280 });
    expect((await remove('/cameras/yard')).statusCode).toBe(204);
    expect((await app.inject('/cameras/yard')).json().code).toBe('CAMERA_NOT_FOUND');
  });

  it.each([
    [{ id: 'front', url: 'rtsp://a/' }, 409, 'CAMERA_EXISTS', /"front"/],
    [{ id: 'a', url: 'file:/etc/passwd' }, 400, 'SOURCE_URL_INVALID', /^url must start with rtsp/],
    [{ id: 'a', url: 'FILE:clip.mp4' }, 400, 'SOURCE_URL_INVALID', /^url must start with rtsp/],
    [{ id: 'a', url: '/etc/passwd' }, 400, 'SOURCE_URL_INVALID', /^url must start with rtsp/],
    [{ id: 'a', url: 'ftp://10.0.0.1/' }, 400, 'SOURCE_URL_INVALID', /^url must start with rtsp/],
    [{ id: 'a', url: 'rtsp://a/', failover: ['file:/etc/passwd'] }, 400, 'SOURCE_URL_INVALID', /^failover must start/],
    [{ id: 'a', url: 'rtsp://a/', passwordFile: '/etc/passwd' }, 400, 'REQUEST_INVALID', /passwordFile/],
    [{ id: 'a', url: 'rtsp://a/', tls: { ca: '/etc/passwd' } }, 400, 'REQUEST_INVALID', /"tls".*ca/],
    [{ id: 'a', url: 'rtsp://a/', loop: true }, 400, 'REQUEST_INVALID', /loop/],
    [{ id: 'a', url: 'rtsp://a/', password: 'x' }, 400, 'REQUEST_INVALID', /^body password needs a username/],
    [{ id: 'a', url: 'rtsp://a/', masks: [[[0, 0]]] }, 400, 'REQUEST_INVALID', /^body "masks/],
    [{ id: 'a', url: 'rtsp://a/', timeout: 5 }, 400, 'REQUEST_INVALID', /^body "timeout" must be a duration/],
    [{ id: 'A b', url: 'rtsp://a/' }, 400, 'REQUEST_INVALID', /^body "id" must be 1 to 64/],
    [{ id: 'a' }, 400, 'REQUEST_INVALID', /^body "url"/],
    [{ id: 'a', url: 'rtsp://a/', fps: 0 }, 400, 'REQUEST_INVALID', /^body "fps" must be between 1 and 60/],
    [{ id: 'a', url: 'rtsp://a/', color: 1 }, 400, 'REQUEST_INVALID', /color/],
  ])('are refused as %j', async (body, status, code, message) => {
    const answer = await post('/cameras', body);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(answer.json().message).toMatch(message);
  });

  it.each(['/cameras', '/cameras/probe', '/cameras/front'])('name no file of the server in %s', async (url) => {
    const whole = url === '/cameras/front' ? {} : { url: 'rtsps://a/', ...(url === '/cameras' && { id: 'a' }) };
    for (const file of [{ passwordFile: '/etc/passwd' }, { tls: { ca: '/etc/passwd' } }]) {
      const payload = { ...whole, username: 'ann', ...file };
      const answer = await app.inject({ method: url === '/cameras/front' ? 'PATCH' : 'POST', url, payload });
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
      expect(answer.json().message).toMatch(/passwordFile|ca\b/);
    }
    expect(parts.cameras.asked).toEqual([]);
  });

  it('may be changed: by what was sent, as it was sent', async () => {
    const patch = { name: 'Front', timeout: '2s', fps: null };
    const answer = await app.inject({ method: 'PATCH', url: '/cameras/front', payload: patch });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id: 'front', name: 'Front' });
    expect(parts.cameras.patches).toEqual([['front', patch]]);
    expect((await app.inject({ method: 'PATCH', url: '/cameras/none', payload: {} })).json().code).toBe(
      'CAMERA_NOT_FOUND',
    );
  });

  it.each([
    [{ id: 'other' }, /id/],
    [{ url: null }, /^body "url"/],
    [{ fps: 0 }, /^body "fps" must be between 1 and 60/],
    [{ enabled: 'no' }, /^body "enabled"/],
    [{ ffmpegArguments: ['-i', '/etc/passwd'] }, /ffmpegArguments/],
    [[], /^body/],
    ['x', /^body/],
  ])('are not changed by %j', async (payload, message) => {
    const answer = await app.inject({
      method: 'PATCH',
      url: '/cameras/front',
      payload: JSON.stringify(payload),
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.json().message).toMatch(message);
    expect(parts.cameras.patches).toEqual([]);
  });

  it('of the settings stay', async () => {
    const answer = await remove('/cameras/front');
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'CAMERA_CONFIGURED']);
    expect((await remove('/cameras/none')).json().code).toBe('CAMERA_NOT_FOUND');
  });

  it('are probed: what is there, with a small picture', async () => {
    const picture = {
      width: 1280,
      height: 720,
      format: 'rgb24',
      data: new Uint8Array(1280 * 720 * 3).fill(90),
    } as const;
    parts.cameras.probeAnswer = { ok: true, width: 1280, height: 720, codec: 'h264', fps: 25, picture };
    const answer = (await post('/cameras/probe', { url: 'rtsp://a/' })).json();
    expect(answer).toMatchObject({ ok: true, width: 1280, height: 720, codec: 'h264', fps: 25 });
    const [head, data] = answer.picture.split(',');
    expect(head).toBe('data:image/jpeg;base64');
    expect(await sharp(Buffer.from(data, 'base64')).metadata()).toMatchObject({ width: 640, height: 360 });
  });

  it('are probed: the smallest face, those that are too small, and what would help', async () => {
    const picture = { width: 1920, height: 1080, format: 'rgb24', data: new Uint8Array(1920 * 1080 * 3) } as const;
    parts.cameras.probeAnswer = { ok: true, width: 1920, height: 1080, codec: 'hevc', fps: null, picture };
    // In the whole picture one face is found; another one only where it is looked for closely, in the first tile.
    let looks = 0;
    parts.analyser.answer = () => {
      looks += 1;
      if (looks === 1) return [fakeFace({ box: [1000, 400, 1100, 520] })];
      return looks === 2 ? [fakeFace({ box: [100, 100, 130, 140] })] : [];
    };
    for (const url of ['/cameras/probe', '/cameras/front/probe']) {
      looks = 0;
      const answer = await post(url, url === '/cameras/probe' ? { url: 'rtsp://a/' } : undefined);
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({
        codec: 'hevc',
        smallestFace: { px: 48, framePx: 32, limitedBy: 'inputSize', width: 1280, inputSize: 640 },
        faces: { found: 2, tooSmall: 1, smallestPx: 30 },
        better: { width: 1536, inputSize: 1024, px: 30 },
      });
      expect(answer.json().better.why).toBe(
        '1 of 2 faces is too small at these settings; looking for faces then takes about 2.6 times as long',
      );
    }
    parts.analyser.answer = () => [fakeFace({ box: [1000, 400, 1100, 520] })];
    expect((await post('/cameras/probe', { url: 'rtsp://a/' })).json()).toMatchObject({
      faces: { tooSmall: 0 },
      better: null,
    });
    parts.analyser.answer = () => {
      throw new AppError('INFERENCE_BUSY', 'too much to do');
    };
    expect((await post('/cameras/probe', { url: 'rtsp://a/' })).json()).toMatchObject({ ok: true, faces: null });
    expect((await post('/cameras/none/probe')).json().code).toBe('CAMERA_NOT_FOUND');
  });

  it('that cannot be read are an answer of a probe, not an error', async () => {
    const answer = await post('/cameras/probe', { url: 'rtsp://a/' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ ok: false, code: 'STREAM_TIMEOUT', message: 'the camera stayed silent' });
    expect((await post('/cameras/probe', { url: 'file:/etc/passwd' })).json().code).toBe('SOURCE_URL_INVALID');
  });

  describe.each(['snapshot', 'annotated'])('%s.jpg', (file) => {
    const picture = (ageMs: number): LatestPicture => ({
      sequence: 812,
      ageMs,
      jpeg: async ({ annotated }) => Buffer.from(annotated ? 'annotated' : 'snapshot'),
    });

    it('shows the newest picture', async () => {
      parts.cameras.pictures.set('front', picture(5000));
      const answer = await app.inject(`/cameras/front/${file}.jpg`);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers).toMatchObject({
        'content-type': 'image/jpeg',
        'cache-control': 'no-store',
        'x-facegate-sequence': '812',
      });
      expect(answer.body).toBe(file);
    });

    it.each(['stalled', 'frozen', 'reconnecting', 'closed', 'failed'] as const)(
      'shows none of a camera that is %s, however young',
      async (state) => {
        parts.cameras.pictures.set('front', picture(100));
        Object.assign(parts.cameras.get('front'), { state, code: 'STREAM_STALLED', message: 'no new picture for 5 s' });
        const answer = await app.inject(`/cameras/front/${file}.jpg`);
        expect(answer.statusCode).toBe(409);
        expect(answer.json()).toEqual({
          code: 'CAMERA_STALE',
          message: `camera "front" is ${state}: no new picture for 5 s`,
          details: { state, code: 'STREAM_STALLED' },
        });
      },
    );

    it('shows none that is old, or that is not there yet', async () => {
      expect((await app.inject(`/cameras/front/${file}.jpg`)).json()).toEqual({
        code: 'CAMERA_STALE',
        message: 'camera "front" has no picture yet',
      });
      parts.cameras.pictures.set('front', picture(5001));
      const answer = await app.inject(`/cameras/front/${file}.jpg`);
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'CAMERA_STALE']);
      expect((await app.inject(`/cameras/none/${file}.jpg`)).statusCode).toBe(404);
    });
  });
});

describe('GET /doors', () => {
  it('shows the doors of the settings in milliseconds', async () => {
    expect((await app.inject('/doors')).json()).toMatchObject({
      doors: [{ id: 'lobby', confirm: { matches: 4, withinMs: 2000 }, maxAgeMs: 400, cooldownMs: 3000 }],
    });
  });
});

describe('GET /events', () => {
  const event = (sequence: number): AccessEvent => ({
    id: `id-${sequence}`,
    sequence,
    type: 'access.granted',
    tenant: 'default',
    door: 'lobby',
    camera: 'front',
    subject: { id: 's', name: 'Ada' },
    similarity: 0.7,
    threshold: 0.4,
    margin: 0.2,
    quality: 0.8,
    reason: null,
    frameSequence: 3,
    capturedAt: '2026-11-21T09:00:00.000Z',
    decidedAt: '2026-11-21T09:00:00.100Z',
    expiresAt: '2026-11-21T09:00:02.100Z',
    replay: true,
  });
  const sequences = async (url: string) => {
    const body = (await app.inject(url)).json();
    return [body.events.map((each: AccessEvent) => each.sequence), body.oldest, body.latest];
  };

  it('is empty at first', async () => {
    const nothing = { events: [], latest: 0, oldest: 0, next: 0, previous: null };
    expect((await app.inject('/events')).json()).toEqual(nothing);
    expect((await app.inject('/events?since=0')).json()).toMatchObject({ events: [], next: 0 });
  });

  it('reads from a number on, or the newest, ascending', async () => {
    parts.events.list = Array.from({ length: 250 }, (_, i) => event(i + 1));
    expect((await app.inject('/events?since=249')).json().events).toEqual([event(250)]);
    expect(await sequences('/events?since=3&limit=2')).toEqual([[4, 5], 1, 250]);
    expect(await sequences('/events?limit=3')).toEqual([[248, 249, 250], 1, 250]);
    expect((await app.inject('/events')).json().events).toHaveLength(100);
  });

  it('says when what was asked for is no longer kept', async () => {
    parts.events.list = [event(41), event(42)];
    const answer = await app.inject('/events?since=39');
    expect(answer.statusCode).toBe(410);
    expect(answer.json()).toMatchObject({ code: 'EVENT_CURSOR_GONE' });
    expect(await sequences('/events?since=40')).toEqual([[41, 42], 41, 42]);
    expect(await sequences('/events')).toEqual([[41, 42], 41, 42]);
  });

  it.each(['since=-1', 'since=x', 'limit=0', 'limit=1001', 'since=1.5'])('rejects ?%s', async (query) => {
    const answer = await app.inject(`/events?${query}`);
    expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
    expect(answer.json().message).toMatch(new RegExp(`^query "${query.split('=')[0]}" must be`));
  });
});

describe('GET /openapi.json', () => {
  it('describes every route and nothing else', async () => {
    const document = (await app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const described = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const served = routesOf(app)
      .filter(({ url }) => url !== '/' && !url.startsWith('/docs'))
      .flatMap(({ methods, url }) =>
        methods.filter((method) => method !== 'HEAD').map((method) => `${method} ${url.replace(/:(\w+)/g, '{$1}')}`),
      );
    expect(described.sort()).toEqual(served.sort());
    expect(described).toContain('POST /detect_and_{step}');
  });

  it('and docs/protocol.md know the same addresses', async () => {
    const document = (await app.inject('/openapi.json')).json();
    const text = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8');
    const missing = Object.keys(document.paths)
      .map((path) => path.replace('{step}', '<step>').replace(/\{(\w+)\}/g, ':$1'))
      .filter((path) => !text.includes(`${path}\``) && !text.includes(`${path} `) && !text.includes(`${path}?`));
    expect(missing).toEqual([]);
  });

  it('has references that lead somewhere, operations with answers, and files where files are sent', async () => {
    const document = (await app.inject('/openapi.json')).json();
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      expect(document.components.schemas).toHaveProperty(name as string);
    }
    const ids: string[] = [];
    const tags = document.tags.map(({ name }: { name: string }) => name);
    for (const methods of Object.values<Record<string, Record<string, unknown>>>(document.paths)) {
      for (const operation of Object.values(methods)) {
        expect(operation.summary).toEqual(expect.any(String));
        expect(Object.keys(operation.responses as object).length).toBeGreaterThan(0);
        expect(operation.security).toEqual(expect.any(Array));
        expect(operation.operationId).toMatch(/^[a-z][A-Za-z0-9]+$/);
        expect(ids).not.toContain(operation.operationId);
        ids.push(String(operation.operationId));
        expect(tags).toEqual(expect.arrayContaining(operation.tags as string[]));
      }
    }
    const add = document.paths['/subjects/{id}/faces'].post;
    const refused = add.responses['409'];
    expect(refused.description).toMatch(/^`SUBJECT_COLLISION`: /);
    expect(refused.content['application/json'].schema).toEqual({ $ref: '#/components/schemas/Error' });
    const detect = document.paths['/detect'].post;
    expect(detect.requestBody.content['multipart/form-data'].schema).toEqual({
      type: 'object',
      required: ['image'],
      properties: { image: { type: 'string', format: 'binary' } },
    });
    expect(detect.parameters.map((each: { name: string }) => each.name)).toEqual(['confidence', 'nms', 'max_faces']);
    expect(detect.description).toContain('`recognize`');
  });
});

describe('GET /docs', () => {
  it('shows the description with scripts of our own only', async () => {
    const page = await app.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self';");
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)/);
    expect((await app.inject('/docs/static/swagger-initializer.js')).body).toContain('/openapi.json');
  });
});

describe('the console', () => {
  it('is a plain page while it is not built', async () => {
    const page = await app.inject('/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toContain('npm run build:web');
  });

  it('is served from its folder, and only from there', async () => {
    mkdirSync(join(parts.consoleDir, 'assets'), { recursive: true });
    writeFileSync(join(parts.consoleDir, 'index.html'), '<title>console</title>');
    writeFileSync(join(parts.consoleDir, 'assets', 'main-abc.js'), 'export {}');
    await app.close();
    app = await buildServer(parts);
    const page = await app.inject('/');
    expect(page.body).toBe('<title>console</title>');
    expect(page.headers['cache-control']).toBe('no-cache');
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
    const script = await app.inject('/assets/main-abc.js');
    expect(script.headers['cache-control']).toContain('immutable');
    for (const url of ['/../keys.db', '/%2e%2e/keys.db', '/assets/..%2f..%2fkeys.db', '/keys.db', '/missing.js']) {
      const answer = await app.inject(url);
      expect([403, 404]).toContain(answer.statusCode);
      expect(answer.json()).toHaveProperty('code');
    }
    expect((await app.inject('/cameras')).json()).toHaveProperty('cameras');
  });
});
