import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { keepAlive } from '../../server/heartbeat.ts';

class FakeSocket extends EventEmitter {
  readonly done: string[] = [];
  ping = () => void this.done.push('ping');
  terminate = () => void this.done.push('terminate');
  close = (code?: number) => void this.done.push(`close ${code}`);
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(stillAllowed = () => true): FakeSocket {
  const socket = new FakeSocket();
  keepAlive(socket as unknown as WebSocket, stillAllowed);
  return socket;
}

describe('keepAlive', () => {
  it('pings every 30 s while pongs come', () => {
    const socket = start();
    for (let i = 0; i < 3; i += 1) {
      vi.advanceTimersByTime(30_000);
      socket.emit('pong');
    }
    expect(socket.done).toEqual(['ping', 'ping', 'ping']);
  });

  it('ends a socket after one missed pong', () => {
    const socket = start();
    vi.advanceTimersByTime(59_999);
    expect(socket.done).toEqual(['ping']);
    vi.advanceTimersByTime(1);
    expect(socket.done).toEqual(['ping', 'terminate']);
  });

  it('closes with 1008 whoever may no longer be here', () => {
    let allowed = true;
    const socket = start(() => allowed);
    vi.advanceTimersByTime(30_000);
    socket.emit('pong');
    allowed = false;
    vi.advanceTimersByTime(30_000);
    expect(socket.done).toEqual(['ping', 'close 1008']);
  });

  it('stops with the socket', () => {
    const socket = start();
    socket.emit('close');
    expect(vi.getTimerCount()).toBe(0);
  });
});
