import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { LiveViewers } from '../../sinks/live-viewers.ts';
import { fakeResult } from '../support/fake-result.ts';
import { liveParts } from '../support/live-client.ts';

const SIZE = { width: 640, height: 360 };
/** Hard to compress, so that the messages are as large as real ones. */
const NOISE = Uint8Array.from(
  { length: SIZE.width * SIZE.height * 3 },
  (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 255,
);

const open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function serve(): Promise<{ live: LiveViewers; watch: () => Promise<WebSocket>; sockets: WebSocket[] }> {
  const live = new LiveViewers();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  const sockets: WebSocket[] = [];
  server.on('connection', (socket) => {
    sockets.push(socket);
    live.add(socket, { cameras: [], video: true, annotate: false });
  });
  await once(server, 'listening');
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) }, live);
  const watch = async () => {
    const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const count = sockets.length;
    await once(client, 'open');
    while (sockets.length === count) await new Promise((resolve) => setImmediate(resolve));
    return client;
  };
  return { live, watch, sockets };
}

describe('LiveViewers over real sockets', () => {
  it('bounds what a viewer costs that stops reading, and another one misses nothing', async () => {
    const { live, watch, sockets } = await serve();
    const [reader, stalled] = [await watch(), await watch()];
    const seen: number[] = [];
    let largest = 0;
    reader.on('message', (data: Buffer) => {
      const { json, jpeg } = liveParts(data);
      expect(jpeg?.readUInt16BE(0)).toBe(0xffd8);
      largest = Math.max(largest, data.length);
      seen.push(json.sequence);
    });
    const got: number[] = [];
    stalled.on('message', (data: Buffer) => got.push(liveParts(data).json.sequence));
    stalled.pause();

    const FRAMES = 400;
    let mostBuffered = 0;
    for (let sequence = 1; sequence <= FRAMES; sequence += 1) {
      const result = fakeResult({ ...SIZE, sequence, data: NOISE });
      live.push(result);
      result.frame.release();
      while (seen.length < sequence) await new Promise((resolve) => setImmediate(resolve));
      mostBuffered = Math.max(mostBuffered, sockets[1]!.bufferedAmount);
    }
    expect(seen).toEqual(Array.from({ length: FRAMES }, (_, i) => i + 1));
    // What went out to the reader is far more than sockets hold by themselves, so the other one did stall.
    expect(largest * FRAMES).toBeGreaterThan(20_000_000);
    expect(live.stats().clients[1]?.dropped).toBeGreaterThan(FRAMES / 4);
    expect(mostBuffered).toBeGreaterThan(0);
    expect(mostBuffered).toBeLessThan(2 * largest);

    // It reads again: the newest frame arrives, and what it got was in order.
    stalled.resume();
    while (got.at(-1) !== FRAMES) await new Promise((resolve) => setImmediate(resolve));
    expect(got).toEqual([...got].sort((a, b) => a - b));
    expect(got.length + live.stats().clients[1]!.dropped).toBe(FRAMES);
  });

  it('is gone within two seconds when a viewer does not read', async () => {
    const { live, watch } = await serve();
    const stalled = await watch();
    stalled.pause();
    for (let sequence = 1; sequence <= 100; sequence += 1) live.push(fakeResult({ ...SIZE, sequence, data: NOISE }));
    const started = performance.now();
    await live.close();
    expect(performance.now() - started).toBeLessThan(2_000);
    stalled.terminate();
  });

  it('survives a viewer that breaks off in the middle of a message', async () => {
    const { live, watch } = await serve();
    const [leaving, staying] = [await watch(), await watch()];
    const seen: number[] = [];
    staying.on('message', (data: Buffer) => seen.push(liveParts(data).json.sequence));
    for (let sequence = 1; sequence <= 20; sequence += 1) {
      live.push(fakeResult({ ...SIZE, sequence, data: NOISE }));
      if (sequence === 5) leaving.terminate();
      while (seen.length < sequence) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(live.stats().viewers).toBe(1);
  });
});
