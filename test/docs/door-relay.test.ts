import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { type EventLog, openEventLog } from '../../access/event-log.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { systemClock } from '../../pipeline/system-clock.ts';
import { buildServer } from '../../server/build-server.ts';
import { EventFeed } from '../../sinks/event-feed.ts';
import { eventDraft } from '../support/event-draft.ts';
import { eventEnvelope } from '../support/event-envelope.ts';
import { eventually } from '../support/eventually.ts';
import { type FakeServerParts, fakeServerParts } from '../support/fake-server-parts.ts';

const program = resolve(import.meta.dirname, '../../docs/examples/door-relay.ts');
const KEY = 'relay-key-of-24-characters';

let folder: string;
let relays: Relay[];

interface Relay {
  readonly out: string[];
  readonly said: string[];
  readonly child: ChildProcess;
  stop(): Promise<void>;
}

function startRelay(url: string, env: Record<string, string> = {}): Relay {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', FACEGATE_URL: url, FACEGATE_KEY: KEY, DOORS: 'lobby,gate', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines = (list: string[]) => (text: string) => void list.push(...text.split('\n').filter((line) => line !== ''));
  const relay: Relay = {
    out: [],
    said: [],
    child,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
  child.stdout.setEncoding('utf8').on('data', lines(relay.out));
  child.stderr.setEncoding('utf8').on('data', lines(relay.said));
  relays.push(relay);
  return relay;
}

const heard = (relay: Relay, words: string | RegExp, times = 1) =>
  eventually(`the relay to say ${words}`, () => relay.said.filter((line) => line.match(words)).length >= times).catch(
    (cause) => {
      throw new Error(`it said:\n${relay.said.join('\n')}`, { cause });
    },
  );

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'facegate-relay-'));
  relays = [];
});
afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  rmSync(folder, { recursive: true });
});

describe('the reference consumer, at the real feed', () => {
  let parts: FakeServerParts;
  let events: EventLog;
  let feed: EventFeed;
  let app: FastifyInstance;
  let url: string;

  async function listen(port: number): Promise<void> {
    feed = new EventFeed({ log: events, clock: systemClock });
    Object.assign(parts, { events, feed });
    app = await buildServer(parts);
    url = await app.listen({ host: '127.0.0.1', port });
  }
  async function hangUp(): Promise<void> {
    await feed.close();
    await app.close();
  }

  beforeEach(async () => {
    parts = await fakeServerParts({
      settings: {
        keys: [
          { name: 'relay', key: KEY, scopes: ['read'] },
          { name: 'boss', key: 'b'.repeat(24), scopes: ['admin'] },
        ],
        cameras: [{ id: 'front', url: 'test:' }],
        doors: [{ id: 'lobby', cameras: ['front'], allow: ['Ada'] }],
      },
    });
    events = openEventLog({ file: join(folder, 'log.db'), tenant: 'default', clock: systemClock, log: silentLog });
    await listen(0);
  });
  afterEach(async () => {
    await hangUp();
    await events.close();
    parts.dispose();
  });

  const granted = (fields = {}) => {
    const nowMs = Date.now();
    const times = { capturedAtMs: nowMs - 100, decidedAtMs: nowMs, expiresAtMs: nowMs + 1900 };
    return events.append(eventDraft({ type: 'access.granted', door: 'lobby', ...times, ...fields }));
  };

  it('opens for a live grant, never for one that it missed, and goes on where it was', {
    timeout: 60_000,
  }, async () => {
    events.append(eventDraft());
    granted();
    const relay = startRelay(url);
    await heard(relay, 'listening from event 2 on');
    await heard(relay, 'facegate has no door "gate"');
    const first = granted();
    await eventually('a door to open', () => relay.out.length === 1);
    expect(relay.out).toEqual([`OPEN lobby ${first.id}`]);
    granted({ door: 'vault' });
    events.append(eventDraft({ type: 'access.denied', door: 'lobby', reason: 'unknown' }));
    granted({ expiresAtMs: Date.now() - 1 });
    await heard(relay, /event 6 opens nothing: it is (a replay|\d+ ms too late)/);

    // facegate is away, and grants something that the relay hears of afterwards.
    const { port } = new URL(url);
    await hangUp();
    await heard(relay, 'the connection is over');
    const missed = granted();
    await listen(Number(port));
    await heard(relay, `event ${missed.sequence} opens nothing: it is a replay`);

    // The relay is killed, and comes back.
    relay.child.kill('SIGKILL');
    await once(relay.child, 'exit');
    const again = granted();
    const second = startRelay(url);
    await heard(second, `listening from event ${missed.sequence} on`);
    await heard(second, new RegExp(`event ${again.sequence} opens`));
    const last = granted();
    await eventually('a door to open', () => second.out.includes(`OPEN lobby ${last.id}`));
    expect(relay.out).toHaveLength(1);
    expect(second.out.filter((line) => line.includes(missed.id))).toEqual([]);
    const state = JSON.parse(readFileSync(join(folder, 'door-relay.json'), 'utf8'));
    expect(state).toMatchObject({ sequence: last.sequence, granted: expect.arrayContaining([first.id, last.id]) });
    expect([...relay.said, ...second.said].join()).not.toMatch(new RegExp(`${KEY}|Ada`));
  });

  it('runs the relay with the door, goes on from the oldest when events are gone, and believes no door that is locked down', {
    timeout: 60_000,
  }, async () => {
    writeFileSync(join(folder, 'door-relay.json'), JSON.stringify({ sequence: 4711, granted: [] }));
    for (let n = 0; n < 3; n += 1) events.append(eventDraft());
    const log = join(folder, 'relay.log');
    const command = join(folder, 'pulse');
    writeFileSync(command, `#!/bin/sh\necho "$@" >> "${log}"\n`, { mode: 0o700 });
    const relay = startRelay(url, { RELAY: command });
    await heard(relay, 'events after 4711 are not there any more; going on after 0');
    await heard(relay, 'listening from event 0 on');
    const { id, sequence } = granted();
    await eventually('the relay to run', () => {
      try {
        return readFileSync(log, 'utf8') === `lobby ${id}\n`;
      } catch {
        return false;
      }
    });
    events.append(eventDraft({ type: 'door.locked_down', door: 'lobby', subject: null, reason: 'fire drill' }));
    granted();
    await heard(relay, `event ${sequence + 2} opens nothing: the door is locked down`);
    events.append(eventDraft({ type: 'door.released', door: 'lobby', subject: null, reason: 'over' }));
    const { id: after } = granted();
    await eventually('the door to open', () => relay.out.includes(`OPEN lobby ${after}`));
    expect(relay.out).toHaveLength(2);
  });

  it('says what is wrong with its key, and keeps trying', async () => {
    const relay = startRelay(url, { FACEGATE_KEY: 'x'.repeat(24) });
    await heard(relay, 'no connection: /doors was answered 401', 2);
  });
});

describe('the reference consumer, where the other side cannot be believed', () => {
  let server: Server;
  let sockets: WebSocketServer;
  let aheadMs: number;
  let connected: { socket: WebSocket; since: number }[];

  beforeEach(async () => {
    aheadMs = 0;
    connected = [];
    server = createServer((_request, response) => {
      response.setHeader('date', new Date(Date.now() + aheadMs).toUTCString());
      response.end(
        JSON.stringify({
          doors: [
            { id: 'lobby', lockdown: null },
            { id: 'gate', lockdown: {} },
          ],
          latest: 10,
        }),
      );
    });
    sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket, { url = '' }) => {
      connected.push({ socket, since: Number(/since=(\d+)/.exec(url)?.[1]) });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const start = () => startRelay(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const connection = (nth: number) => eventually(`connection ${nth}`, () => connected[nth - 1]);
  const grant = (sequence: number, fields: object = {}, ms = 0) => {
    const at = (offset: number) => new Date(Date.now() + ms + offset).toISOString();
    const times = { capturedAt: at(-100), decidedAt: at(0), expiresAt: at(1900) };
    return { ...eventEnvelope(sequence, { type: 'access.granted', door: 'lobby', ...times }), ...fields };
  };

  it.each([
    ['is a replay', { replay: true }, 'it is a replay'],
    ['does not say whether it is a replay', { replay: undefined }, 'it is a replay'],
    ['says so in another type', { replay: 0 }, 'it is a replay'],
    ['has expired', { expiresAt: '2026-01-01T00:00:00.000Z' }, /it is \d+ ms too late/],
    ['never expires', { expiresAt: null }, 'it would be valid for too long'],
    ['has a time that is none', { expiresAt: 'soon' }, 'it would be valid for too long'],
    ['lives too long', { expiresAt: '2999-01-01T00:00:00.000Z' }, 'it would be valid for too long'],
    ['was decided in the future', { decidedAt: '2999-01-01T00:00:00.000Z' }, 'it was decided in the future'],
    ['says not when it was decided', { decidedAt: undefined }, 'it was decided in the future'],
    ['is for another door', { door: 'vault' }, 'it is about another door'],
    ['is for no door', { door: null }, 'it is about another door'],
    ['is for a door that was locked down from the start', { door: 'gate' }, 'the door is locked down'],
  ])('opens nothing for a grant that %s', async (_, fields, why) => {
    const relay = start();
    const { socket } = await connection(1);
    socket.send(JSON.stringify(grant(11, fields)));
    await heard(relay, typeof why === 'string' ? `event 11 opens nothing: ${why}` : why);
    // The control: nothing but that was wrong.
    socket.send(JSON.stringify(grant(12)));
    await eventually('the door to open', () => relay.out.length > 0);
    expect(relay.out).toEqual([`OPEN lobby ${eventEnvelope(12).id}`]);
  });

  it('opens once for a grant that comes again, under its number or another one', async () => {
    const relay = start();
    const { socket } = await connection(1);
    socket.send(JSON.stringify(grant(11)));
    socket.send(JSON.stringify(grant(11)));
    socket.send(JSON.stringify({ ...grant(12), id: eventEnvelope(11).id }));
    await heard(relay, 'event 11 came again');
    await heard(relay, 'event 12 opens nothing: it came before');
    expect(relay.out).toEqual([`OPEN lobby ${eventEnvelope(11).id}`]);
  });

  it('asks once more where numbers are missing, and opens nothing for what comes after a gap', async () => {
    const relay = start();
    const first = await connection(1);
    first.socket.send(JSON.stringify(grant(13)));
    await heard(relay, 'events are missing after 10: asking again');
    const second = await connection(2);
    expect(second.since).toBe(10);
    second.socket.send(JSON.stringify(grant(13)));
    await heard(relay, 'the events 11 to 12 are missing');
    await heard(relay, 'event 13 opens nothing: it came after a gap');
    second.socket.send(JSON.stringify(grant(14)));
    await eventually('the door to open', () => relay.out.length > 0);
    expect(relay.out).toEqual([`OPEN lobby ${eventEnvelope(14).id}`]);
  });

  it.each([
    ['ahead', 10_000],
    ['behind', -10_000],
  ])('opens nothing while the other clock is %s', async (_, ms) => {
    aheadMs = ms;
    const relay = start();
    const { socket } = await connection(1);
    await heard(relay, /no door opens: this clock and facegate's are about (9|10|11) s apart/);
    socket.send(JSON.stringify(grant(11)));
    await heard(relay, 'event 11 opens nothing: the clocks do not agree');
    expect(relay.out).toEqual([]);
  });

  it.each([
    ['what is not JSON', 'OPEN lobby', 'a message is not JSON'],
    ['what is no event', '{"type":"access.granted","door":"lobby","replay":false}', 'a message is no event'],
    ['null', 'null', 'a message is no event'],
    ['bytes', Buffer.from(JSON.stringify(eventEnvelope(11))), 'the connection is over: 1006'],
    ['too much', `{"id":"${'x'.repeat(70_000)}"}`, 'no connection: Max payload size exceeded'],
  ])('ends a connection over which comes %s, and begins anew', async (_, message, said) => {
    const relay = start();
    const { socket } = await connection(1);
    socket.send(message);
    await heard(relay, said);
    const { since } = await connection(2);
    expect(since).toBe(10);
    expect(relay.out).toEqual([]);
  });

  it.each([
    [{ FACEGATE_KEY: '' }, 'FACEGATE_KEY must hold a key'],
    [{ DOORS: '' }, 'DOORS must name the doors'],
    [{ FACEGATE_URL: 'http://10.0.0.5:8080' }, 'FACEGATE_URL must be https beyond this machine'],
    [{ FACEGATE_URL: 'facegate' }, 'FACEGATE_URL must be an address'],
  ])('does not start with %j', async (env, message) => {
    const relay = startRelay('http://127.0.0.1:1', env as Record<string, string>);
    const [code] = await once(relay.child, 'exit');
    expect(code).toBe(78);
    await heard(relay, message);
  });
});
