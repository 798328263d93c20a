import { describe, expect, it } from 'vitest';
import { isSealedArchive, openArchive, sealArchive } from '../../storage/sealed-archive.ts';

const passphrase = 'correct horse battery staple';
const CHUNK = 65_536 + 16;
const HEADER = 32;

async function* pieces(bytes: Buffer, size = 10_000): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

const content = (length: number) => Buffer.from(Array.from({ length }, (_, n) => (n * 31 + (n >> 8)) % 256));
const seal = (bytes: Buffer) => collect(sealArchive(pieces(bytes), { kind: 'gallery', passphrase, log2Cost: 14 }));
const open = (sealed: Buffer, o: { kind?: 'gallery' | 'backup'; passphrase?: string } = {}) =>
  collect(openArchive(pieces(sealed, 7777), { kind: 'gallery', passphrase, ...o }));

describe('a sealed archive', () => {
  it.each([0, 1, 65_535, 65_536, 65_537, 131_072, 200_000])('of %i bytes opens again', async (length) => {
    const bytes = content(length);
    const sealed = await seal(bytes);
    expect(isSealedArchive(sealed)).toBe(true);
    expect((await open(sealed)).equals(bytes)).toBe(true);
  });

  it('shows nothing of what is in it, and is another one each time', async () => {
    const bytes = Buffer.from('Ada Lovelace '.repeat(1000));
    const [one, two] = [await seal(bytes), await seal(bytes)];
    expect(one.includes('Lovelace')).toBe(false);
    expect(one.equals(two)).toBe(false);
  });

  it('takes the same passphrase however its letters were typed', async () => {
    const words = { kind: 'gallery', log2Cost: 14 } as const;
    const sealed = await collect(sealArchive(pieces(content(9)), { ...words, passphrase: 'Zo\u00eb and twelve' }));
    expect(await open(sealed, { passphrase: 'Zoe\u0308 and twelve' })).toEqual(content(9));
  });

  it.each([
    [
      'opened with another passphrase',
      (sealed: Buffer) => sealed,
      { passphrase: 'correct horse battery stable' },
      'another one',
    ],
    [
      'of another kind',
      (sealed: Buffer) => sealed,
      { kind: 'backup' as const },
      'must hold a backup, it holds a gallery',
    ],
    ['cut off at a chunk', (sealed: Buffer) => sealed.subarray(0, HEADER + 2 * CHUNK), {}, 'cut off'],
    ['cut off within a chunk', (sealed: Buffer) => sealed.subarray(0, HEADER + 2 * CHUNK + 100), {}, 'cut off'],
    ['cut off within its header', (sealed: Buffer) => sealed.subarray(0, 20), {}, 'ends within its header'],
    ['with nothing but its header', (sealed: Buffer) => sealed.subarray(0, HEADER), {}, 'damaged'],
    ['with more at its end', (sealed: Buffer) => Buffer.concat([sealed, Buffer.alloc(10)]), {}, 'damaged'],
    [
      'with its last chunk twice',
      (sealed: Buffer) => Buffer.concat([sealed, sealed.subarray(HEADER + 2 * CHUNK)]),
      {},
      'damaged',
    ],
    [
      'without a chunk in the middle',
      (sealed: Buffer) => Buffer.concat([sealed.subarray(0, HEADER + CHUNK), sealed.subarray(HEADER + 2 * CHUNK)]),
      {},
      'damaged',
    ],
    [
      'with two chunks exchanged',
      (sealed: Buffer) =>
        Buffer.concat([
          sealed.subarray(0, HEADER),
          sealed.subarray(HEADER + CHUNK, HEADER + 2 * CHUNK),
          sealed.subarray(HEADER, HEADER + CHUNK),
          sealed.subarray(HEADER + 2 * CHUNK),
        ]),
      {},
      'damaged',
    ],
    ['with a bit of its content flipped', (sealed: Buffer) => flipped(sealed, HEADER + CHUNK + 5), {}, 'damaged'],
    ['with a bit of a tag flipped', (sealed: Buffer) => flipped(sealed, HEADER + CHUNK - 1), {}, 'damaged'],
    ['with a bit of its salt flipped', (sealed: Buffer) => flipped(sealed, HEADER - 1), {}, 'another one'],
    ['of a version to come', (sealed: Buffer) => changed(sealed, 8, 2), {}, 'has version 2'],
    ['that would cost too much', (sealed: Buffer) => changed(sealed, 9, 30), {}, 'scrypt cost of 2^30'],
    ['that is none', () => Buffer.from('{"subjects":[]}'.repeat(10)), {}, 'no sealed archive'],
    ['that is empty', () => Buffer.alloc(0), {}, 'ends within its header'],
  ])('%s is refused', async (_, harm, o, said) => {
    const sealed = harm(await seal(content(150_000)));
    await expect(open(sealed, o)).rejects.toMatchObject({
      code: 'ARCHIVE_INVALID',
      message: expect.stringContaining(said),
    });
  });
});

function flipped(sealed: Buffer, at: number): Buffer {
  return changed(sealed, at, (sealed[at] as number) ^ 1);
}

function changed(sealed: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(sealed);
  copy[at] = value;
  return copy;
}
