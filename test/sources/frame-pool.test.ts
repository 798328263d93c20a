import { expect, it } from 'vitest';
import { FramePool } from '../../sources/frame-pool.ts';

it('gives out shared memory of exactly the size asked for', () => {
  const buffer = new FramePool(1).acquire(12)!;
  expect(buffer.bytes.length).toBe(12);
  expect(buffer.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
});

it('gives a buffer out again when its last reference is released, not before', () => {
  const pool = new FramePool(1);
  const first = pool.acquire(12)!;
  first.retain();
  first.release();
  expect(pool.acquire(12)).toBeNull();
  first.release();
  const second = pool.acquire(12)!;
  expect(second.memory).toBe(first.memory);
  // The view is another one: frames are told apart by it.
  expect(second.bytes).not.toBe(first.bytes);
});

it('refuses a release too many, and harms nobody who holds the memory by then', () => {
  const pool = new FramePool(2);
  const first = pool.acquire(12)!;
  first.release();
  const second = pool.acquire(12)!;
  expect(second.memory).toBe(first.memory);
  expect(() => first.release()).toThrow(/released more often/);
  expect(() => first.retain()).toThrow(/after its last release/);
  expect(pool.inUse).toBe(1);
  expect(pool.acquire(12)!.memory).not.toBe(second.memory);
});

it('forgets buffers of the former size, also those that come back later', () => {
  const pool = new FramePool(3);
  const small = pool.acquire(12)!;
  const large = pool.acquire(48)!;
  small.release();
  large.release();
  expect(pool.acquire(48)!.memory).toBe(large.memory);
  expect(pool.acquire(48)!.memory.byteLength).toBe(48);
});

it('wakes one waiter for each buffer that comes back, unless it went away', () => {
  const pool = new FramePool(2);
  const [a, b] = [pool.acquire(3)!, pool.acquire(3)!];
  const woken: string[] = [];
  pool.whenFree(() => woken.push('first'));
  const cancel = pool.whenFree(() => woken.push('second'));
  pool.whenFree(() => woken.push('third'));
  cancel();
  a.release();
  expect(woken).toEqual(['first']);
  b.release();
  expect(woken).toEqual(['first', 'third']);
});

it('holds fewer large pictures, so that a camera of 4K takes no more memory than four of them', () => {
  const pool = new FramePool(8);
  const large = 3840 * 2160 * 3;
  const got = Array.from({ length: 8 }, () => pool.acquire(large));
  expect(got.filter((buffer) => buffer !== null)).toHaveLength(4);
  expect(Array.from({ length: 8 }, () => new FramePool(8).acquire(1920 * 1080 * 3)).every(Boolean)).toBe(true);
  expect(new FramePool(1).acquire(large)).not.toBeNull();
});
