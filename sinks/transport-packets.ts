/** An MPEG transport stream is made of packets of so many bytes. */
export const PACKET_BYTES = 188;

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

/**
 * Where a picture begins that needs none before it: the offset of the first packet with the random access flag (ISO/IEC
 * 13818-1, 2.4.3.5), or −1.
 */
export function keyPictureAt(packets: Buffer): number {
  for (let at = 0; at + PACKET_BYTES <= packets.length; at += PACKET_BYTES) {
    const hasAdaptation = (packets[at + 3]! & 0x20) !== 0;
    if (hasAdaptation && packets[at + 4]! > 0 && (packets[at + 5]! & 0x40) !== 0) return at;
  }
  return -1;
}
