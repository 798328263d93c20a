import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { AppError } from '../../config/app-error.ts';
import { EventFeed } from '../../sinks/event-feed.ts';
import { FakeEventLog } from '../support/fake-event-log.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const messages = (socket: FakeSocket) => socket.sent.map((data) => JSON.parse(String(data)));
const sequences = (socket: FakeSocket) => messages(socket).map((event) => event.sequence);
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, i) => i + first);
const settle = () => new Promise((resolve) => setImmediate(resolve));

function rig(before = 0) {
  const log = new FakeEventLog();
  for (let i = 0; i < before; i += 1) log.append();
  return { log, feed: new EventFeed({ log, maxBufferedBytes: 10_000 }) };
}

describe('EventFeed', () => {
  it('sends what happens from now on, where no number is given', async () => {
    const { log, feed } = rig(3);
    const socket = new FakeSocket();
    feed.add(socket);
    const event = log.append();
    expect(messages(socket)).toEqual([event]);
    expect(event).toMatchObject({ sequence: 4, replay: false });
    await feed.close();
  });

  it('replays from a number and goes on live, without gap or double', async () => {
    const { log, feed } = rig(1_000);
    const socket = new FakeSocket();
    feed.add(socket, { since: 300 });
    log.append();
    for (let i = 0; i < 100; i += 1) await settle();
    log.append();
    expect(sequences(socket)).toEqual(upTo(1_002, 301));
    expect(messages(socket).map((event) => event.replay)).toEqual([...upTo(700).map(() => true), false, false]);
    await feed.close();
  });

  it('starts at the first event for since=0 of an empty log', async () => {
    const { log, feed } = rig();
    const socket = new FakeSocket();
    feed.add(socket, { since: 0 });
    log.append();
    log.append();
    expect(sequences(socket)).toEqual([1, 2]);
    await feed.close();
  });

  it('reads no further than the client takes', async () => {
    const { log, feed } = rig(1_000);
    const socket = new FakeSocket({ reading: false });
    feed.add(socket, { since: 0 });
    for (let i = 0; i < 10; i += 1) await settle();
    expect(log.reads).toEqual([0]);
    let most = socket.bufferedAmount;
    while (socket.unread > 0) {
      socket.read();
      most = Math.max(most, socket.bufferedAmount);
    }
    expect(sequences(socket)).toEqual(upTo(1_000));
    expect(most).toBeLessThan(6_000);
    expect(feed.stats().tooSlow).toBe(0);
    await feed.close();
  });

  it('sends each once, in order, when thousands happen while a slow client catches up', async () => {
    const { log } = rig();
    const feed = new EventFeed({ log });
    for (let i = 0; i < 500; i += 1) log.append();
    const socket = new FakeSocket({ reading: false });
    feed.add(socket, { since: 0 });
    for (let i = 0; i < 3_000; i += 1) {
      log.append();
      if (i % 2 === 0) socket.read();
    }
    while (socket.unread > 0) socket.read();
    expect(sequences(socket)).toEqual(upTo(3_500));
    await feed.close();
  });

  it('reads from the log what it did not hear', async () => {
    const { log, feed } = rig(2);
    const socket = new FakeSocket();
    feed.add(socket);
    log.store();
    log.append();
    await settle();
    expect(messages(socket).map(({ sequence, replay }) => [sequence, replay])).toEqual([
      [3, true],
      [4, false],
    ]);
    await feed.close();
  });

  it('sends an event once that is read from the log before it is heard', async () => {
    const { log, feed } = rig(2);
    const event = log.store();
    const socket = new FakeSocket();
    feed.add(socket, { since: 2 });
    log.events.next(event);
    await settle();
    log.events.next(event);
    expect(sequences(socket)).toEqual([3]);
    await feed.close();
  });

  it('closes a client that does not keep up with 1013, and it resumes from its number', async () => {
    const { log, feed } = rig();
    const [slow, fast] = [new FakeSocket({ reading: false }), new FakeSocket()];
    feed.add(slow);
    feed.add(fast);
    for (let i = 0; i < 100; i += 1) {
      log.append();
      await settle();
    }
    expect(slow.closed).toEqual({ code: 1013, reason: `too slow; resume with since=${slow.sent.length}` });
    expect(slow.bufferedAmount).toBeLessThan(11_000);
    expect(sequences(fast)).toEqual(upTo(100));
    expect(feed.stats()).toEqual({ clients: 1, sent: 100, tooSlow: 1 });

    const back = new FakeSocket();
    feed.add(back, { since: slow.sent.length });
    for (let i = 0; i < 20; i += 1) await settle();
    expect([...sequences(slow), ...sequences(back)]).toEqual(upTo(100));
    await feed.close();
  });

  it.each([
    ['are no longer kept', 3],
    ['are not there yet', 99],
  ])('says so and closes with 4410 when the events after that number %s', async (_, since) => {
    const { log, feed } = rig(10);
    log.prune(5);
    const socket = new FakeSocket();
    feed.add(socket, { since });
    expect(messages(socket)).toEqual([
      {
        type: 'error',
        code: 'EVENT_CURSOR_GONE',
        message: expect.stringContaining(String(since)),
        oldest: 6,
        latest: 10,
      },
    ]);
    expect(socket.closed?.code).toBe(4410);
    expect(feed.stats().clients).toBe(0);
    const again = new FakeSocket();
    feed.add(again, { since: 5 });
    await settle();
    expect(sequences(again)).toEqual(upTo(10, 6));
    await feed.close();
  });

  it('says so and closes with 1011 when the log cannot be read', async () => {
    const { log, feed } = rig(10);
    log.page = () => {
      throw new AppError('EVENT_LOG_UNAVAILABLE', 'the event log cannot be read');
    };
    const socket = new FakeSocket();
    feed.add(socket, { since: 1 });
    expect(messages(socket)).toMatchObject([{ type: 'error', code: 'EVENT_LOG_UNAVAILABLE' }]);
    expect(socket.closed?.code).toBe(1011);
    await feed.close();
  });

  it('says of a grant that waited for its client that it is a replay, also where somebody set the clock', async () => {
    const clock = new VirtualClock();
    const log = new FakeEventLog();
    for (let i = 0; i < 3; i += 1) log.append();
    const feed = new EventFeed({ log, clock });
    const [slow, prompt] = [new FakeSocket({ reading: false }), new FakeSocket()];
    feed.add(slow, { since: 0 });
    feed.add(prompt);
    const expiresAt = new Date(clock.wallMs() + 2000).toISOString();
    log.append({ expiresAt });
    clock.advance(2000);
    clock.stepWall(-3_600_000);
    slow.reading = true;
    for (let i = 0; i < 3; i += 1) slow.read();
    await settle();
    expect(messages(slow).map(({ sequence, replay }) => [sequence, replay])).toEqual(
      [1, 2, 3, 4].map((n) => [n, true]),
    );
    expect(messages(prompt)).toMatchObject([{ sequence: 4, replay: false }]);
    await feed.close();
  });

  it('takes one bad socket out and serves the others', async () => {
    const { log, feed } = rig();
    const [bad, good] = [new FakeSocket(), new FakeSocket()];
    feed.add(bad);
    feed.add(good);
    bad.send = () => {
      throw new Error('not a socket any more');
    };
    log.append();
    log.append();
    expect(bad.terminated).toBe(true);
    expect(sequences(good)).toEqual([1, 2]);
    await feed.close();
  });

  it('forgets a client that left, survives its errors, and the end of the log', async () => {
    const { log, feed } = rig();
    const socket = new FakeSocket();
    feed.add(socket);
    socket.emit('error', new Error('ECONNRESET'));
    socket.terminate();
    log.append();
    expect(socket.sent).toEqual([]);
    expect(feed.stats().clients).toBe(0);
    log.events.error(new Error('closed'));
    await settle();
    await feed.close();
  });

  it('says goodbye on close, cuts off who does not read, and may be closed twice', async () => {
    const { log, feed } = rig();
    const [reading, stalled] = [new FakeSocket(), new FakeSocket({ reading: false })];
    feed.add(reading);
    feed.add(stalled);
    log.append();
    const closing = feed.close();
    expect(feed.close()).toBe(closing);
    await closing;
    expect([reading.closed?.code, reading.terminated]).toEqual([1001, false]);
    expect(stalled.terminated).toBe(true);
    expect(log.events.observed).toBe(false);
    const late = new FakeSocket();
    feed.add(late);
    expect(late.closed?.code).toBe(1001);
  });

  it('over real sockets: a client that stops reading is closed with 1013, loses nothing, and holds nobody up', async () => {
    const log = new FakeEventLog();
    const feed = new EventFeed({ log, maxBufferedBytes: 262_144 });
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
    const sockets: WebSocket[] = [];
    server.on('connection', (socket, request) => {
      sockets.push(socket);
      const since = new URL(request.url ?? '/', 'ws://x').searchParams.get('since');
      feed.add(socket, since === null ? {} : { since: Number(since) });
    });
    await once(server, 'listening');
    const address = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const connect = async (query = '') => {
      const client = new WebSocket(address + query);
      const got: number[] = [];
      client.on('message', (data) => got.push(JSON.parse(String(data)).sequence));
      const count = sockets.length;
      await once(client, 'open');
      while (sockets.length === count) await settle();
      return { client, got };
    };
    const fast = await connect();
    const slow = await connect();
    slow.client.pause();
    // 30 MB in large events: more than the two sockets' own buffers hold.
    const reason = 'x'.repeat(30_000);
    let most = 0;
    for (let i = 1; i <= 1_000; i += 1) {
      log.append({ reason });
      while (fast.got.length < i) await settle();
      most = Math.max(most, sockets[1]!.bufferedAmount);
    }
    expect(fast.got).toEqual(upTo(1_000));
    expect(feed.stats()).toMatchObject({ clients: 1, tooSlow: 1 });
    expect(most).toBeLessThan(262_144 + 2 * 31_000);

    const closed = once(slow.client, 'close');
    slow.client.resume();
    const [code, why] = await closed;
    expect(code).toBe(1013);
    expect(String(why)).toBe(`too slow; resume with since=${slow.got.length}`);
    const back = await connect(`/?since=${slow.got.at(-1)}`);
    while (slow.got.length + back.got.length < 1_000) await settle();
    expect([...slow.got, ...back.got]).toEqual(upTo(1_000));

    await feed.close();
    await new Promise((resolve) => server.close(resolve));
  });
});
