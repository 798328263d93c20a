import { describe, expect, it } from 'vitest';
import { AppError } from '../../../config/app-error.ts';
import { ERROR_CODES, type ErrorCode } from '../../../config/error-codes.ts';
import { type ComprefaceServer, comprefaceServer, faceAlong } from '../../support/compreface-server.ts';
import { multipart } from '../../support/multipart.ts';
import { routesOf } from '../../support/routes-of.ts';
import { jpegPicture } from '../../support/test-pictures.ts';

const KEYS = {
  keys: [
    { name: 'all', key: 'fg_admin_0123456789abcdef', scopes: ['admin'] },
    { name: 'reader', key: 'fg_reader_0123456789abcdef', scopes: ['read'] },
    { name: 'camera', key: 'fg_camera_0123456789abcdef', scopes: ['recognize'] },
    { name: 'gate', key: 'fg_door_0123456789abcdef', scopes: ['door'] },
    { name: 'desk', key: 'fg_enroll_0123456789abcdef', scopes: ['read', 'enroll'] },
  ],
} as const;
const [ADMIN, READER, CAMERA, DOOR, DESK] = KEYS.keys.map(({ key }) => key);
const withKeys = () => comprefaceServer({ settings: structuredClone(KEYS) as never, key: ADMIN });
const as = (key: string | undefined) => ({ headers: { 'x-api-key': key } });

/** Nothing but CompreFace's two fields. */
const refusal = (code: number, status: number) => ({ status, keys: ['code', 'message'], code });
function seen({ status, body }: { status: number; body: { code: number } }) {
  return { status, keys: Object.keys(body).sort(), code: body.code };
}

describe('keys', () => {
  it('are facegate keys: a missing one is 20, a wrong one 10, and none is ever repeated', async () => {
    await using server = await withKeys();
    const missing = await server.app.inject('/api/v1/recognition/subjects');
    expect([missing.statusCode, missing.json()]).toEqual([400, { message: 'Missing header: x-api-key', code: 20 }]);
    const wrong = await server.call('GET', 'recognition/subjects', as('fg_wrong'));
    expect(seen(wrong)).toEqual(refusal(10, 404));
    expect(JSON.stringify(wrong.body)).not.toContain('fg_wrong');
    expect(wrong.headers).not.toHaveProperty('www-authenticate');
    expect((await server.call('GET', 'recognition/subjects')).status).toBe(200);
  });

  it('are asked for by their header alone: no cookie and no other header will do', async () => {
    await using server = await withKeys();
    const { statusCode, body } = await server.app.inject({
      url: '/api/v1/recognition/subjects',
      headers: { authorization: `Bearer ${ADMIN}` },
    });
    expect([statusCode, JSON.parse(body).code]).toEqual([400, 20]);
  });

  it('may have any value while there is none, but must come', async () => {
    await using server = await comprefaceServer();
    expect((await server.call('GET', 'recognition/subjects', as('00000000-0000-0000-0000-000000000002'))).status).toBe(
      200,
    );
    const none = await server.app.inject('/api/v1/recognition/subjects');
    expect([none.statusCode, none.json().code]).toEqual([400, 20]);
  });

  it('do not let other machines or foreign pages in while there is none', async () => {
    await using server = await comprefaceServer();
    const elsewhere = await server.call('GET', 'recognition/subjects', { remoteAddress: '10.0.0.9' });
    expect(seen(elsewhere)).toEqual(refusal(10, 404));
    const page = { headers: { origin: 'https://evil.example' } };
    expect(seen(await server.call('DELETE', 'recognition/subjects', page))).toEqual(refusal(0, 403));
  });

  it.each([
    ['GET', 'recognition/subjects', READER, true],
    ['GET', 'recognition/faces', CAMERA, false],
    ['POST', 'recognition/recognize', READER, false],
    ['POST', 'detection/detect', CAMERA, true],
    ['POST', 'verification/verify', DESK, false],
    ['POST', 'recognition/faces?subject=Ada', CAMERA, false],
    ['POST', 'recognition/faces?subject=Ada', DESK, true],
    ['DELETE', 'recognition/subjects/Ada', READER, false],
    ['DELETE', 'recognition/faces?subject=Ada', DESK, true],
    ['DELETE', 'recognition/faces', DESK, false],
    ['DELETE', 'recognition/faces', ADMIN, true],
    ['DELETE', 'recognition/subjects', DESK, false],
    ['DELETE', 'recognition/subjects', ADMIN, true],
  ] as const)('%s %s with the key %s: %s', async (method, path, key, allowed) => {
    await using server = await withKeys();
    const answer = await server.call(method, path, as(key));
    if (allowed) expect(answer.status).not.toBe(403);
    else expect(seen(answer)).toEqual(refusal(0, 403));
  });

  it('without a fitting scope get nowhere at all', async () => {
    await using server = await withKeys();
    const routes = routesOf(server.app).filter(({ url }) => url.startsWith('/api/v1/'));
    expect(routes.length).toBeGreaterThan(11);
    for (const { url, methods } of routes) {
      for (const method of methods.filter((each) => each !== 'HEAD')) {
        const answer = await server.call(method as 'GET', url.replace('/api/v1/', ''), as(DOOR));
        expect([method, url, seen(answer)]).toEqual([method, url, refusal(0, 403)]);
      }
    }
  });

  it('that ask too often are told when to come back', async () => {
    await using server = await comprefaceServer({ settings: { server: { requestsPerMinute: 2 } } });
    for (let i = 0; i < 2; i += 1) await server.call('GET', 'recognition/subjects');
    const refused = await server.call('GET', 'recognition/subjects');
    expect(seen(refused)).toEqual(refusal(0, 429));
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  });
});

describe('what is not there', () => {
  it.each([
    ['GET', 'recognition/nothing'],
    ['GET', 'recognition/recognize'],
    ['PUT', 'recognition/subjects'],
    ['GET', 'static/fg_key/images/1'],
    ['GET', 'recognition/faces/%zz/img'],
    ['GET', ''],
  ] as const)('%s %s is answered in CompreFace shape', async (method, path) => {
    await using server = await comprefaceServer();
    const { status, body } = await server.call(method, path);
    expect(Object.keys(body).sort()).toEqual(['code', 'message']);
    expect([status, typeof body.code, typeof body.message]).toEqual([
      path.includes('%zz') ? 400 : 404,
      'number',
      'string',
    ]);
    expect(JSON.stringify(body)).not.toContain('fg_key/images/1?');
  });

  it('stays in the shape of the native API outside of /api/v1', async () => {
    await using server = await comprefaceServer();
    for (const url of ['/nowhere', '/api/v2', '/api', '/cameras/nobody']) {
      const { statusCode, body } = await server.app.inject(url);
      expect([url, statusCode, JSON.parse(body).code]).toEqual([url, 404, expect.stringMatching(/^[A-Z_]+$/)]);
    }
  });
});

describe('pictures', () => {
  it.each<[string, (server: ComprefaceServer) => Promise<object>, number, number]>([
    ['no body', async () => ({}), 34, 400],
    ['another part', async () => multipart({ picture: await jpegPicture() }), 34, 400],
    ['no picture', async () => multipart({ file: Buffer.from('GIF89a') }), 21, 400],
    ['a broken one', async () => multipart({ file: (await jpegPicture()).subarray(0, 900) }), 21, 400],
    ['JSON without it', async () => ({ payload: {} }), 34, 400],
    ['an empty string', async () => ({ payload: { file: '' } }), 34, 400],
    ['what is not base64', async () => ({ payload: { file: '<script>' } }), 21, 400],
    ['a number', async () => ({ payload: { file: 7 } }), 21, 400],
    ['no JSON', async () => ({ payload: '{"file":', headers: { 'content-type': 'application/json' } }), 26, 400],
    ['a list', async () => ({ payload: [1] }), 26, 400],
    ['text', async () => ({ payload: 'x', headers: { 'content-type': 'text/plain' } }), 26, 400],
    [
      'multipart without its boundary',
      async () => ({ payload: 'x', headers: { 'content-type': 'multipart/form-data' } }),
      26,
      400,
    ],
    ['a file over the limit', async () => multipart({ file: Buffer.alloc(20_000, 0xff) }), 0, 413],
    ['base64 over the limit', async () => ({ payload: { file: 'A'.repeat(40_000) } }), 0, 413],
    ['base64 a little over the limit', async () => ({ payload: { file: 'A'.repeat(17_000) } }), 0, 413],
  ])('with %s are refused', async (_, request, code, status) => {
    await using server = await comprefaceServer({ settings: { server: { maxImageBytes: 12_000 } } });
    for (const path of ['recognition/recognize', 'recognition/faces?subject=Ada']) {
      const answer = await server.call('POST', path, await request(server));
      expect(seen(answer)).toEqual(refusal(code, status));
      expect(JSON.stringify(answer.body)).not.toContain('AAAA');
    }
    expect(server.gallery.size.subjects).toBe(0);
  });

  it('that are far too large are answered before their connection ends, in both ways of sending', async () => {
    await using server = await comprefaceServer({ settings: { server: { maxImageBytes: 12_000 } } });
    const address = await server.app.listen({ port: 0, host: '127.0.0.1' });
    const large = 'A'.repeat(8_000_000);
    const form = new FormData();
    form.append('file', new Blob([large]), 'large.jpg');
    const json = { 'content-type': 'application/json' };
    for (const request of [{ body: form }, { body: JSON.stringify({ file: large }), headers: json }]) {
      const response = await fetch(`${address}/api/v1/detection/detect`, {
        method: 'POST',
        ...request,
        headers: { 'x-api-key': 'any', ...('headers' in request && request.headers) },
      });
      expect([response.status, await response.json()]).toEqual([413, { message: expect.any(String), code: 0 }]);
    }
  });

  it('without a subject are refused', async () => {
    await using server = await comprefaceServer();
    expect((await server.send('recognition/faces')).body).toEqual({
      message: 'Required parameter subject is missing',
      code: 33,
    });
    expect(seen(await server.send('recognition/faces?subject='))).toEqual(refusal(26, 400));
    expect(seen(await server.send('recognition/faces?subject=%20'))).toEqual(refusal(26, 400));
  });
});

describe('what fails inside', () => {
  it.each([
    ['INFERENCE_FAILED', 41, 500],
    ['INFERENCE_DEADLINE', 41, 500],
    ['INFERENCE_BUSY', 41, 503],
    ['GALLERY_UNAVAILABLE', 41, 503],
    ['CONFIG_INVALID', 0, 500],
    ['INTERNAL', 0, 500],
  ] as const)('%s is %s with %s, and says nothing of how', async (code, number, status) => {
    await using server = await comprefaceServer();
    server.analyser.answer = () => {
      throw new AppError(code, 'the file /secret/place broke');
    };
    const answer = await server.send('recognition/recognize');
    expect(seen(answer)).toEqual(refusal(number, status));
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    if (status === 503) expect(answer.headers['retry-after']).toBe('1');
  });

  it('a defect says nothing either, and is logged', async () => {
    await using server = await comprefaceServer();
    server.analyser.answer = () => {
      throw new TypeError("Cannot read '/secret/place'");
    };
    const answer = await server.send('detection/detect');
    expect(seen(answer)).toEqual(refusal(0, 500));
    expect(JSON.stringify(answer.body)).not.toContain('secret');
    expect(server.parts.logged.some((line) => line.includes('/secret/place'))).toBe(true);
  });

  it('no code of facegate is answered with a status that is none of an error', async () => {
    await using server = await comprefaceServer();
    for (const code of Object.keys(ERROR_CODES) as ErrorCode[]) {
      server.analyser.answer = () => {
        throw new AppError(code, 'said');
      };
      const { status, body } = await server.send('recognition/recognize');
      expect(status).toBeGreaterThanOrEqual(400);
      expect([code, Object.keys(body).sort(), typeof body.code]).toEqual([code, ['code', 'message'], 'number']);
    }
  });
});

/** As Double Take reads an answer (its `normalize`): code 28 is empty, everything else must have a result. */
function doubleTake(data: { code?: number; result?: { box: object; subjects: { similarity: number }[] }[] }) {
  if (data.code === 28) return [];
  if (!data.result) throw new TypeError('no result');
  return data.result.map(({ subjects: [face] }) => (face ? Math.round(face.similarity * 10_000) / 100 : 0));
}

describe('Double Take', () => {
  const recognize = 'recognition/recognize?det_prob_threshold=0.8';

  it('reads a picture without a face as empty', async () => {
    await using server = await comprefaceServer();
    expect(doubleTake((await server.send(recognize)).body)).toEqual([]);
  });

  it('reads everybody else: known, unknown, unfit, and anybody while nobody is enrolled', async () => {
    await using server = await comprefaceServer();
    server.analyser.answer = () => [faceAlong([1, 0, 0, 0])];
    expect(doubleTake((await server.send(recognize)).body)).toEqual([0]);
    await server.enrolled('Ada', 1, 0, 0, 0);
    server.analyser.answer = () => [
      faceAlong([1, 0, 0, 0], { box: [0, 0, 50, 50] }),
      faceAlong([0, 1, 0, 0], { box: [0, 0, 40, 40] }),
      faceAlong([1, 0, 0, 0], { box: [0, 0, 9, 9], unfit: 'too_small', embedding: null }),
    ];
    const [known, unknown, unfit] = doubleTake((await server.send(recognize)).body);
    expect(known).toBeGreaterThan(99);
    expect(unknown).toBeLessThan(1);
    expect(unfit).toBe(0);
  });

  it('throws on every other body, which therefore never has a code 28', async () => {
    await using server = await comprefaceServer();
    const refused = await server.call('POST', recognize, await multipart({ file: Buffer.from('none') }));
    expect(() => doubleTake(refused.body)).toThrow('no result');
  });

  it('removes a person whom nobody has enrolled without an error', async () => {
    await using server = await comprefaceServer();
    expect((await server.call('DELETE', 'recognition/faces?subject=nobody')).body).toEqual({ deleted: 0 });
  });
});
