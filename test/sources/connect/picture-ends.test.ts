import { describe, expect, it } from 'vitest';
import { PictureEnds } from '../../../sources/connect/picture-ends.ts';
import type { VideoDescription } from '../../../sources/connect/video-description.ts';
import { interleaved, rtpPackets, senderReport } from '../../support/rtp-h264.ts';

const VIDEO: VideoDescription = { codec: 'h264', payloadType: 96 };
const STEP = 3600;

/** A picture of a parameter set, one slice in three packets and one in a single packet. */
const NALS = [Buffer.from([0x67, 1, 2]), nal(0x41, 3000), nal(0x41, 200)];

function nal(header: number, length: number): Buffer {
  const bytes = Buffer.alloc(length, 0x55);
  bytes[0] = header;
  return bytes;
}

function picture(timestamp: number, sequence = 0): Buffer[] {
  return rtpPackets(NALS, { ssrc: 7, timestamp, sequence }).map((packet) => interleaved(0, packet));
}

function pictures(timestamps: readonly number[]): Buffer[] {
  return timestamps.flatMap((timestamp, i) => picture(timestamp, i * 10));
}

const inOrder = (count: number, from = 0) => Array.from({ length: count }, (_, i) => (from + i * STEP) >>> 0);

/** What comes out, cut into packets and answers. */
function through(sent: readonly Buffer[], o: { video?: VideoDescription; cut?: number } = {}): Buffer[] {
  const ends = new PictureEnds(o.video ?? VIDEO);
  const all = Buffer.concat(sent);
  const out: Buffer[] = [];
  const cut = o.cut ?? all.length;
  for (let at = 0; at < all.length; at += cut) out.push(...ends.read(all.subarray(at, at + cut)));
  const packets: Buffer[] = [];
  for (let rest = Buffer.concat(out); rest.length > 0; ) {
    const end = rest[0] === 0x24 ? 4 + rest.readUInt16BE(2) : rest.length;
    packets.push(rest.subarray(0, end));
    rest = rest.subarray(end);
  }
  return packets;
}

const isDelimiter = (packet: Buffer) => packet.length <= 19 && [0x09, 0x46].includes(packet[16]!);
const delimiters = (packets: readonly Buffer[]) => packets.filter(isDelimiter);

describe('the ends of pictures', () => {
  it('are said behind each marked packet from the sixteenth picture on, and nothing else is changed', () => {
    const sent = pictures(inOrder(20));
    const got = through(sent);
    expect(Buffer.concat(got.filter((packet) => !isDelimiter(packet))).equals(Buffer.concat(sent))).toBe(true);
    expect(delimiters(got)).toHaveLength(5);
    got.forEach((packet, i) => {
      if (!isDelimiter(packet)) return;
      const marked = got[i - 1]!;
      expect(marked[5]! & 0x80).toBe(0x80);
      expect([...packet.subarray(16)]).toEqual([0x09, 0xf0]);
      expect(packet.readUInt16BE(2)).toBe(14);
      expect([packet[1], packet[5]]).toEqual([0, 96]);
      expect(packet.readUInt16BE(6)).toBe(marked.readUInt16BE(6));
      expect(packet.readUInt32BE(8)).toBe(marked.readUInt32BE(8) + STEP);
      expect(packet.readUInt32BE(12)).toBe(7);
    });
  });

  it.each([1, 7, 1000, 1404])('are the same where the connection gives %i bytes at a time', (cut) => {
    const answer = Buffer.from('RTSP/1.0 200 OK\r\nCSeq: 9\r\nContent-Length: 5\r\n\r\n$a\r\nb');
    const sent = [...pictures(inOrder(18)), interleaved(1, senderReport(7, 0)), ...pictures(inOrder(3, 18 * STEP))];
    const all = [answer, ...sent];
    expect(Buffer.concat(through(all, { cut })).equals(Buffer.concat(through(all)))).toBe(true);
    expect(Buffer.concat(through(all)).length).toBe(Buffer.concat(all).length + 6 * 18);
  });

  it('are said across the overflow of the timestamps', () => {
    expect(delimiters(through(pictures(inOrder(30, 0xffff_ffff - 20 * STEP))))).toHaveLength(15);
  });

  it('foretell when the next picture was taken: by the shortest time between two so far, and never backwards', () => {
    // Of the sixteenth, and what follows it: late, early, in time.
    const last = 15 * STEP;
    const uneven = [...inOrder(16), last + 3 * STEP, last + 3 * STEP + 600, last + 6 * STEP, last + 7 * STEP];
    const said = delimiters(through(pictures(uneven))).map((packet) => packet.readUInt32BE(8) - last);
    expect(said).toEqual([STEP, 4 * STEP, 4 * STEP + 1, 6 * STEP + 600, 7 * STEP + 600]);
  });

  it('are never said where a picture needs a later one', () => {
    const reordered = inOrder(40).flatMap((_, i, all) =>
      i % 3 === 0 ? [all[i + 2] ?? all[i]!, all[i]!, all[i + 1] ?? all[i]!] : [],
    );
    expect(delimiters(through(pictures(reordered)))).toEqual([]);
  });

  it('are said no more from the first picture on that comes after one that it is shown before', () => {
    const got = through(pictures([...inOrder(20), 18 * STEP, ...inOrder(20, 30 * STEP)]));
    expect(delimiters(got)).toHaveLength(5);
  });

  it('are never said where the camera marks every slice', () => {
    const sent = pictures(inOrder(40));
    for (const packet of sent) packet[5]! |= 0x80;
    expect(delimiters(through(sent))).toEqual([]);
  });

  it('are not said behind parameter sets that are marked as well', () => {
    const sets = (timestamp: number) =>
      rtpPackets([Buffer.from([0x67, 1])], { ssrc: 7, timestamp, sequence: 0 }).map((packet) => interleaved(0, packet));
    const sent = inOrder(20).flatMap((timestamp) => [...sets(timestamp), ...picture(timestamp)]);
    expect(delimiters(through(sent))).toHaveLength(5);
  });

  it('are not said for another payload type', () => {
    expect(delimiters(through(pictures(inOrder(40)), { video: { ...VIDEO, payloadType: 97 } }))).toEqual([]);
  });

  it('are found behind header extensions and in aggregates, in H.265 as in H.264', () => {
    const rtp = (payload: number[], i: number) => {
      const head = Buffer.from([0x90, 0xe0, 0, i, 0, 0, 0, 0, 0, 0, 0, 7, 0xbe, 0xde, 0, 1, 1, 2, 3, 4]);
      head.writeUInt32BE(i * STEP, 4);
      return interleaved(0, Buffer.concat([head, Buffer.from(payload)]));
    };
    const of = (payload: number[], codec: VideoDescription['codec']) =>
      delimiters(
        through(
          inOrder(20).map((_, i) => rtp(payload, i)),
          { video: { codec, payloadType: 96 } },
        ),
      );
    // STAP-A of a parameter set and a slice; an end of FU-A; AP, FU and single slice of H.265.
    const pictures264 = [
      [24, 0, 2, 0x67, 1, 0, 2, 0x65, 1],
      [28, 0x45, 9],
    ];
    for (const payload of pictures264) expect(of(payload, 'h264')).toHaveLength(5);
    const pictures265 = [
      [48 << 1, 1, 0, 2, 0x40, 1, 0, 3, 0x26, 1, 5],
      [49 << 1, 1, 0x41, 5],
      [0x02, 1, 5],
    ];
    for (const payload of pictures265) {
      const said = of(payload, 'h265');
      expect(said).toHaveLength(5);
      expect([...said[0]!.subarray(4, 6), ...said[0]!.subarray(16)]).toEqual([0x80, 96, 0x46, 1, 0x50]);
    }
    // Parameter sets alone end nothing, and what has an order of its own is left alone.
    expect(of([24, 0, 2, 0x67, 1], 'h264')).toEqual([]);
    expect(of([0x40, 1, 5], 'h265')).toEqual([]);
    expect(of([25, 0, 0, 0, 2, 0x65, 1], 'h264')).toEqual([]);
  });

  it('do not keep what is neither RTSP nor RTP', () => {
    const strange = Buffer.concat([Buffer.alloc(700_000, 7), ...pictures(inOrder(20))]);
    const ends = new PictureEnds(VIDEO);
    expect(Buffer.concat(ends.read(strange)).equals(strange)).toBe(true);
    const endless = Buffer.alloc(600_000, 0x41);
    expect(Buffer.concat(new PictureEnds(VIDEO).read(endless)).equals(endless)).toBe(true);
  });
});
