import { endOf, isPacket } from './rtsp-framing.ts';
import type { VideoDescription } from './video-description.ts';

/** So many pictures are looked at before anything is said: where one of them needs a later one, that shows by then. */
const LEARNED_AFTER = 16;
/** More than RTP's packets and any answer that ffmpeg reads. */
const MOST_HELD_BYTES = 512 * 1024;

const RTP_HEADER_BYTES = 12;

/** What a NAL unit that a packet carries, whole or in part, is. */
type Part = 'picture' | 'other' | 'unknown';

interface Codec {
  /** The whole access unit delimiter: nothing of a picture, and the beginning of the next one. */
  readonly delimiter: Buffer;
  part(payload: Buffer): Part;
}

const CODECS: Record<VideoDescription['codec'], Codec> = {
  // RFC 6184.
  h264: {
    delimiter: Buffer.from([0x09, 0xf0]),
    part: (payload) => {
      const type = payload[0]! & 31;
      if (type === 24) return ofAggregate(payload, 1, (nal) => ofH264(nal & 31));
      if (type === 28) return payload.length < 2 ? 'unknown' : ofH264(payload[1]! & 31);
      return type < 24 ? ofH264(type) : 'unknown';
    },
  },
  // RFC 7798.
  h265: {
    delimiter: Buffer.from([0x46, 0x01, 0x50]),
    part: (payload) => {
      const type = (payload[0]! >> 1) & 63;
      if (type === 48) return ofAggregate(payload, 2, (nal) => ofH265((nal >> 1) & 63));
      if (type === 49) return payload.length < 3 ? 'unknown' : ofH265(payload[2]! & 63);
      return type < 48 ? ofH265(type) : 'unknown';
    },
  },
};

function ofH264(type: number): Part {
  return type >= 1 && type <= 5 ? 'picture' : 'other';
}

function ofH265(type: number): Part {
  return type < 32 ? 'picture' : 'other';
}

/** Several NAL units in one packet, each after its length. */
function ofAggregate(payload: Buffer, from: number, of: (firstByte: number) => Part): Part {
  for (let at = from; at + 2 < payload.length; at += 2 + payload.readUInt16BE(at)) {
    if (of(payload[at + 2]!) === 'picture') return 'picture';
  }
  return 'other';
}

/**
 * Says in a camera's RTSP, as ffmpeg reads it over TCP, that a picture is whole. ffmpeg's parser hands a picture to the decoder when
 * it sees the next one begin: at 25 pictures a second 40 ms late, at 5 a fifth of a second. The camera marks the last packet of each
 * picture; after that one comes a packet more here, of an access unit delimiter, with which in H.264 and H.265 the next one begins.
 *
 * ffmpeg takes the timestamp of what a picture begins with, so the delimiter bears the one that the next picture will have: that of the
 * picture before and the shortest time that has lain between two. At an even rate that is right to the tick; at an uneven one a picture
 * counts as taken a little early, by no more than ffmpeg would have held it back. They never go backwards.
 *
 * Where pictures come in another order than they are shown (B-frames) that would mix them up, and a delimiter amidst a picture would tear
 * it. Whoever sends such is let through as it is: nothing is said before 16 pictures have shown neither, and nothing more once one
 * does. The same holds for what cannot be read here.
 */
export class PictureEnds {
  readonly #payloadType: number;
  readonly #codec: Codec;
  #held: Buffer = Buffer.alloc(0);
  #pictures = 0;
  #isOver = false;
  /** Timestamp of the picture that ended last; ticks, as all of them: 32 bits that begin anew. */
  #ended: number | null = null;
  /** Between two pictures, ticks. */
  #shortest = Number.POSITIVE_INFINITY;
  /** The timestamp that was foretold last. */
  #foretold: number | null = null;

  constructor(video: VideoDescription) {
    this.#payloadType = video.payloadType;
    this.#codec = CODECS[video.codec];
  }

  /**
   * @param chunk what came from the camera, cut anywhere.
   * @returns what ffmpeg is to read; the last packet waits here until it is whole.
   */
  read(chunk: Buffer): Buffer[] {
    if (this.#isOver) return [chunk];
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const out: Buffer[] = [];
    let from = 0;
    let at = 0;
    while (at < bytes.length) {
      const end = endOf(bytes, at);
      // What is neither text nor a packet: ffmpeg has its own ways with that.
      if (end === null) this.#isOver = true;
      if (end === null || end > bytes.length) break;
      if (isPacket(bytes, at) && this.#endsPicture(bytes.subarray(at + 4, end))) {
        out.push(bytes.subarray(from, end), this.#delimiter(bytes.subarray(at, end)));
        from = end;
      }
      at = end;
    }
    if (bytes.length - at > MOST_HELD_BYTES) this.#isOver = true;
    if (this.#isOver) at = bytes.length;
    if (at > from) out.push(bytes.subarray(from, at));
    this.#held = bytes.subarray(at);
    return out;
  }

  /** @returns whether this is said behind the packet. */
  #endsPicture(rtp: Buffer): boolean {
    // RTCP has other payload types, and other media theirs.
    if (this.#isOver || rtp.length <= RTP_HEADER_BYTES || (rtp[1]! & 127) !== this.#payloadType) return false;
    const payload = payloadOf(rtp);
    const part = payload.length === 0 ? 'other' : this.#codec.part(payload);
    if (part === 'other') return false;
    const timestamp = rtp.readUInt32BE(4);
    const sinceLast = this.#ended === null ? 1 : (timestamp - this.#ended) | 0;
    // 0: more of the picture that was said to be over. Less: pictures are not in the order in which they are shown.
    if (part === 'unknown' || sinceLast <= 0) {
      this.#isOver = true;
      return false;
    }
    if (rtp[1]! < 128) return false;
    if (this.#ended !== null) this.#shortest = Math.min(this.#shortest, sinceLast);
    this.#ended = timestamp;
    this.#pictures += 1;
    return this.#pictures >= LEARNED_AFTER;
  }

  /** The packet that says it: as the one before it, which is the one marked; over TCP ffmpeg takes a sequence number twice. */
  #delimiter(marked: Buffer): Buffer {
    const { delimiter } = this.#codec;
    const packet = Buffer.alloc(4 + RTP_HEADER_BYTES + delimiter.length);
    marked.copy(packet, 0, 0, 4 + RTP_HEADER_BYTES);
    packet.writeUInt16BE(RTP_HEADER_BYTES + delimiter.length, 2);
    // No padding, extension, contributing sources or mark.
    packet[4] = 0x80;
    packet[5] = this.#payloadType;
    packet.writeUInt32BE(this.#foretell(), 8);
    delimiter.copy(packet, 4 + RTP_HEADER_BYTES);
    return packet;
  }

  #foretell(): number {
    const next = (this.#ended! + this.#shortest) >>> 0;
    const before = this.#foretold;
    this.#foretold = before !== null && ((next - before) | 0) <= 0 ? (before + 1) >>> 0 : next;
    return this.#foretold;
  }
}

/** What an RTP packet (RFC 3550) carries; empty where its header says more than there is. */
function payloadOf(rtp: Buffer): Buffer {
  let from = RTP_HEADER_BYTES + 4 * (rtp[0]! & 15);
  if ((rtp[0]! & 0x10) !== 0) {
    if (rtp.length < from + 4) return rtp.subarray(rtp.length);
    from += 4 + 4 * rtp.readUInt16BE(from + 2);
  }
  return rtp.subarray(Math.min(from, rtp.length));
}
