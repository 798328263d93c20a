/** The NAL units of one picture, parameter sets before it included. */
export interface AccessUnit {
  readonly nals: readonly Buffer[];
}

/** Pictures of one slice each (x264's `slices=1`): every slice ends its access unit. */
export function splitAccessUnits(annexB: Buffer): AccessUnit[] {
  const units: AccessUnit[] = [];
  let nals: Buffer[] = [];
  for (const nal of splitNals(annexB)) {
    const type = nal[0]! & 31;
    // Access unit delimiters and x264's signature are nobody's business.
    if (type === 9 || type === 6) continue;
    nals.push(nal);
    if (type === 1 || type === 5) {
      units.push({ nals });
      nals = [];
    }
  }
  return units;
}

function splitNals(annexB: Buffer): Buffer[] {
  const starts: number[] = [];
  const code = Buffer.from([0, 0, 1]);
  for (let at = annexB.indexOf(code); at >= 0; at = annexB.indexOf(code, at + 3)) starts.push(at + 3);
  return starts.map((start, i) => {
    let end = i + 1 < starts.length ? starts[i + 1]! - 3 : annexB.length;
    while (end > start && annexB[end - 1] === 0) end -= 1;
    return annexB.subarray(start, end);
  });
}

const LARGEST = 1400;

/** RTP packets (RFC 6184: single NAL units and FU-A) of one picture; the last one bears the marker. */
export function rtpPackets(
  nals: readonly Buffer[],
  { ssrc, timestamp, sequence }: { ssrc: number; timestamp: number; sequence: number },
): Buffer[] {
  const payloads = nals.flatMap((nal) => {
    if (nal.length <= LARGEST) return [nal];
    const parts: Buffer[] = [];
    for (let at = 1; at < nal.length; at += LARGEST) {
      const first = at === 1 ? 0x80 : 0;
      const last = at + LARGEST >= nal.length ? 0x40 : 0;
      const head = Buffer.from([(nal[0]! & 0xe0) | 28, first | last | (nal[0]! & 31)]);
      parts.push(Buffer.concat([head, nal.subarray(at, at + LARGEST)]));
    }
    return parts;
  });
  return payloads.map((payload, i) => {
    const head = Buffer.alloc(12);
    head[0] = 0x80;
    head[1] = 96 | (i === payloads.length - 1 ? 0x80 : 0);
    head.writeUInt16BE((sequence + i) & 0xffff, 2);
    head.writeUInt32BE(timestamp >>> 0, 4);
    head.writeUInt32BE(ssrc, 8);
    return Buffer.concat([head, payload]);
  });
}

/** An RTCP sender report (RFC 3550) that says: still here. */
export function senderReport(ssrc: number, timestamp: number): Buffer {
  const report = Buffer.alloc(28);
  report[0] = 0x80;
  report[1] = 200;
  report.writeUInt16BE(6, 2);
  report.writeUInt32BE(ssrc, 4);
  const now = Date.now() / 1000 + 2_208_988_800;
  report.writeUInt32BE(Math.floor(now) >>> 0, 8);
  report.writeUInt32BE(Math.floor((now % 1) * 2 ** 32) >>> 0, 12);
  report.writeUInt32BE(timestamp >>> 0, 16);
  return report;
}

/** A packet as it goes over the connection of RTSP itself (RFC 2326, 10.12). */
export function interleaved(channel: number, packet: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head[0] = 0x24;
  head[1] = channel;
  head.writeUInt16BE(packet.length, 2);
  return Buffer.concat([head, packet]);
}
