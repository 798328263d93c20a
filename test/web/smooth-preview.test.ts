import { describe, expect, it } from 'vitest';
import { boxOpacity } from '../../web/src/preview/box-opacity.ts';
import { createPictureQueue, keySize } from '../../web/src/preview/picture-queue.ts';
import { previewRefusal } from '../../web/src/preview/preview-refusal.ts';

describe('boxOpacity', () => {
  it.each([
    [0, 1],
    [500, 1],
    [700, 0.65],
    [900, 0.3],
    [2900, 0.3],
    [3001, 0],
    [Number.NaN, 0],
  ])('at %i ms is %f', (ageMs, opacity) => {
    expect(boxOpacity(ageMs)).toBeCloseTo(opacity, 5);
  });
});

describe('previewRefusal', () => {
  it.each([1000, 1001, 1006, 1008])('tries again after %i', (code) => {
    expect(previewRefusal(code, '')).toBeNull();
  });

  it('says why in the server’s words', () => {
    expect(previewRefusal(4406, 'camera "desk" sends MJPEG')).toBe('Camera "desk" sends MJPEG.');
    expect(previewRefusal(4406, '')).toMatch(/\.$/);
    expect(previewRefusal(4404, 'the camera was removed')).toMatch(/removed/);
    expect(previewRefusal(1013, '')).toMatch(/Too many/);
  });
});

const HD = { width: 960, height: 540 };
const picture = (pts: number, key: typeof HD | null = null) => ({ pts, bytes: [], key });
const all = (queue: ReturnType<typeof createPictureQueue>) => {
  const taken: string[] = [];
  for (let next = queue.next(); next; next = queue.next()) taken.push(`${next.picture.pts}${next.anew ? ' anew' : ''}`);
  return taken;
};

describe('createPictureQueue', () => {
  it('begins with a whole picture', () => {
    const queue = createPictureQueue();
    for (const each of [picture(0), picture(1), picture(2, HD), picture(3)]) queue.push(each);
    expect(all(queue)).toEqual(['2 anew', '3']);
  });

  it('decodes anew from a whole picture of another size, not from one of the same', () => {
    const queue = createPictureQueue();
    for (const each of [picture(0, HD), picture(1, HD), picture(2, { width: 640, height: 360 })]) queue.push(each);
    expect(all(queue)).toEqual(['0 anew', '1', '2 anew']);
  });

  it('waits for a whole picture where the time goes back: another encoder', () => {
    const queue = createPictureQueue();
    for (const each of [picture(9, HD), picture(1), picture(2, HD), picture(3)]) queue.push(each);
    expect(all(queue)).toEqual(['9 anew', '2 anew', '3']);
  });

  it('goes on with the newest whole picture where too many wait', () => {
    const queue = createPictureQueue();
    for (let pts = 0; pts < 40; pts += 1) queue.push(picture(pts, pts % 12 === 0 ? HD : null));
    const [first, ...rest] = all(queue);
    expect(first).toBe('24 anew');
    expect(rest.at(-1)).toBe('39');
    expect(rest).toHaveLength(15);
  });

  it('forgets what waits where no whole picture comes, and does not decode its remains', () => {
    const queue = createPictureQueue();
    queue.push(picture(0, HD));
    queue.next();
    for (let pts = 1; pts < 60; pts += 1) queue.push(picture(pts));
    expect(queue.length).toBeLessThanOrEqual(25);
    expect(all(queue)).toEqual([]);
    queue.push(picture(60, HD));
    expect(all(queue)).toEqual(['60 anew']);
  });
});

describe('keySize', () => {
  // 960 × 540 is 0x3c0, 0x21c.
  const HEADER = [0, 0, 1, 0xb3, 0x3c, 0x02, 0x1c, 0x13];

  it('reads the size of a sequence header, also in pieces', () => {
    expect(keySize([Uint8Array.from(HEADER)])).toEqual(HD);
    expect(keySize(HEADER.map((byte) => Uint8Array.of(byte)))).toEqual(HD);
  });

  it.each([[[0, 0, 1, 0, 0x3c, 0x02, 0x1c]], [[0, 0, 1, 0xb3]], [[]], [[0, 0, 1, 0xb3, 0, 0, 0]]])(
    'finds none in %j',
    (bytes) => {
      expect(keySize([Uint8Array.from(bytes)])).toBeNull();
    },
  );
});
