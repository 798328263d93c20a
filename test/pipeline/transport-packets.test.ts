import { describe, expect, it } from 'vitest';
import {
  keyPictureAt,
  PACKET_BYTES,
  payloadAt,
  pidOf,
  startsKeyPicture,
  TransportPackets,
} from '../../pipeline/transport-packets.ts';

interface Head {
  readonly pid?: number;
  readonly starts?: boolean;
  /** Bytes of the adaptation field after its length; null: there is none. */
  readonly adaptation?: readonly number[] | null;
}

function packet({ pid = 0x100, starts = false, adaptation = null }: Head = {}): Buffer {
  const bytes = Buffer.alloc(PACKET_BYTES, 0xff);
  bytes.set([0x47, (starts ? 0x40 : 0) | (pid >> 8), pid & 0xff, adaptation ? 0x30 : 0x10]);
  if (adaptation) bytes.set([adaptation.length, ...adaptation], 4);
  return bytes;
}

describe('a transport packet', () => {
  it('tells its stream and where its payload begins', () => {
    expect(pidOf(packet({ pid: 0x1fff }))).toBe(0x1fff);
    expect(pidOf(packet({ pid: 0x100, starts: true }))).toBe(0x100);
    expect(payloadAt(packet())).toBe(4);
    expect(payloadAt(packet({ adaptation: [0x40, 1, 2] }))).toBe(8);
  });

  it.each<[string, Head, boolean]>([
    ['with the random access flag', { starts: true, adaptation: [0x50] }, true],
    ['in which nothing begins', { starts: false, adaptation: [0x40] }, false],
    ['without the flag', { starts: true, adaptation: [0x10] }, false],
    ['without an adaptation field', { starts: true }, false],
    ['with an empty adaptation field', { starts: true, adaptation: [] }, false],
  ])('%s starts a key picture: %o %s', (_, head, starts) => {
    expect(startsKeyPicture(packet(head))).toBe(starts);
  });

  it('that is out of step starts nothing', () => {
    const wrong = packet({ starts: true, adaptation: [0x40] });
    wrong[0] = 0;
    expect(startsKeyPicture(wrong)).toBe(false);
  });

  it('is found among others', () => {
    const key = packet({ starts: true, adaptation: [0x40] });
    expect(keyPictureAt(Buffer.concat([packet(), packet({ starts: true }), key, key]))).toBe(2 * PACKET_BYTES);
    expect(keyPictureAt(packet())).toBe(-1);
    expect(keyPictureAt(key.subarray(0, 100))).toBe(-1);
  });
});

it.each([1, 7, 188, 500])('a stream that comes in pieces of %i bytes is cut into whole packets', (step) => {
  const all = Buffer.concat([1, 2, 3, 4, 5].map((pid) => packet({ pid })));
  const packets = new TransportPackets();
  const out: Buffer[] = [];
  for (let at = 0; at < all.length; at += step) {
    const whole = packets.take(all.subarray(at, at + step));
    expect(whole.length % PACKET_BYTES).toBe(0);
    out.push(Buffer.from(whole));
  }
  expect(Buffer.concat(out).equals(all)).toBe(true);
});
