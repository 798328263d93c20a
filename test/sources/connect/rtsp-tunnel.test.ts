import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RtspTunnel } from '../../../sources/connect/rtsp-tunnel.ts';
import type { VideoDescription } from '../../../sources/connect/video-description.ts';

const VIDEO: VideoDescription = { codec: 'h264', payloadType: 96 };
const NEVER = new AbortController().signal;
/** The largest that RTSP has room for. */
const PACKET = Buffer.alloc(4 + 65_535, 1);
PACKET.set([0x24, 6, 0xff, 0xff]);
const MANY = 1500;

let camera: Server;
let far: Socket;

beforeEach(async () => {
  camera = createServer((socket) => {
    far = socket.on('error', () => {});
  });
  camera.listen(0, '127.0.0.1');
  await once(camera, 'listening');
});
afterEach(async () => {
  far?.destroy();
  camera.close();
  await once(camera, 'close');
});

async function open(video: VideoDescription | null): Promise<RtspTunnel> {
  const url = `rtsp://127.0.0.1:${(camera.address() as AddressInfo).port}/cam`;
  const came = once(camera, 'connection');
  const tunnel = await RtspTunnel.open({ kind: 'rtsp', url }, { url, video }, 5000, NEVER);
  await came;
  return tunnel;
}

async function ffmpeg(tunnel: RtspTunnel): Promise<Socket> {
  const near = connect(Number(new URL(tunnel.url).port), '127.0.0.1').on('error', () => {});
  await once(near, 'connect');
  return near;
}

/** As much as is taken while nobody reads: what is in no queue of `from` any more. */
async function fill(from: Socket): Promise<number> {
  for (let i = 0; i < MANY; i += 1) from.write(PACKET);
  const taken = () => from.bytesWritten - from.writableLength;
  for (let before = -1; before !== taken(); ) {
    before = taken();
    await wait(300);
  }
  return taken();
}

async function readAll(from: Socket, bytes: number): Promise<void> {
  let read = 0;
  let wrong = 0;
  from.on('data', (chunk: Buffer) => {
    for (let i = 0; i < chunk.length; i += 1) if (chunk[i] !== PACKET[(read + i) % PACKET.length]) wrong += 1;
    read += chunk.length;
  });
  from.resume();
  await expect.poll(() => read, { timeout: 30_000 }).toBe(bytes);
  expect(wrong).toBe(0);
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
function held(): number {
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

const descriptors = () => readdirSync('/proc/self/fd').length;

describe('a camera by way of this program', () => {
  describe.each([
    ['with its pictures looked at', VIDEO],
    ['passed on as it is', null],
  ])('%s', (_, video) => {
    it.each([
      ['camera', 'ffmpeg'],
      ['ffmpeg', 'camera'],
    ])('waits where the %s sends more than the %s reads, and loses nothing', { timeout: 60_000 }, async (sender) => {
      await using tunnel = await open(video);
      const near = await ffmpeg(tunnel);
      far.pause();
      const [from, to] = sender === 'camera' ? [far, near] : [near, far];
      const before = held();
      // What the kernel holds of three sockets, and of this program next to nothing.
      expect(await fill(from)).toBeLessThan(0.4 * MANY * PACKET.length);
      // What was read is swept a moment after it was collected.
      await expect.poll(() => held() - before, { timeout: 10_000 }).toBeLessThan(1_000_000);
      await readAll(to, MANY * PACKET.length);
      near.destroy();
    });
  });

  it('ends with either side, tells the other, and lets a second client in never', async () => {
    await using first = await open(VIDEO);
    const near = await ffmpeg(first);
    const second = connect(Number(new URL(first.url).port), '127.0.0.1');
    await once(second, 'error');
    far.destroy();
    near.resume();
    await once(near, 'end');

    await using other = await open(VIDEO);
    const leaving = await ffmpeg(other);
    far.resume();
    const ended = once(far, 'end');
    leaving.end('TEARDOWN * RTSP/1.0\r\n\r\n');
    const [said] = await once(far, 'data');
    expect(String(said)).toContain('TEARDOWN');
    leaving.destroy();
    await ended;
  });

  it.skipIf(process.platform !== 'linux')('leaves no descriptor open, whichever way it ends', async () => {
    const once20 = async (end: (tunnel: RtspTunnel) => Promise<unknown>) => {
      for (let i = 0; i < 20; i += 1) {
        const tunnel = await open(VIDEO);
        await end(tunnel);
        await Promise.all([tunnel.close(), tunnel.close()]);
        far.destroy();
      }
    };
    await once20(async () => {});
    const before = descriptors();
    await once20(async () => {});
    await once20(async (tunnel) => (await ffmpeg(tunnel)).destroy());
    await once20(async (tunnel) => {
      const near = await ffmpeg(tunnel);
      far.destroy();
      near.resume();
      await once(near, 'end');
      near.destroy();
    });
    await expect.poll(descriptors, { timeout: 5000 }).toBeLessThanOrEqual(before);
  });
});
