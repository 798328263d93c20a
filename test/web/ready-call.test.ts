import { afterEach, describe, expect, it, vi } from 'vitest';
import { facegateApi } from '../../web/src/api/facegate-api.ts';

const answers = (status: number, body: string) =>
  vi.stubGlobal('fetch', async () => new Response(body, { status, headers: { 'content-type': 'application/json' } }));

describe('asking whether the server is ready', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('takes a 503 that is a readiness for an answer', async () => {
    answers(503, '{"ready":false,"gallery":{"subjects":3}}');
    await expect(facegateApi.ready()).resolves.toMatchObject({ ready: false, gallery: { subjects: 3 } });
  });

  it('takes the 503 of a server that is closing for an error: the page would read facts that are not in it', async () => {
    answers(503, '{"error":"Service Unavailable","code":"FST_ERR_REOPENED","message":"closing","statusCode":503}');
    await expect(facegateApi.ready()).rejects.toMatchObject({ status: 503, message: 'closing' });
  });

  it('takes a 503 that is no JSON for an error', async () => {
    answers(503, '<html>');
    await expect(facegateApi.ready()).rejects.toMatchObject({ code: 'HTTP_503' });
  });
});
