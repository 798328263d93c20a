import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { LiveViewerOptions } from '../../sinks/live-viewer.ts';
import { LiveViewers, type LiveViewersOptions } from '../../sinks/live-viewers.ts';
import { fakeResult } from '../support/fake-result.ts';
import { FakeSocket } from '../support/fake-socket.ts';
import { liveParts } from '../support/live-client.ts';
import { recordedLog } from '../support/recorded-log.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const EVERYTHING = { cameras: [], video: true, annotate: false };
const TEXT_ONLY = { cameras: [], video: false, annotate: false };

/** Until everything that was begun (encodes run on other threads) is done. */
async function until(done: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!done()) {
    if (Date.now() > deadline) throw new Error('nothing came of it within 5 s');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function rig(options: LiveViewersOptions = {}) {
  const clock = new VirtualClock();
  const log = recordedLog();
  const live = new LiveViewers({ clock, log, ...options });
  const frame = (sequence: number, fields = {}) => ({ sequence, arrivedAtMs: clock.monotonicMs(), ...fields });
  /** As the pipeline does: pushed, then given back. */
  const push = (sequence: number, fields = {}) => {
    const result = fakeResult(frame(sequence, fields));
    live.push(result);
    result.frame.release();
    return result;
  };
  return { live, clock, log, push };
}

/** Hard to compress, so that messages are as large as real ones. */
const noise = ({ width, height }: { width: number; height: number }) =>
  Uint8Array.from({ length: width * height * 3 }, (_, i) => (Math.imul(i, 2_654_435_761) >>> 13) & 255);

/** That are still held by somebody. */
function arrayBufferBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().arrayBuffers;
}

const sequences = (socket: FakeSocket) => socket.sent.map((data) => liveParts(data).json.sequence);

describe('LiveViewers', () => {
  it('sends length, JSON and the JPEG of that very frame', async () => {
    const { live, clock, push } = rig();
    const socket = new FakeSocket();
    live.add(socket, EVERYTHING);
    push(812, { ageMs: 80, data: new Uint8Array(96 * 80 * 3).fill(200) });
    clock.advance(4);
    await until(() => socket.sent.length === 1);
    const { json, jpeg } = liveParts(socket.sent[0]!);
    expect(json).toMatchObject({ type: 'frame', camera: 'front', sequence: 812, width: 96, height: 80, ageMs: 84 });
    expect(json.faces[0]).toMatchObject({ bbox: [10, 20, 50, 70], subject: { name: 'Ada' } });
    const { data, info } = await sharp(jpeg!).raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([96, 80]);
    expect(Math.abs(data[0]! - 200)).toBeLessThan(4);
    await live.close();
  });

  it('sends the JSON as text, and encodes nothing, without video', async () => {
    const { live, push } = rig();
    const socket = new FakeSocket();
    live.add(socket, TEXT_ONLY);
    push(1);
    expect(socket.sent).toHaveLength(1);
    expect(typeof socket.sent[0]).toBe('string');
    await live.close();
    expect(live.stats().encoded).toBe(0);
  });

  it('encodes once however many watch, and once more for those who want it annotated', async () => {
    const { live, push } = rig();
    const plain = [new FakeSocket(), new FakeSocket(), new FakeSocket()];
    const annotated = [new FakeSocket(), new FakeSocket()];
    for (const socket of plain) live.add(socket, EVERYTHING);
    for (const socket of annotated) live.add(socket, { ...EVERYTHING, annotate: true });
    push(1);
    await until(() => [...plain, ...annotated].every((socket) => socket.sent.length === 1));
    expect(live.stats()).toMatchObject({ viewers: 5, encoded: 2 });
    const jpegs = [...plain, ...annotated].map((socket) => liveParts(socket.sent[0]!).jpeg!.toString('base64'));
    expect(new Set(jpegs).size).toBe(2);
    await live.close();
  });

  it('hands the same bytes to all who watch, with pictures and without, though serving them takes a while', async () => {
    const { live, clock, push } = rig();
    /** Each takes a quarter of a millisecond to serve. */
    const watch = (options: LiveViewerOptions) =>
      Array.from({ length: 30 }, () => {
        const socket = new FakeSocket();
        const send = socket.send.bind(socket);
        socket.send = (...message) => {
          clock.advance(0.25);
          send(...message);
        };
        live.add(socket, options);
        return socket;
      });
    const [pictures, texts] = [watch(EVERYTHING), watch(TEXT_ONLY)];
    push(1);
    await until(() => [...pictures, ...texts].every((socket) => socket.handed.length === 1));
    expect(new Set(pictures.map((socket) => socket.handed[0])).size).toBe(1);
    expect(new Set(texts.map((socket) => socket.handed[0])).size).toBe(1);
    expect(live.stats().encoded).toBe(1);
    await live.close();
  });

  it('keeps less than a message for each of many who do not read, whatever is sent', async () => {
    const { live, push } = rig();
    const size = { width: 640, height: 360 };
    const fast = new FakeSocket();
    const stalled = Array.from({ length: 400 }, () => new FakeSocket({ reading: false }));
    for (const socket of [fast, ...stalled]) live.add(socket, EVERYTHING);
    const before = arrayBufferBytes();
    for (let sequence = 1; sequence <= 5; sequence += 1) {
      push(sequence, { ...size, data: noise(size) });
      await until(() => fast.sent.length === sequence);
    }
    expect(sequences(fast)).toEqual([1, 2, 3, 4, 5]);
    const message = fast.handed[0]!.length;
    expect(message).toBeGreaterThan(50_000);
    expect(stalled.every((socket) => socket.bufferedAmount === message)).toBe(true);
    // What the fast one keeps for this test, what waits, the newest frame: all of it is shared.
    expect((arrayBufferBytes() - before) / stalled.length).toBeLessThan(message / 4);
    expect(live.stats().clients.map(({ dropped }) => dropped)).toEqual([0, ...stalled.map(() => 3)]);
    await live.close();
  });

  it('encodes nothing while nobody watches that camera', async () => {
    const { live, push } = rig();
    live.add(new FakeSocket(), { ...EVERYTHING, cameras: ['back'] });
    push(1, { cameraId: 'front' });
    await live.close();
    expect(live.stats()).toMatchObject({ encoded: 0, sent: 0, dropped: 0 });
  });

  it('sends the cameras that were asked for, and all where none was named', async () => {
    const { live, push } = rig();
    const [all, two] = [new FakeSocket(), new FakeSocket()];
    live.add(all, TEXT_ONLY);
    live.add(two, { ...TEXT_ONLY, cameras: ['front', 'side'] });
    for (const cameraId of ['front', 'back', 'side']) push(1, { cameraId });
    await until(() => all.sent.length === 3);
    expect(all.sent.map((data) => liveParts(data).json.camera)).toEqual(['front', 'back', 'side']);
    expect(two.sent.map((data) => liveParts(data).json.camera)).toEqual(['front', 'side']);
    await live.close();
  });

  it('gives a slow viewer the newest frame of each camera, and counts what it did not get', async () => {
    const { live, push } = rig();
    const [slow, fast] = [new FakeSocket({ reading: false }), new FakeSocket()];
    live.add(slow, TEXT_ONLY);
    live.add(fast, TEXT_ONLY);
    for (let sequence = 1; sequence <= 10; sequence += 1) {
      push(sequence, { cameraId: 'front' });
      push(sequence, { cameraId: 'back' });
      await until(() => fast.sent.length === sequence * 2);
    }
    expect(slow.unread).toBe(1);
    slow.read();
    slow.read();
    slow.read();
    expect(slow.sent.map((data) => [liveParts(data).json.camera, liveParts(data).json.sequence])).toEqual([
      ['front', 1],
      ['back', 10],
      ['front', 10],
    ]);
    expect(sequences(fast)).toEqual([1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10]);
    // front 2 to 9, back 1 to 9
    expect(live.stats()).toMatchObject({ sent: 23, dropped: 17 });
    expect(live.stats().clients.map(({ sent, dropped }) => [sent, dropped])).toEqual([
      [3, 17],
      [20, 0],
    ]);
    await live.close();
  });

  it('says how old the picture is when it is sent, not when it was made', async () => {
    const { live, clock, push } = rig();
    const slow = new FakeSocket({ reading: false });
    live.add(slow, TEXT_ONLY);
    push(1, { ageMs: 5 });
    push(2, { ageMs: 5 });
    clock.advance(3_000);
    slow.read();
    expect(slow.sent.map((data) => liveParts(data).json.ageMs)).toEqual([5, 3_005]);
    await live.close();
  });

  it('keeps the order of a camera while encoding, and skips to the newest when frames come faster', async () => {
    const { live, push } = rig();
    const socket = new FakeSocket();
    live.add(socket, EVERYTHING);
    for (let sequence = 1; sequence <= 50; sequence += 1)
      push(sequence, { width: 640, height: 360, data: new Uint8Array(640 * 360 * 3) });
    await until(() => sequences(socket).includes(50));
    const seen = sequences(socket);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen[0]).toBe(1);
    expect(seen.length + live.stats().dropped).toBe(50);
    await live.close();
  });

  it('holds a frame until its JPEG is made, then only the newest one', async () => {
    const { live, push } = rig();
    const socket = new FakeSocket();
    live.add(socket, EVERYTHING);
    const results = [push(1), push(2), push(3), push(4)];
    expect(results.map(({ frame }) => frame.references() > 0)).toEqual([true, false, false, true]);
    await until(() => socket.sent.length === 2);
    await new Promise((resolve) => setImmediate(resolve));
    expect(results.map(({ frame }) => frame.references())).toEqual([0, 0, 0, 1]);
    await live.close();
    expect(results.map(({ frame }) => frame.references())).toEqual([0, 0, 0, 0]);
  });

  it('goes on when a picture cannot be encoded, and counts it', async () => {
    const { live, log, push } = rig();
    const socket = new FakeSocket();
    live.add(socket, EVERYTHING);
    const broken = push(1, { data: new Uint8Array(5) });
    await until(() => log.lines.length === 1);
    push(2);
    await until(() => socket.sent.length === 1);
    expect(sequences(socket)).toEqual([2]);
    expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { camera: 'front', sequence: 1 } });
    await until(() => broken.frame.references() === 0);
    expect(live.stats()).toMatchObject({ sent: 1, dropped: 1 });
    await live.close();
  });

  it('takes one bad socket out and serves the others', async () => {
    const { live, log, push } = rig();
    const [bad, good] = [new FakeSocket(), new FakeSocket()];
    bad.send = () => {
      throw new Error('not a socket any more');
    };
    live.add(bad, TEXT_ONLY);
    live.add(good, TEXT_ONLY);
    push(1);
    push(2);
    await until(() => good.sent.length === 2);
    expect(bad.terminated).toBe(true);
    expect(live.stats().viewers).toBe(1);
    expect(log.lines).toHaveLength(1);
    await live.close();
  });

  it('forgets a viewer that left, and survives an error of its connection', async () => {
    const { live, push } = rig();
    const socket = new FakeSocket();
    live.add(socket, TEXT_ONLY);
    socket.emit('error', new Error('ECONNRESET'));
    socket.terminate();
    push(1);
    expect(live.stats().viewers).toBe(0);
    expect(socket.sent).toEqual([]);
    const late = new FakeSocket();
    late.readyState = 3;
    live.add(late, TEXT_ONLY);
    expect(live.stats().viewers).toBe(0);
    await live.close();
  });

  it('cuts a viewer off that has taken nothing for two minutes, not one that is a minute late', async () => {
    const { live, clock, push } = rig();
    const socket = new FakeSocket({ reading: false });
    live.add(socket, TEXT_ONLY);
    push(1);
    clock.advance(60_000);
    push(2);
    expect(socket.terminated).toBe(false);
    clock.advance(60_001);
    push(3);
    expect(socket.terminated).toBe(true);
    expect(live.stats().viewers).toBe(0);
    await live.close();
  });

  describe('a picture that is with the networks', () => {
    const BIG = { width: 640, height: 360 };

    /** With the first result of the camera pushed and seen. */
    async function watched(options: LiveViewerOptions = EVERYTHING) {
      const parts = rig();
      const socket = new FakeSocket();
      parts.live.add(socket, options);
      parts.push(1);
      await until(() => socket.sent.length === 1);
      // The lane is free a moment after.
      await new Promise((resolve) => setImmediate(resolve));
      /** As the pipeline does when the networks take a frame. */
      const expectFrame = (sequence: number, fields = {}) => {
        const result = fakeResult({ sequence, arrivedAtMs: parts.clock.monotonicMs(), ...fields });
        parts.live.expect(result.frame);
        return result;
      };
      /** … when it has the result, whose frame may be another object by then. */
      const finish = (result: ReturnType<typeof fakeResult>) => {
        parts.live.push({ ...result, frame: { ...result.frame, degraded: true } });
        result.frame.release();
      };
      return { ...parts, socket, expectFrame, finish };
    }

    it('has its JPEG made meanwhile, once, and sent with its result', async () => {
      const { live, socket, expectFrame, finish } = await watched();
      const result = expectFrame(2, { data: new Uint8Array(96 * 80 * 3).fill(200) });
      expect(result.frame.references()).toBe(2);
      await until(() => result.frame.references() === 1);
      // Whoever encoded it now would see this.
      result.frame.data.fill(20);
      expect(socket.sent).toHaveLength(1);
      finish(result);
      await until(() => socket.sent.length === 2);
      const { json, jpeg } = liveParts(socket.sent[1]!);
      expect(json).toMatchObject({ sequence: 2 });
      const pixels = await sharp(jpeg!).raw().toBuffer();
      expect(Math.abs(pixels[0]! - 200)).toBeLessThan(4);
      expect((await live.latest('front')!.jpeg({ annotated: false })).equals(jpeg!)).toBe(true);
      expect(live.stats()).toMatchObject({ encoded: 2, sent: 2, dropped: 0 });
      await live.close();
      expect(result.frame.references()).toBe(0);
    });

    it('is shown when its result comes before its JPEG', async () => {
      const { live, socket, expectFrame, finish } = await watched();
      const result = expectFrame(2, BIG);
      finish(result);
      await until(() => socket.sent.length === 2);
      expect(sequences(socket)).toEqual([1, 2]);
      expect(live.stats()).toMatchObject({ encoded: 2, dropped: 0 });
      await live.close();
      expect(result.frame.references()).toBe(0);
    });

    it.each<[string, LiveViewerOptions]>([
      ['without pictures', TEXT_ONLY],
      ['another camera', { ...EVERYTHING, cameras: ['back'] }],
      ['annotated pictures', { ...EVERYTHING, annotate: true }],
    ])('is not encoded while all that is watched is %s', async (_, options) => {
      const { live, push } = rig();
      live.add(new FakeSocket(), options);
      push(1);
      await until(() => live.latest('front') !== null);
      if (options.annotate) await until(() => live.stats().encoded === 1);
      await new Promise((resolve) => setImmediate(resolve));
      const { frame } = fakeResult({ sequence: 2 });
      live.expect(frame);
      expect(frame.references()).toBe(1);
      await live.close();
    });

    it('is not encoded when the last viewer has left', async () => {
      const { live, socket, expectFrame } = await watched();
      socket.terminate();
      expect(expectFrame(2).frame.references()).toBe(1);
      await live.close();
    });

    it('is not encoded before its camera had a result, nor when that was forgotten, nor after close', async () => {
      const { live, expectFrame } = await watched();
      expect(expectFrame(1, { cameraId: 'back' }).frame.references()).toBe(1);
      live.forget('front');
      expect(expectFrame(2).frame.references()).toBe(1);
      await live.close();
      expect(expectFrame(3).frame.references()).toBe(1);
      expect(live.latest('back')).toBeNull();
    });

    it('waits for its result where another is being encoded', async () => {
      const { live, socket, expectFrame, finish } = await watched();
      const [second, third] = [expectFrame(2, BIG), expectFrame(3, BIG)];
      expect([second, third].map(({ frame }) => frame.references())).toEqual([2, 1]);
      finish(second);
      finish(third);
      await until(() => socket.sent.length === 3);
      expect(sequences(socket)).toEqual([1, 2, 3]);
      await live.close();
      expect([second, third].map(({ frame }) => frame.references())).toEqual([0, 0]);
    });

    it('waits for its result where one with boxes is being encoded', async () => {
      const { live, push } = rig();
      const annotated = new FakeSocket();
      live.add(annotated, { ...EVERYTHING, annotate: true });
      push(1, BIG);
      live.add(new FakeSocket(), EVERYTHING);
      const { frame } = fakeResult({ sequence: 2 });
      live.expect(frame);
      expect(frame.references()).toBe(1);
      await until(() => annotated.sent.length === 1);
      await new Promise((resolve) => setImmediate(resolve));
      live.expect(frame);
      expect(frame.references()).toBe(2);
      await live.close();
    });

    it('holds up nobody whose JPEG is there already', async () => {
      const { live, socket, expectFrame, finish } = await watched();
      const second = expectFrame(2);
      await until(() => second.frame.references() === 1);
      await new Promise((resolve) => setImmediate(resolve));
      const third = expectFrame(3, BIG);
      finish(second);
      for (let i = 0; i < 10; i += 1) await Promise.resolve();
      expect(sequences(socket)).toEqual([1, 2]);
      expect(third.frame.references()).toBe(2);
      finish(third);
      await until(() => socket.sent.length === 3);
      await live.close();
    });

    it('goes back when its analysis failed; what comes after it waits until then, the newest alone', async () => {
      const { live, push, socket, expectFrame } = await watched();
      const failed = expectFrame(2, BIG);
      failed.frame.release();
      const later = [push(3), push(4), push(5)];
      expect([failed, ...later].map(({ frame }) => frame.references())).toEqual([1, 0, 0, 1]);
      for (let i = 0; i < 10; i += 1) await Promise.resolve();
      expect(socket.sent).toHaveLength(1);
      await until(() => socket.sent.length === 2);
      expect(failed.frame.references()).toBe(0);
      expect(sequences(socket)).toEqual([1, 5]);
      expect(live.stats()).toMatchObject({ encoded: 2, dropped: 2 });
      await live.close();
    });

    it('is left out where it cannot be encoded, which is told when its result comes, once', async () => {
      const { live, log, socket, push, expectFrame, finish } = await watched();
      const nobodys = expectFrame(2, { data: new Uint8Array(5) });
      nobodys.frame.release();
      await until(() => nobodys.frame.references() === 0);
      await new Promise((resolve) => setImmediate(resolve));
      const broken = expectFrame(3, { data: new Uint8Array(5) });
      await until(() => broken.frame.references() === 1);
      expect(log.lines).toEqual([]);
      finish(broken);
      push(4);
      await until(() => socket.sent.length === 2);
      expect(sequences(socket)).toEqual([1, 4]);
      expect(log.lines).toHaveLength(1);
      expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { camera: 'front', sequence: 3 } });
      expect(live.stats()).toMatchObject({ dropped: 1 });
      await live.close();
      expect(broken.frame.references()).toBe(0);
    });

    it('takes nobody down where its pixels are gone', async () => {
      const { live, log, push, socket } = await watched();
      const { frame } = fakeResult({ sequence: 2 });
      const gone = () => {
        throw new Error('retained after its last release');
      };
      live.expect({ ...frame, retain: gone });
      expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { camera: 'front', sequence: 2 } });
      push(3);
      await until(() => socket.sent.length === 2);
      await live.close();
    });

    it('goes back though its viewers leave meanwhile, or its camera, or all', async () => {
      const { live, socket, expectFrame, finish } = await watched();
      const left = expectFrame(2, BIG);
      socket.terminate();
      finish(left);
      expect(live.stats()).toMatchObject({ viewers: 0, dropped: 0 });
      await until(() => left.frame.references() === 1);
      live.add(new FakeSocket(), EVERYTHING);
      await new Promise((resolve) => setImmediate(resolve));
      const forgotten = expectFrame(3, BIG);
      live.forget('front');
      forgotten.frame.release();
      expect([left, forgotten].map(({ frame }) => frame.references())).toEqual([0, 1]);
      await live.close();
      expect(forgotten.frame.references()).toBe(0);
      expect(live.stats().sent).toBe(1);
    });

    it('is waited for by close', async () => {
      const { live, expectFrame, finish } = await watched();
      const result = expectFrame(2, BIG);
      const closing = live.close();
      finish(result);
      expect(result.frame.references()).toBe(1);
      await closing;
      expect(result.frame.references()).toBe(0);
    });

    it('counts as encoded from its result on', async () => {
      const { live, clock, socket, expectFrame, finish } = await watched();
      const said: string[] = [];
      const trace = {
        span: (stage: string, fromMs: number, untilMs: number) =>
          said.push(`${stage} ${fromMs - began}-${untilMs - began}`),
        sent: () => undefined,
        dropped: () => undefined,
        end: () => undefined,
      };
      const began = clock.monotonicMs();
      const result = expectFrame(2, { trace });
      await until(() => result.frame.references() === 1);
      clock.advance(40);
      finish(result);
      clock.advance(1);
      await until(() => socket.sent.length === 2);
      expect(said).toEqual(['encode 40-41']);
      await live.close();
    });
  });

  describe('latest', () => {
    it('is null before the first frame of a camera', () => {
      expect(rig().live.latest('front')).toBeNull();
    });

    it('is the newest frame, with or without boxes, though nobody watches', async () => {
      const { live, clock, push } = rig();
      push(1);
      push(2, { ageMs: 10 });
      clock.advance(30);
      const latest = live.latest('front')!;
      expect(latest).toMatchObject({ sequence: 2, ageMs: 40 });
      const [plain, annotated] = await Promise.all([
        latest.jpeg({ annotated: false }),
        latest.jpeg({ annotated: true }),
      ]);
      expect(await sharp(plain).metadata()).toMatchObject({ format: 'jpeg', width: 96, height: 80 });
      expect(annotated.equals(plain)).toBe(false);
      expect(await latest.jpeg({ annotated: false })).toBe(plain);
      await live.close();
    });

    it('says so when it is asked for its picture after a newer frame took its place', async () => {
      const { live, push } = rig();
      push(1);
      const latest = live.latest('front')!;
      push(2);
      await expect(latest.jpeg({ annotated: false })).rejects.toMatchObject({ code: 'CAMERA_STALE' });
      await live.close();
    });

    it('keeps a picture that is being made though a newer frame comes', async () => {
      const { live, push } = rig();
      const first = push(1);
      const jpeg = live.latest('front')!.jpeg({ annotated: false });
      push(2);
      expect(first.frame.references()).toBe(1);
      expect((await jpeg).length).toBeGreaterThan(100);
      expect(first.frame.references()).toBe(0);
      await live.close();
    });

    it('is gone with its camera', () => {
      const { live, push } = rig();
      const result = push(1);
      live.forget('front');
      live.forget('front');
      expect(live.latest('front')).toBeNull();
      expect(result.frame.references()).toBe(0);
    });
  });

  describe('close', () => {
    it('says goodbye, gives every frame back, and may be called twice', async () => {
      const { live, push } = rig();
      const [reading, stalled] = [new FakeSocket(), new FakeSocket({ reading: false })];
      live.add(reading, EVERYTHING);
      live.add(stalled, EVERYTHING);
      const results = [push(1), push(2)];
      const closing = live.close();
      expect(live.close()).toBe(closing);
      await closing;
      expect(reading.closed).toEqual({ code: 1001, reason: 'facegate is stopping' });
      expect(reading.terminated).toBe(false);
      expect(stalled.terminated).toBe(true);
      expect(results.map(({ frame }) => frame.references())).toEqual([0, 0]);
    });

    it('takes nothing and nobody afterwards', async () => {
      const { live, push } = rig();
      await live.close();
      const socket = new FakeSocket();
      live.add(socket, EVERYTHING);
      const result = push(1);
      expect(socket.closed?.code).toBe(1001);
      expect(result.frame.references()).toBe(0);
      expect(live.latest('front')).toBeNull();
    });
  });
});
