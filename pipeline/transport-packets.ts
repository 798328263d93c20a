/*
 * What facegate knows of an MPEG transport stream (ISO/IEC 13818-1): the copy of a camera's video is one, and so is a preview.
 */

/** It is made of packets of so many bytes. */
export const PACKET_BYTES = 188;

const SYNC = 0x47;

/** Cuts a stream of bytes into pieces of whole packets. */
export class TransportPackets {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the whole packets that are there now; empty while there is none. */
  take(chunk: Buffer): Buffer {
    const all = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const whole = all.length - (all.length % PACKET_BYTES);
    // A copy: the chunk is a slice of a larger one, which would be held for these few bytes.
    this.#rest = Buffer.from(all.subarray(whole));
    return all.subarray(0, whole);
  }
}

/** Which of its streams a packet belongs to, 0..8191; 0 is the table of programmes. */
export function pidOf(packet: Uint8Array): number {
  return ((packet[1]! & 0x1f) << 8) | packet[2]!;
}

/** Where in the packet its payload begins: behind the adaptation field, if it has one. Beyond its end where it has no payload. */
export function payloadAt(packet: Uint8Array): number {
  return hasAdaptation(packet) ? 5 + packet[4]! : 4;
}

/** Whether a table or a picture begins in the packet (payload unit start). */
export function startsUnit(packet: Uint8Array): boolean {
  return packet[0] === SYNC && (packet[1]! & 0x40) !== 0;
}

/** Whether a picture begins in the packet that needs none before it (random access indicator, 2.4.3.5). */
export function startsKeyPicture(packet: Uint8Array): boolean {
  return startsUnit(packet) && hasAdaptation(packet) && packet[4]! > 0 && (packet[5]! & 0x40) !== 0;
}

/** @param packets whole ones. @returns the offset of the first that starts a key picture, or −1. */
export function keyPictureAt(packets: Uint8Array): number {
  for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) {
    if (startsKeyPicture(packets.subarray(at, at + PACKET_BYTES))) return at;
  }
  return -1;
}

function hasAdaptation(packet: Uint8Array): boolean {
  return (packet[3]! & 0x20) !== 0;
}
