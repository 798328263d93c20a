import { PACKET_BYTES, payloadAt, startsUnit } from '../pipeline/transport-packets.ts';

/**
 * Makes ffmpeg begin with a transport stream at once. A transport stream may bring further streams at any time, so that
 * ffmpeg looks at 5 s of one before it begins, and what would make that shorter (`-analyzeduration`) stands before an input,
 * where node-rtsp-stream's muxer has no room. It looks no longer, though, where one of the streams has shown it 7 s
 * (libavformat's avformat_find_stream_info): so a sound stream is announced beside the video, and right after the first
 * pictures 10 s of silence come, which take 40 kB and no time; `-an` drops them. Measured (ffmpeg 5.1, H.264 at 25 fps): the
 * first bytes come out after 0.2 s instead of 5.1 s, and they are the same bytes.
 *
 * For H.264 and H.265, whose key pictures carry all that a decoder must know; anything else passes as it is.
 */
export class DecoySound {
  #state: 'tables' | 'pictures' | 'done' = 'tables';
  #pictures = 0;

  /** @param packets whole packets. @returns what to write instead. */
  insert(packets: Buffer): Buffer {
    if (this.#state === 'done' || packets.length === 0) return packets;
    const out: Buffer[] = [];
    for (let at = 0; at < packets.length; at += PACKET_BYTES) {
      const packet = packets.subarray(at, at + PACKET_BYTES);
      if (this.#state === 'tables') {
        const announced = withSound(packet);
        if (announced) this.#state = 'pictures';
        out.push(announced ?? packet);
        continue;
      }
      out.push(packet);
      if (this.#state !== 'pictures' || !startsPicture(packet)) continue;
      this.#pictures += 1;
      if (this.#pictures < PICTURES) continue;
      this.#state = 'done';
      out.push(silence());
    }
    return Buffer.concat(out);
  }
}

/** The first picture is known for complete when the second begins, and ffmpeg's parser then waits for one more. */
const PICTURES = 4;
const SOUND_PID = 0x1f00;
const MPEG_AUDIO = 0x03;
/** Stream types H.264 and H.265. */
const HEADERS_IN_BAND: ReadonlySet<number> = new Set([0x1b, 0x24]);
const FRAMES = 400;

/** MPEG-1 layer II, 48 kHz, one channel, 32 kbit/s: 96 bytes are 24 ms. A frame that allocates no bits is silent. */
const SILENT_FRAME = Buffer.concat([Buffer.of(0xff, 0xfd, 0x14, 0xc0), Buffer.alloc(92)]);

function startsPicture(packet: Buffer): boolean {
  const payload = payloadAt(packet);
  if (!startsUnit(packet) || payload > PACKET_BYTES - 4) return false;
  return packet.readUIntBE(payload, 3) === 1 && (packet[payload + 3]! & 0xf0) === 0xe0;
}

/** The programme map with one stream more; null where the packet is no programme map, or has no room. */
function withSound(packet: Buffer): Buffer | null {
  if (!startsUnit(packet)) return null;
  const payload = payloadAt(packet);
  const table = payload + 1 + (packet[payload] ?? PACKET_BYTES);
  // 2: the table of a programme map (ISO/IEC 13818-1, 2.4.4.8).
  if (table + 12 > PACKET_BYTES || packet[table] !== 2) return null;
  const length = ((packet[table + 1]! & 0x0f) << 8) | packet[table + 2]!;
  const crcAt = table + 3 + length - 4;
  if (crcAt + 9 > PACKET_BYTES || !HEADERS_IN_BAND.has(packet[streamsAt(packet, table)]!)) return null;
  const map = Buffer.from(packet);
  map[table + 1] = (map[table + 1]! & 0xf0) | ((length + 5) >> 8);
  map[table + 2] = (length + 5) & 0xff;
  map.set([MPEG_AUDIO, 0xe0 | (SOUND_PID >> 8), SOUND_PID & 0xff, 0xf0, 0], crcAt);
  map.writeUInt32BE(crc32Mpeg(map.subarray(table, crcAt + 5)), crcAt + 5);
  return map;
}

/** Where the first stream of a programme map stands: behind the descriptors of the programme. */
function streamsAt(packet: Buffer, table: number): number {
  return table + 12 + (((packet[table + 10]! & 0x0f) << 8) | packet[table + 11]!);
}

/** One PES packet with all frames, in transport packets. */
function silence(): Buffer {
  const frames = Buffer.concat(Array.from({ length: FRAMES }, () => SILENT_FRAME));
  // No time stamp: what follows is judged by how long it lasts.
  const pes = Buffer.concat([Buffer.of(0, 0, 1, 0xc0, 0, 0, 0x80, 0, 0), frames]);
  pes.writeUInt16BE(pes.length - 6, 4);
  const packets: Buffer[] = [];
  for (let at = 0, n = 0; at < pes.length; n += 1) {
    const left = pes.length - at;
    const room = PACKET_BYTES - 4;
    const packet = Buffer.alloc(PACKET_BYTES, 0xff);
    const header = [0x47, (n === 0 ? 0x40 : 0) | (SOUND_PID >> 8), SOUND_PID & 0xff];
    if (left >= room) {
      packet.set([...header, 0x10 | (n & 15)]);
      pes.copy(packet, 4, at);
      at += room;
    } else {
      // What is left over is filled up in front, by an adaptation field.
      const stuffing = room - left;
      packet.set([...header, 0x30 | (n & 15), stuffing - 1]);
      if (stuffing > 1) packet[5] = 0;
      pes.copy(packet, 4 + stuffing, at);
      at = pes.length;
    }
    packets.push(packet);
  }
  return Buffer.concat(packets);
}

/** CRC-32/MPEG-2: polynomial 0x04c11db7, not reflected, begun with ones. */
function crc32Mpeg(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80000000 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return crc >>> 0;
}
