import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPixelSender, type PixelRef } from '../../../models/processes/pixel-channel.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'facegate-pixels-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const pattern = (length: number, step: number) => Uint8Array.from({ length }, (_, i) => (i * step) % 251);

function inSlot(descriptor: number, ref: PixelRef): Uint8Array {
  if (!('slot' in ref)) throw new Error('the pixels are in the message');
  return readFileSync(`/proc/self/fd/${descriptor}`).subarray(0, ref.bytes);
}

describe('openPixelSender', () => {
  it('leaves no name in the folder, so that nothing is left behind however we end', async () => {
    const sender = openPixelSender(2, folder);
    expect(sender.kind).toBe('memory');
    expect(sender.descriptors).toHaveLength(2);
    expect(await readdir(folder)).toEqual([]);
    sender.close();
  });

  it.skipIf(process.platform !== 'linux')(
    'writes each slot by itself, larger and smaller pictures in turn',
    async () => {
      const sender = openPixelSender(2, folder);
      for (const length of [3, 5_000_003, 12, 17 << 20, 300]) {
        const [even, odd] = [pattern(length, 3), pattern(length, 7)];
        const refs = await Promise.all([sender.write(0, even), sender.write(1, odd)]);
        expect(Buffer.compare(inSlot(sender.descriptors[0]!, refs[0]!), even)).toBe(0);
        expect(Buffer.compare(inSlot(sender.descriptors[1]!, refs[1]!), odd)).toBe(0);
      }
      sender.close();
    },
  );

  it.skipIf(process.platform !== 'linux')('takes pixels from a SharedArrayBuffer', async () => {
    const sender = openPixelSender(2, folder);
    const shared = new Uint8Array(new SharedArrayBuffer(999));
    shared.set(pattern(999, 5));
    expect([...inSlot(sender.descriptors[0]!, await sender.write(0, shared))]).toEqual([...shared]);
    sender.close();
  });

  it('sends pixels in the message where there is no such folder', async () => {
    const sender = openPixelSender(2, join(folder, 'missing'));
    const pixels = pattern(30, 1);
    expect(sender).toMatchObject({ kind: 'message', descriptors: [] });
    expect(await sender.write(0, pixels)).toEqual({ pixels });
    sender.close();
  });

  it('writes nothing to descriptors that it has closed', async () => {
    const sender = openPixelSender(2, folder);
    const large = sender.write(0, pattern(9 << 20, 1));
    sender.close();
    sender.close();
    expect(await large).toHaveProperty('pixels');
    expect(await sender.write(1, pattern(3, 1))).toHaveProperty('pixels');
  });
});
