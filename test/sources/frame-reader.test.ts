import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { FramePool, type PooledBuffer } from '../../sources/frame-pool.ts';
import { FrameReader } from '../../sources/frame-reader.ts';

function setUp(options: { capacity?: number; whenEmpty?: 'wait' | 'drop'; fixedSize?: boolean } = {}) {
  const pool = new FramePool(options.capacity ?? 4);
  const frames: { width: number; height: number; pts: number | null; bytes: number[]; pixels: PooledBuffer }[] = [];
  const dropped: string[] = [];
  const broken: string[] = [];
  const reader = new FrameReader({
    pool,
    whenEmpty: options.whenEmpty ?? 'drop',
    fixedSize: options.fixedSize ?? false,
    onFrame: (header, pixels) =>
      frames.push({
        width: header.width,
        height: header.height,
        pts: header.ptsSeconds,
        bytes: [...pixels.bytes],
        pixels,
      }),
    onDropped: (reason) => dropped.push(reason),
    onBroken: (error) => broken.push(error.message),
  });
  return { pool, frames, dropped, broken, reader };
}

const header = (ptsSeconds: number, width = 2, height = 1) => ({ ptsSeconds, width, height });
const bytes = (...values: number[]) => Buffer.from(values);

describe('cutting the pixels into frames', () => {
  it('needs neither the header nor the bytes first, and no chunk need end where a frame does', () => {
    const { reader, frames } = setUp();
    reader.stdout.write(bytes(1, 2, 3, 4, 5));
    expect(frames).toEqual([]);
    reader.header(header(0));
    reader.header(header(0.2));
    reader.stdout.write(bytes(6, 7));
    expect(frames).toMatchObject([{ pts: 0, bytes: [1, 2, 3, 4, 5, 6] }]);
    reader.stdout.write(bytes(8, 9, 10, 11, 12, 13, 14));
    reader.header(header(0.4));
    expect(frames).toMatchObject([{ pts: 0 }, { pts: 0.2, bytes: [7, 8, 9, 10, 11, 12] }]);
    expect(reader.bytes).toBe(14);
  });

  it('takes each frame in the size of its own header', () => {
    const { reader, frames } = setUp();
    reader.header(header(0, 2, 1));
    reader.header(header(1, 1, 1));
    reader.stdout.write(bytes(1, 2, 3, 4, 5, 6, 7, 8, 9));
    expect(frames).toMatchObject([
      { width: 2, height: 1, bytes: [1, 2, 3, 4, 5, 6] },
      { width: 1, height: 1, bytes: [7, 8, 9] },
    ]);
  });

  it('keeps to the first size where the build rescales behind showinfo', () => {
    const { reader, frames } = setUp({ fixedSize: true });
    reader.header(header(0, 2, 1));
    reader.header(header(1, 1, 1));
    reader.stdout.write(bytes(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
    expect(frames).toMatchObject([
      { width: 2, bytes: [1, 2, 3, 4, 5, 6] },
      { width: 2, pts: 1, bytes: [7, 8, 9, 10, 11, 12] },
    ]);
  });
});

describe('with an empty pool', () => {
  it('a live source drops the frame, counts it, and is right about the next', () => {
    const { reader, frames, dropped } = setUp({ capacity: 1 });
    for (const pts of [0, 1, 2]) reader.header(header(pts));
    reader.stdout.write(bytes(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2));
    expect(dropped).toEqual(['pool']);
    frames[0]!.pixels.release();
    reader.stdout.write(bytes(3, 3, 3, 3, 3, 3));
    expect(frames).toMatchObject([{ pts: 0 }, { pts: 2, bytes: [3, 3, 3, 3, 3, 3] }]);
  });

  it('a file is not read on until a buffer is back', async () => {
    const { reader, frames, dropped } = setUp({ capacity: 1, whenEmpty: 'wait' });
    for (const pts of [0, 1]) reader.header(header(pts));
    let taken = false;
    reader.stdout.write(bytes(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2), () => {
      taken = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(frames).toHaveLength(1);
    expect(taken).toBe(false);
    frames[0]!.pixels.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(frames).toMatchObject([{ pts: 0 }, { pts: 1 }]);
    expect(taken).toBe(true);
    expect(dropped).toEqual([]);
  });
});

describe('closing', () => {
  it('gives the half-read frame back and throws the rest away, so that the process can end', async () => {
    const { reader, frames, pool } = setUp();
    reader.header(header(0));
    reader.stdout.write(bytes(1, 2));
    expect(pool.inUse).toBe(1);
    reader.close();
    reader.close();
    expect(pool.inUse).toBe(0);
    reader.header(header(1));
    reader.stdout.end(bytes(3, 4, 5, 6));
    await once(reader.stdout, 'finish');
    expect(frames).toEqual([]);
  });

  it('leaves a file that waited for a buffer alone', () => {
    const { reader, frames, pool } = setUp({ capacity: 1, whenEmpty: 'wait' });
    for (const pts of [0, 1]) reader.header(header(pts));
    reader.stdout.write(bytes(1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2));
    reader.close();
    frames[0]!.pixels.release();
    expect(frames).toHaveLength(1);
    expect(pool.inUse).toBe(0);
  });
});

it('gives up on a picture of an absurd size', () => {
  const { reader, broken, pool } = setUp();
  reader.header(header(0, 100_000, 100_000));
  reader.stdout.write(bytes(1));
  expect(broken).toEqual([expect.stringContaining('100000×100000')]);
  expect(pool.inUse).toBe(0);
});
