import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createBackoff } from '../../web/src/api/backoff.ts';
import { openSteadySocket, type SocketLike, type SteadyState } from '../../web/src/api/steady-socket.ts';

class FakeSocket implements SocketLike {
  binaryType = 'blob';
  onopen: SocketLike['onopen'] = null;
  onmessage: SocketLike['onmessage'] = null;
  onclose: SocketLike['onclose'] = null;
  onerror: SocketLike['onerror'] = null;
  closed = false;
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
  close() {
    this.closed = true;
  }
  opens() {
    this.onopen?.({} as never);
  }
  says(data: unknown) {
    this.onmessage?.({ data });
  }
  dies(code = 1006, reason = '') {
    this.onclose?.({ code, reason });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function setUp(
  prepare: () => Promise<string | null> = async () => '/ws',
  halts?: (code: number, reason: string) => boolean,
) {
  const sockets: FakeSocket[] = [];
  const states: SteadyState['at'][] = [];
  const messages: unknown[] = [];
  const socket = openSteadySocket({
    prepare,
    connect: (path) => {
      sockets.push(new FakeSocket(path));
      return sockets.at(-1)!;
    },
    onMessage: (data) => messages.push(data),
    onState: ({ at }) => states.push(at),
    backoff: createBackoff({ random: () => 0 }),
    ...(halts && { halts }),
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return { socket, sockets, states, messages, settle };
}

describe('createBackoff', () => {
  it('doubles up to the most, and starts small again', () => {
    const backoff = createBackoff({ firstMs: 500, maxMs: 4000, random: () => 0 });
    expect(Array.from({ length: 6 }, () => backoff.next())).toEqual([500, 1000, 2000, 4000, 4000, 4000]);
    backoff.reset();
    expect(backoff.next()).toBe(500);
  });

  it('takes up to a third off at random', () => {
    expect(createBackoff({ firstMs: 900, random: () => 1 }).next()).toBe(600);
  });
});

describe('openSteadySocket', () => {
  it('takes a close that is an answer for one: it tries again after the others only', async () => {
    const asked: unknown[] = [];
    const { socket, sockets, states, settle } = setUp(undefined, (code, reason) => {
      asked.push([code, reason]);
      return code === 4406;
    });
    await settle();
    sockets[0]!.opens();
    sockets[0]!.dies(1006);
    expect(states.at(-1)).toBe('waiting');
    await vi.advanceTimersByTimeAsync(1000);
    sockets[1]!.dies(4406, 'no video');
    expect(states.at(-1)).toBe('halted');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(2);
    expect(asked).toEqual([
      [1006, ''],
      [4406, 'no video'],
    ]);
    socket.retry();
    await settle();
    expect(sockets).toHaveLength(3);
  });

  it('hands on what comes, as ArrayBuffers', async () => {
    const { sockets, messages, states, settle } = setUp();
    await settle();
    sockets[0]!.opens();
    sockets[0]!.says('a');
    expect(messages).toEqual(['a']);
    expect(sockets[0]!.binaryType).toBe('arraybuffer');
    expect(states).toEqual(['connecting', 'open']);
  });

  it('comes back after a loss, and again with growing delay while nobody answers', async () => {
    const { sockets, settle } = setUp();
    await settle();
    sockets[0]!.opens();
    sockets[0]!.dies();
    await vi.advanceTimersByTimeAsync(499);
    expect(sockets).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(2);
    sockets[1]!.dies();
    await vi.advanceTimersByTimeAsync(999);
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(3);
  });

  it('starts with the small delay again only after a connection that stood', async () => {
    const { sockets, settle } = setUp();
    await settle();
    for (const wait of [500, 1000, 2000]) {
      sockets.at(-1)!.opens();
      sockets.at(-1)!.dies(); // opens and dies at once: no reason for hope
      const before = sockets.length;
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(sockets).toHaveLength(before);
      await vi.advanceTimersByTimeAsync(1);
      expect(sockets).toHaveLength(before + 1);
    }
    sockets.at(-1)!.opens();
    await vi.advanceTimersByTimeAsync(3000);
    sockets.at(-1)!.dies();
    const before = sockets.length;
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(before + 1);
  });

  it('asks before every attempt, and takes a rejection for a failed one', async () => {
    let asked = 0;
    const { sockets, settle } = setUp(async () => {
      asked += 1;
      if (asked === 1) throw new Error('the server is away');
      return `/ws?since=${asked}`;
    });
    await settle();
    expect(sockets).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets.map(({ path }) => path)).toEqual(['/ws?since=2']);
  });

  it('halts where a login is needed, until it is told to go on', async () => {
    let loggedIn = false;
    const { socket, sockets, states, settle } = setUp(async () => (loggedIn ? '/ws' : null));
    await settle();
    expect(states.at(-1)).toBe('halted');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(0);
    loggedIn = true;
    socket.retry();
    await settle();
    expect(sockets).toHaveLength(1);
  });

  it('gives up an attempt that does not open', async () => {
    const { sockets, settle } = setUp();
    await settle();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sockets[0]!.closed).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(2);
  });

  it('hears nothing more of a socket that it dropped', async () => {
    const { socket, sockets, messages, settle } = setUp();
    await settle();
    sockets[0]!.opens();
    socket.retry();
    await settle();
    sockets[0]!.says('late');
    sockets[0]!.dies();
    expect(messages).toEqual([]);
    expect(sockets).toHaveLength(2);
  });

  it('is closed for good: twice, while it waits, and while it asks', async () => {
    const { socket, sockets, states, settle } = setUp();
    await settle();
    sockets[0]!.dies();
    socket.close();
    socket.close();
    socket.retry();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    expect(states.filter((at) => at === 'halted')).toHaveLength(1);

    const asking = setUp(() => new Promise((resolve) => setTimeout(() => resolve('/ws'), 1000)));
    asking.socket.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asking.sockets).toHaveLength(0);
  });
});
