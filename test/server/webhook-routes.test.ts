import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newWebhookSecret } from '../../config/webhook-secret.ts';
import { buildServer } from '../../server/build-server.ts';
import { WebhookOutbox } from '../../server/sinks/webhook-outbox.ts';
import { Webhooks } from '../../server/sinks/webhooks.ts';
import type { WebhookSink } from '../../sinks/webhook/webhook-sink.ts';
import { eventEnvelope } from '../support/event-envelope.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { WebhookReceiver } from '../support/webhook-receiver.ts';

let receiver: WebhookReceiver;
let parts: FakeServerParts;
let webhooks: Webhooks;
let sink: WebhookSink;
let outbox: WebhookOutbox;
let app: FastifyInstance;

const READER = 'r'.repeat(24);
const ADMIN = 'a'.repeat(24);

beforeEach(async () => {
  receiver = await WebhookReceiver.start();
  const keys = [
    { name: 'reader', key: READER, scopes: ['read', 'door'] as const },
    { name: 'boss', key: ADMIN, scopes: ['admin'] as const },
  ];
  parts = await fakeServerParts({ settings: { keys: keys.map((key) => ({ ...key, scopes: [...key.scopes] })) } });
  const { clock, log, baseDir: dataDir } = parts;
  webhooks = new Webhooks({ dataDir, tenant: 'default', version: '1.2.3', clock, log, fault: () => undefined });
  const secrets = [newWebhookSecret()];
  sink = webhooks.open({ type: 'webhook', id: 'hook', url: receiver.url, secrets, insecure: false });
  outbox = new WebhookOutbox({ file: join(dataDir, 'webhooks.db'), clock, log });
  Object.assign(parts, { sinks: { views: () => [], webhooks } });
  app = await buildServer(parts);
});
afterEach(async () => {
  await app.close();
  await sink.close();
  webhooks.close();
  outbox.close();
  await receiver.close();
  parts.dispose();
});

const ask = (method: 'GET' | 'POST', url: string, payload?: object, key = ADMIN) =>
  app.inject({ method, url, headers: { 'x-api-key': key }, ...(payload && { payload }) });
const audited = () => parts.audit.read({ limit: 9 }).map(({ action, by, details }) => ({ action, by, ...details }));

function giveUp(...sequences: number[]): void {
  for (const { number } of outbox.take(
    'hook',
    sequences.map((n) => eventEnvelope(n)),
  )) {
    outbox.settle([{ number, kind: 'dead', deadAtMs: number, error: 'http://127.0.0.1 answered 500' }]);
  }
}

describe('webhooks over REST', () => {
  it('show what was given up, and try it again', async () => {
    // So that the sink takes none of it for its own.
    receiver.answer = () => undefined;
    giveUp(1, 2, 3);
    const { dead } = (await ask('GET', '/sinks/hook/dead?limit=2')).json();
    expect(dead).toMatchObject([
      { event: { sequence: 3, type: 'person.seen' }, attempts: 1, error: 'http://127.0.0.1 answered 500' },
      { event: { sequence: 2 } },
    ]);
    receiver.answer = (response) => void response.writeHead(204).end();
    const one = await ask('POST', '/sinks/hook/resend', { ids: [eventEnvelope(2).id, 'x'] });
    expect([one.statusCode, one.json()]).toEqual([200, { resent: 1 }]);
    expect((await ask('POST', '/sinks/hook/resend', { ids: 'all' })).json()).toEqual({ resent: 2 });
    await eventually('all three', () => receiver.received.length === 3);
    expect(receiver.received.map(({ data }) => data.replay)).toEqual([true, true, true]);
    expect(audited()).toEqual([
      { action: 'sink.resent', by: 'key boss', sink: 'hook', resent: 1 },
      { action: 'sink.resent', by: 'key boss', sink: 'hook', resent: 2 },
    ]);
  });

  it('enable an endpoint that wanted no more', async () => {
    receiver.answer = (response) => void response.writeHead(410).end();
    await sink.deliver([eventEnvelope(1)], new AbortController().signal);
    await eventually('it to be disabled', () => sink.isDisabled);
    expect((await ask('POST', '/sinks/hook/enable')).json()).toEqual({ wasDisabled: true });
    expect(sink.isDisabled).toBe(false);
    expect((await ask('POST', '/sinks/hook/enable')).json()).toEqual({ wasDisabled: false });
    expect(audited()).toEqual([{ action: 'sink.enabled', by: 'key boss', sink: 'hook' }]);
  });

  it('are tried out: what came back, also when nothing did', async () => {
    const good = (await ask('POST', '/sinks/hook/test')).json();
    expect(good).toMatchObject({
      delivered: true,
      status: 204,
      message: expect.stringMatching(/^http:\S+ answered 204$/),
    });
    expect(receiver.received[0]?.data).toMatchObject({ type: 'test', replay: true });
    receiver.answer = (_response, { socket }) => void socket.destroy();
    const bad = (await ask('POST', '/sinks/hook/test')).json();
    expect(bad).toMatchObject({ delivered: false, status: null, message: expect.stringContaining('(ECONNRESET)') });
    expect(audited()).toEqual([
      { action: 'sink.tested', by: 'key boss', sink: 'hook', delivered: true, status: 204 },
      { action: 'sink.tested', by: 'key boss', sink: 'hook', delivered: false, status: null },
    ]);
  });

  it.each([
    ['GET', '/sinks/nobody/dead', undefined, 404, 'SINK_NOT_FOUND'],
    ['POST', '/sinks/nobody/resend', { ids: 'all' }, 404, 'SINK_NOT_FOUND'],
    ['POST', '/sinks/nobody/enable', undefined, 404, 'SINK_NOT_FOUND'],
    ['POST', '/sinks/nobody/test', undefined, 404, 'SINK_NOT_FOUND'],
    ['POST', '/sinks/hook/resend', {}, 400, 'REQUEST_INVALID'],
    ['POST', '/sinks/hook/resend', { ids: [] }, 400, 'REQUEST_INVALID'],
    ['POST', '/sinks/hook/resend', { ids: 'some' }, 400, 'REQUEST_INVALID'],
    ['GET', '/sinks/hook/dead?limit=0', undefined, 400, 'REQUEST_INVALID'],
  ] as const)('refuse %s %s %j', async (method, url, payload, status, code) => {
    const answer = await ask(method, url, payload);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(audited()).toEqual([]);
  });

  it.each([
    ['GET', '/sinks/hook/dead'],
    ['POST', '/sinks/hook/resend'],
    ['POST', '/sinks/hook/enable'],
    ['POST', '/sinks/hook/test'],
  ] as const)('are for admins only: %s %s', async (method, url) => {
    const answer = await ask(
      method,
      url,
      method === 'POST' && url.endsWith('resend') ? { ids: 'all' } : undefined,
      READER,
    );
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'FORBIDDEN']);
    expect(receiver.received).toEqual([]);
  });
});
