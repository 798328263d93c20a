import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type EventLog, openEventLog } from '../../access/event-log.ts';
import { EVENT_TYPES } from '../../config/event-types.ts';
import type { SettingsInput } from '../../config/settings-schema.ts';
import type { AccessEvent } from '../../pipeline/access-event.ts';
import { eventView } from '../../server/api-schemas.ts';
import { buildServer } from '../../server/build-server.ts';
import { EventFeed } from '../../sinks/event-feed.ts';
import { eventDraft } from '../support/event-draft.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const READER = 'reader-key-0123456789-abcdef';
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => i + first);

let folder: string;
let log: EventLog;
let feed: EventFeed;
let parts: FakeServerParts;
let app: FastifyInstance;
let base: string;
const streams: Stream[] = [];

async function serve(settings: SettingsInput = {}): Promise<void> {
  parts = await fakeServerParts({ settings, parts: { events: log, feed } });
  app = await buildServer(parts);
  await app.listen({ host: '127.0.0.1', port: 0 });
  base = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-feeds-'));
  log = openEventLog({
    file: join(folder, 'events.db'),
    tenant: 'default',
    clock: new VirtualClock(),
    log: recordedLog(),
  });
  feed = new EventFeed({ log, maxBufferedBytes: 65_536 });
});
afterEach(async () => {
  for (const stream of streams.splice(0)) stream.cut();
  await app?.close();
  parts?.dispose();
  await feed.close();
  await log.close();
  rmSync(folder, { recursive: true });
});

interface Stream {
  readonly status: number;
  readonly body: () => string;
  readonly events: () => AccessEvent[];
  readonly ids: () => number[];
  readonly response: IncomingMessage;
  readonly ended: Promise<unknown>;
  cut(): void;
}

/** Reads a stream as an EventSource does: blocks between empty lines, `id` and `data`. */
async function stream(path: string, headers: Record<string, string> = {}): Promise<Stream> {
  const request = get(base + path, { headers });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
  response.on('error', () => undefined);
  const blocks = () =>
    text
      .split('\n\n')
      .slice(0, -1)
      .map((block) => new Map(block.split('\n').map(field)));
  const told = () => blocks().filter((block) => block.has('id'));
  const opened: Stream = {
    status: response.statusCode ?? 0,
    body: () => text,
    events: () => told().map((block) => JSON.parse(block.get('data') as string)),
    ids: () => told().map((block) => Number(block.get('id'))),
    response,
    ended: new Promise((resolve) => response.once('close', resolve)),
    cut: () => request.destroy(),
  };
  streams.push(opened);
  return opened;
}
const field = (line: string): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)];

const append = (count: number, fields: Parameters<typeof eventDraft>[0] = {}) =>
  log.appendAll(upTo(count).map(() => eventDraft(fields)));

describe('GET /events', () => {
  const page = async (query: string) => (await app.inject(`/events?${query}`)).json();
  const numbers = (body: { events: AccessEvent[] }) => body.events.map(({ sequence }) => sequence);

  it('pages upwards past what the filters leave out, and downwards until nothing is left', async () => {
    await serve();
    append(12_000);
    append(2, { type: 'access.denied', door: 'lobby' });
    append(12_000, { door: 'lab' });
    append(1, { type: 'access.denied', door: 'lobby', subject: { id: 's-9', name: 'Grace' } });
    append(10);
    const filter = 'types=access.denied,access.granted&doors=lobby';
    const up = await page(`since=0&limit=2&${filter}`);
    expect([numbers(up), up.next, up.previous, up.latest]).toEqual([[12_001, 12_002], 12_002, null, 24_013]);
    const rest = await page(`since=${up.next}&limit=2&${filter}`);
    expect([numbers(rest), rest.next, rest.previous]).toEqual([[24_003], 24_013, 12_003]);
    expect(numbers(await page(`since=${rest.next}&limit=2&${filter}`))).toEqual([]);

    const newest = await page(`limit=2&${filter}`);
    expect([numbers(newest), newest.next]).toEqual([[12_002, 24_003], 24_013]);
    const older = await page(`limit=2&before=${newest.previous}&${filter}`);
    expect([numbers(older), older.previous]).toEqual([[12_001], null]);
    for (const who of ['s-9', 'Grace']) expect(numbers(await page(`subject=${who}&camera=front`))).toEqual([24_003]);
    expect(numbers(await page('subject=grace'))).toEqual([]);
    expect(numbers(await page('camera=yard'))).toEqual([]);
  });

  it.each([
    ['types=acces.granted', `query "types" must be one of ${EVENT_TYPES.join(', ')} (did you mean access.granted?)`],
    ['types=', 'query "types" must name 1 or more'],
    ['doors=a,,b', 'query "doors" must name 1 or more'],
    ['since=1&before=2', 'query "before" cannot stand beside "since"'],
    ['before=0', 'query "before" must be between 1 and'],
    ['door=lobby', 'door'],
  ])('refuses ?%s', async (query, message) => {
    await serve();
    for (const path of query.includes('before') ? ['/events'] : ['/events', '/events/stream']) {
      const answer = await app.inject(`${path}?${query}`);
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'REQUEST_INVALID']);
      expect(answer.json().message).toContain(message);
    }
  });
});

describe('GET /events/stream', () => {
  it('replays from a number and goes on live, without gap or double', async () => {
    await serve();
    append(700);
    const told = await stream('/events/stream?since=100');
    append(3);
    await eventually('all events', () => told.ids().at(-1) === 703);
    append(2);
    await eventually('all events', () => told.ids().at(-1) === 705);
    expect(told.ids()).toEqual(upTo(705, 101));
    expect(told.events().map(({ sequence }) => sequence)).toEqual(upTo(705, 101));
    expect(
      told
        .events()
        .slice(-2)
        .map(({ replay }) => replay),
    ).toEqual([false, false]);
    expect(told.events()[0]?.replay).toBe(true);
    expect(told.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  it('goes on after Last-Event-ID, which comes before `since`', async () => {
    await serve();
    append(9);
    const told = await stream('/events/stream?since=2', { 'last-event-id': '6' });
    await eventually('the rest', () => told.ids().at(-1) === 9);
    expect(told.ids()).toEqual([7, 8, 9]);
    const bad = await stream('/events/stream', { 'last-event-id': 'x' });
    expect(bad.status).toBe(400);
  });

  it('tells only what is asked for, in the replay and live', async () => {
    await serve();
    append(300);
    append(1, { type: 'access.denied', door: 'lobby' });
    append(1, { type: 'access.denied', door: 'lab' });
    const told = await stream('/events/stream?since=0&types=access.denied&doors=lobby');
    const over = new WebSocket(`${base.replace('http', 'ws')}/ws/events?since=0&types=access.denied&doors=lobby`);
    const heard: number[] = [];
    over.on('message', (data) => heard.push(JSON.parse(String(data)).sequence));
    await once(over, 'open');
    await eventually('the replay', () => told.ids().length === 1 && heard.length === 1);
    append(2);
    append(1, { type: 'access.denied', door: 'lobby' });
    append(1, { type: 'access.denied', door: null });
    append(1, { type: 'access.denied', door: 'lobby' });
    await eventually('the last one', () => told.ids().length === 3 && heard.length === 3);
    expect([told.ids(), heard]).toEqual([
      [301, 305, 307],
      [301, 305, 307],
    ]);
    over.terminate();
  });

  it('carries the address of the picture of the moment, live and again, where there is one and nowhere else', async () => {
    await serve();
    append(1, { pictured: true });
    append(1);
    const told = await stream('/events/stream?since=0');
    await eventually('the replay', () => told.ids().length === 2);
    append(1, { pictured: true });
    await eventually('the last one', () => told.ids().length === 3);
    const [first, second, third] = told.events();
    for (const event of [first, third]) expect(event?.snapshotUrl).toBe(`/events/${event?.id}/snapshot`);
    expect(second).not.toHaveProperty('snapshotUrl');
  });

  it('answers 410 in plain JSON where the number is not in the log', async () => {
    await serve();
    append(3);
    const gone = await stream('/events/stream?since=9');
    await gone.ended;
    expect(gone.status).toBe(410);
    expect(JSON.parse(gone.body())).toMatchObject({ code: 'EVENT_CURSOR_GONE', details: { oldest: 1, latest: 3 } });
  });

  it('cuts off a client that does not read, which comes back and has each event once', async () => {
    await serve();
    append(1);
    const [slow, fast] = [await stream('/events/stream?since=0'), await stream('/events/stream?since=0')];
    await eventually('the first event', () => slow.ids().length === 1);
    slow.response.pause();
    const reason = 'x'.repeat(20_000);
    for (const n of upTo(600, 2)) {
      append(1, { reason });
      while (fast.response.readableFlowing && !fast.body().includes(`id: ${n}\n`)) await setImmediate();
      if (feed.stats().tooSlow > 0) break;
    }
    expect(feed.stats().tooSlow).toBe(1);
    slow.response.resume();
    await slow.ended;
    const last = slow.ids().at(-1) as number;
    const latest = log.lastSequence;
    expect(slow.ids()).toEqual(upTo(last));
    expect(last).toBeLessThan(latest);
    const back = await stream('/events/stream', { 'last-event-id': String(last) });
    await eventually('the rest', () => back.ids().at(-1) === latest);
    expect([...slow.ids(), ...back.ids()]).toEqual(upTo(latest));
    expect(fast.ids()).toEqual(upTo(latest));
  }, 60_000);

  it('needs the scope, and ends when the key is revoked', async () => {
    await serve({
      keys: [
        { name: 'wall', key: READER, scopes: ['read'] },
        { name: 'b', key: `${READER}2`, scopes: ['recognize'] },
      ],
    });
    expect((await stream('/events/stream')).status).toBe(401);
    expect((await stream('/events/stream', { 'x-api-key': `${READER}2` })).status).toBe(403);
    const made = parts.keys.create({ name: 'temporary', scopes: ['read'] });
    const told = await stream('/events/stream', { 'x-api-key': made.key });
    append(1);
    await eventually('the event', () => told.ids().length === 1);
    parts.keys.revoke(made.id);
    await told.ended;
    append(1);
    expect(told.ids()).toEqual([1]);
    expect(feed.stats().clients).toBe(0);
  });

  it('ends when the server closes, without holding it up', async () => {
    await serve();
    const told = await stream('/events/stream');
    const begun = Date.now();
    await app.close();
    await told.ended;
    expect(Date.now() - begun).toBeLessThan(4000);
  });
});

describe('GET /schemas/event.json', () => {
  it('is open to everybody, is what stands in the package, and fits an event', async () => {
    await serve({ keys: [{ name: 'wall', key: READER, scopes: ['read'] }] });
    const answer = await app.inject('/schemas/event.json');
    expect(answer.statusCode).toBe(200);
    const file = new URL('../../docs/schemas/event-1.json', import.meta.url);
    expect(answer.json()).toEqual(JSON.parse(readFileSync(file, 'utf8')));
    expect(answer.json().$id).toMatch(/event-1\.json$/);
    // Further fields may come, wherever.
    expect(answer.body).not.toContain('"additionalProperties":false');
    const event = log.append(eventDraft());
    expect(answer.json().required.toSorted()).toEqual(Object.keys(event).sort());
    expect(eventView.parse(event)).toEqual(event);
  });
});
