import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { IdentifiedFace } from '../../pipeline/face.ts';
import { annotatePicture, canDrawText } from '../../sinks/annotate-picture.ts';
import { fakeFace, fakeResult } from '../support/fake-result.ts';

const SIZE = { width: 400, height: 300 };

async function drawn(faces: readonly IdentifiedFace[], grey = 128): Promise<Buffer> {
  const data = new Uint8Array(SIZE.width * SIZE.height * 3).fill(grey);
  const jpeg = await annotatePicture(fakeResult({ ...SIZE, data }, faces), { quality: 100 });
  return sharp(jpeg).raw().toBuffer();
}

const at = (pixels: Buffer, x: number, y: number) => [
  ...pixels.subarray((y * SIZE.width + x) * 3, (y * SIZE.width + x) * 3 + 3),
];
const changed = (pixels: Buffer, grey = 128) => {
  let count = 0;
  for (let i = 0; i < pixels.length; i += 3) if (Math.abs(pixels[i + 1]! - grey) > 40) count += 1;
  return count;
};

const face = (fields: Partial<IdentifiedFace> = {}) => fakeFace({ box: [100, 100, 200, 220], ...fields });

describe('annotatePicture', () => {
  it('leaves a picture without faces as it is', async () => {
    expect(changed(await drawn([]))).toBe(0);
  });

  it('draws the box on its place and nothing far from it', async () => {
    const pixels = await drawn([face()]);
    const [red, green] = at(pixels, 100, 160);
    expect(green! - red!).toBeGreaterThan(60);
    expect(at(pixels, 300, 280)).toEqual([128, 128, 128]);
    expect(at(pixels, 150, 200)).toEqual([128, 128, 128]);
  });

  it.each([[0], [255]])('can be seen on a wall of brightness %d', async (grey) => {
    expect(changed(await drawn([face()], grey), grey)).toBeGreaterThan(500);
  });

  it('draws known, unknown and unfit in looks of their own', async () => {
    const looks = await Promise.all([
      drawn([face()]),
      drawn([face({ status: 'unknown', subject: null, reason: 'threshold' })]),
      drawn([face({ status: 'unfit', subject: null, similarity: null, reason: 'too_small' })]),
    ]);
    const colours = looks.map((pixels) => {
      for (let y = 120; y < 200; y += 1) {
        const [r, g, b] = at(pixels, 100, y) as [number, number, number];
        if (Math.max(r, g, b) > 150) return [r, g, b].map((value) => Math.round(value / 64)).join();
      }
      return 'none';
    });
    expect(colours).not.toContain('none');
    expect(new Set(colours).size).toBe(3);
  });

  it('writes the name, where the machine has a font', async () => {
    if (!(await canDrawText())) return expect(await canDrawText()).toBe(false);
    const [short, long] = await Promise.all([
      drawn([face({ subject: { id: 'a', name: 'I' } })]),
      drawn([face({ subject: { id: 'a', name: 'Wilhelmina' } })]),
    ]);
    const greens = (pixels: Buffer) => {
      let count = 0;
      for (let y = 60; y < 97; y += 1)
        for (let x = 90; x < 300; x += 1) if (at(pixels, x, y)[1]! - at(pixels, x, y)[0]! > 60) count += 1;
      return count;
    };
    expect(greens(long)).toBeGreaterThan(greens(short) + 50);
  });

  it.each([
    ['markup', '</text><image href="file:///etc/passwd"/><text>'],
    ['an entity', '&xxe; & &amp; "quoted" \'too\''],
    ['control characters', 'a\u0000b\u0008c\uffff'],
    ['half a character', 'x\ud800y'],
    ['emoji and other scripts', '👩‍🔬 王小明 Ольга'],
    ['500 letters', 'W'.repeat(500)],
    ['nothing', ''],
  ])('takes %s as a name', async (_, name) => {
    await expect(drawn([face({ subject: { id: 'a', name } })])).resolves.toBeInstanceOf(Buffer);
  });

  it.each([
    ['in the corner', [0, 0, 20, 20]],
    ['as large as the picture', [0, 0, 400, 300]],
    ['at the bottom right', [380, 290, 400, 300]],
    ['without size', [50, 50, 50, 50]],
    ['not numbers', [Number.NaN, Number.NaN, Number.NaN, Number.NaN]],
  ] as const)('takes a box %s', async (_, box) => {
    await expect(drawn([face({ box })])).resolves.toBeInstanceOf(Buffer);
  });

  it('keeps the label inside the picture when the face touches the top', async () => {
    const pixels = await drawn([
      face({ box: [360, 0, 399, 120], subject: { id: 'a', name: 'Wilhelmina of Orange-Nassau' } }),
    ]);
    // Its dark ground is below the face; it begins left of the face, so that all of the name has room.
    expect(Math.max(...at(pixels, 250, 136))).toBeLessThan(100);
    expect(Math.max(...at(pixels, 398, 130))).toBeLessThan(100);
  });
});
