import { describe, expect, it } from 'vitest';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { UnknownPictures } from '../../../server/unknowns/unknown-pictures.ts';
import { recordedLog } from '../../support/recorded-log.ts';

/** An encoder that does as it is told: one answer for each `next()`. */
function lane() {
  const begun: PixelImage[] = [];
  const answers: PromiseWithResolvers<Buffer>[] = [];
  const pictures = new UnknownPictures({
    log: recordedLog(),
    encode: (cut) => {
      begun.push(cut);
      const answer = Promise.withResolvers<Buffer>();
      answers.push(answer);
      return answer.promise;
    },
  });
  return { pictures, begun, answers };
}

const image = (side: number): PixelImage => ({
  width: side,
  height: side,
  format: 'rgb24',
  data: new Uint8Array(side * side * 3).fill(7),
});
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('UnknownPictures', () => {
  it('encodes one at a time, in order, and overwrites the pixels then', async () => {
    const { pictures, begun, answers } = lane();
    const got: string[] = [];
    for (const name of ['a', 'b']) pictures.take(image(10), [0, 0, 10, 10], (jpeg) => got.push(`${name} ${jpeg}`));
    expect(begun).toHaveLength(1);
    expect(begun[0]?.data.every((byte) => byte === 7)).toBe(true);
    answers[0]?.resolve(Buffer.from('1'));
    await settled();
    expect(got).toEqual(['a 1']);
    expect(begun[0]?.data.every((byte) => byte === 0)).toBe(true);
    expect(begun).toHaveLength(2);
    answers[1]?.reject(new Error('no memory'));
    await settled();
    expect(begun[1]?.data.every((byte) => byte === 0)).toBe(true);
    // It goes on after a failure.
    pictures.take(image(10), [0, 0, 10, 10], (jpeg) => got.push(`c ${jpeg}`));
    answers[2]?.resolve(Buffer.from('3'));
    await settled();
    expect(got).toEqual(['a 1', 'c 3']);
  });

  it('holds so many bytes at most; of a crowd the earliest go without', async () => {
    const { pictures, begun, answers } = lane();
    // 2000 × 2000 × 3 = 12 MB each: the first is in work, of the others two fit into 32 MB.
    const names = ['a', 'b', 'c', 'd'];
    const got: string[] = [];
    for (const name of names) pictures.take(image(2000), [0, 0, 2000, 2000], () => got.push(name));
    for (let i = 0; i < 3; i += 1) {
      answers[i]?.resolve(Buffer.from('x'));
      await settled();
    }
    expect(begun).toHaveLength(3);
    expect(got).toEqual(['a', 'c', 'd']);
  });

  it('waits for the one in work when it is closed, and makes no other', async () => {
    const { pictures, begun, answers } = lane();
    const got: string[] = [];
    for (const name of ['a', 'b']) pictures.take(image(10), [0, 0, 10, 10], () => got.push(name));
    let closed = false;
    const closing = Promise.all([pictures.close(), pictures.close()]).then(() => {
      closed = true;
    });
    await settled();
    expect(closed).toBe(false);
    answers[0]?.resolve(Buffer.from('1'));
    await closing;
    pictures.take(image(10), [0, 0, 10, 10], () => got.push('c'));
    expect(begun).toHaveLength(1);
    expect(got).toEqual(['a']);
  });
});
