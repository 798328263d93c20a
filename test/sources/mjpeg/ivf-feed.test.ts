import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ArrivalGate } from '../../../sources/mjpeg/arrival-gate.ts';
import { IvfFeed } from '../../../sources/mjpeg/ivf-feed.ts';

describe('a picture without a timestamp', () => {
  const holds = (gate: ArrivalGate, arrivals: readonly number[]) => arrivals.map((at) => gate.holdMs(at) > 0);

  it('is taken as new while pictures come at their pace', () => {
    expect(
      holds(
        new ArrivalGate(),
        Array.from({ length: 20 }, (_, i) => i * 100),
      ).some(Boolean),
    ).toBe(false);
  });

  it('is held in the burst after a silence, until one has been waited for again', () => {
    const gate = new ArrivalGate();
    holds(
      gate,
      Array.from({ length: 20 }, (_, i) => i * 100),
    );
    const burst = [11_900, 11_905, 11_910, 11_915];
    expect(holds(gate, [...burst, 12_000, 12_100])).toEqual([true, true, true, true, false, false]);
    expect(gate.silenceEndedMs).toBe(11_900);
  });

  it('of a camera that became slow is held a moment each, and never lost', () => {
    const gate = new ArrivalGate();
    holds(
      gate,
      Array.from({ length: 20 }, (_, i) => i * 100),
    );
    const slow = holds(
      gate,
      Array.from({ length: 12 }, (_, i) => 4000 + i * 2000),
    );
    expect(slow.at(-1)).toBe(false);
  });
});

describe('MJPEG in IVF', () => {
  let nowMs = 5000;
  beforeEach(() => {
    vi.useFakeTimers();
    nowMs = 5000;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function setUp(fps = 10) {
    const body = new PassThrough();
    const broken: string[] = [];
    const feed = new IvfFeed({
      body,
      fps,
      clock: { monotonicMs: () => nowMs, wallMs: () => 0 },
      onBroken: (error) => broken.push(error.message),
    });
    const written: Buffer[] = [];
    const send = (mark: number) => {
      const jpeg = Buffer.from([0xff, 0xd8, mark, 0xff, 0xd9]);
      body.write(
        Buffer.concat([Buffer.from(`--b\r\nContent-Length: ${jpeg.length}\r\n\r\n`), jpeg, Buffer.from('\r\n')]),
      );
    };
    /** Marks and timestamps of the pictures so far. */
    const pictures = () => {
      const bytes = Buffer.concat(written);
      expect(bytes.toString('latin1', 0, 4) + bytes.toString('latin1', 8, 12)).toBe('DKIFMJPG');
      const got: [mark: number, ptsMs: number][] = [];
      for (let at = 32; at < bytes.length; at += 12 + bytes.readUInt32LE(at)) {
        got.push([bytes[at + 14]!, Number(bytes.readBigUInt64LE(at + 4))]);
      }
      return got;
    };
    const settle = async (ms: number) => {
      nowMs += ms;
      await vi.advanceTimersByTimeAsync(ms);
    };
    return {
      body,
      feed,
      broken,
      send,
      pictures,
      settle,
      read: () => feed.output.on('data', (chunk: Buffer) => written.push(chunk)),
    };
  }

  it('bears the time of each arrival, and no more pictures than are wanted', async () => {
    const { send, settle, pictures, read, feed } = setUp(10);
    read();
    for (let mark = 1; mark <= 6; mark += 1) {
      send(mark);
      await settle(50);
    }
    expect(pictures()).toEqual([
      [1, 0],
      [3, 100],
      [5, 200],
    ]);
    expect(feed.bytes).toBeGreaterThan(6 * 5);
  });

  it('of a backlog hands on the newest only, and does not call it settled', async () => {
    const { send, settle, pictures, read, feed } = setUp(10);
    read();
    for (let mark = 1; mark <= 5; mark += 1) {
      send(mark);
      await settle(100);
    }
    await settle(10_000);
    for (let mark = 11; mark <= 15; mark += 1) send(mark);
    await settle(5);
    expect(pictures().at(-1)![0]).toBe(5);
    await settle(100);
    expect(pictures().at(-1)).toEqual([15, 10_500]);
    expect([feed.isSettled(400), feed.isSettled(10_500), feed.isSettled(11_600)]).toEqual([true, false, true]);
  });

  it('waits for ffmpeg with the newest picture, not with a queue', async () => {
    const { send, settle, pictures, read } = setUp(10);
    for (let mark = 1; mark <= 20; mark += 1) {
      send(mark);
      await settle(100);
    }
    read();
    await settle(0);
    expect(pictures().map(([mark]) => mark)).toEqual([20]);
  });

  it('that is none says so once, and takes what follows without looking', async () => {
    const { body, broken, settle } = setUp();
    body.write('<html>\r\n\r\n');
    body.write('<html>\r\n\r\n');
    await settle(10);
    expect(broken).toEqual([expect.stringContaining('not MJPEG')]);
  });

  it('ends with the camera, and hands nothing on after close', async () => {
    const ended = setUp();
    ended.read();
    ended.body.end();
    await ended.settle(10);
    expect(ended.feed.output.readableEnded).toBe(true);
    const closed = setUp();
    closed.read();
    closed.send(1);
    closed.feed.close();
    closed.feed.close();
    closed.send(2);
    await closed.settle(500);
    expect(closed.feed.output.destroyed).toBe(true);
  });
});
