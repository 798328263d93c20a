import { PACKET_BYTES, payloadAt, pidOf, startsKeyPicture, startsUnit } from '../pipeline/transport-packets.ts';

/** Where a viewer's bytes go. Must not throw. */
export type TransportListener = (packets: Uint8Array) => void;

/**
 * Shares one MPEG-TS among those who watch. It is always drained; while nobody watches that costs a count. A viewer's bytes start
 * with the tables (PAT and PMT) and a key frame, so that they can be decoded from the first one.
 */
export class TransportStream {
  /** Bytes that came. */
  bytes = 0;
  /** Those who wait for a key frame, and those who have had one. */
  readonly #waiting = new Set<TransportListener>();
  readonly #watching = new Set<TransportListener>();
  /** Where in a packet the next chunk begins. */
  #offset = 0;
  #partial: Buffer = Buffer.alloc(0);
  #pat: Buffer | null = null;
  #pmt: Buffer | null = null;
  #pmtPid = -1;

  /** @returns takes it away again. */
  watch(listener: TransportListener): () => void {
    this.#waiting.add(listener);
    return () => {
      this.#waiting.delete(listener);
      this.#watching.delete(listener);
    };
  }

  /** Another connection: whoever watches goes on with its first key frame. */
  restart(): void {
    for (const listener of this.#watching) this.#waiting.add(listener);
    this.#watching.clear();
    this.#pat = null;
    this.#pmt = null;
    this.#pmtPid = -1;
    this.#partial = Buffer.alloc(0);
    this.#offset = 0;
  }

  /** The next bytes, cut anywhere. */
  write(chunk: Buffer): void {
    const missing = (PACKET_BYTES - this.#offset) % PACKET_BYTES;
    this.bytes += chunk.length;
    this.#offset = (this.#offset + chunk.length) % PACKET_BYTES;
    if (this.#waiting.size === 0 && this.#watching.size === 0) {
      this.#partial = Buffer.alloc(0);
      return;
    }
    let whole: Buffer;
    if (this.#partial.length > 0) whole = Buffer.concat([this.#partial, chunk]);
    else whole = chunk.subarray(Math.min(missing, chunk.length));
    const end = whole.length - (whole.length % PACKET_BYTES);
    this.#partial = Buffer.from(whole.subarray(end));
    if (end > 0) this.#give(whole.subarray(0, end));
  }

  #give(packets: Buffer): void {
    if (this.#waiting.size > 0) {
      for (let at = 0; at < packets.length; at += PACKET_BYTES) {
        const packet = packets.subarray(at, at + PACKET_BYTES);
        this.#noteTables(packet);
        if (!this.#pat || !this.#pmt || !startsKeyPicture(packet)) continue;
        const first = Buffer.concat([this.#pat, this.#pmt, packets.subarray(at)]);
        const joining = [...this.#waiting];
        this.#waiting.clear();
        for (const listener of this.#watching) listener(packets);
        for (const listener of joining) {
          this.#watching.add(listener);
          listener(first);
        }
        return;
      }
    }
    for (const listener of this.#watching) listener(packets);
  }

  #noteTables(packet: Buffer): void {
    if (!startsUnit(packet)) return;
    const pid = pidOf(packet);
    if (pid === 0) {
      this.#pat = Buffer.from(packet);
      // Adaptation field, pointer, eight bytes of table head; then number and PID of the one programme.
      const section = payloadAt(packet) + 1 + packet[payloadAt(packet)]!;
      if (section + 12 <= PACKET_BYTES) this.#pmtPid = ((packet[section + 10]! & 0x1f) << 8) | packet[section + 11]!;
    } else if (pid === this.#pmtPid) this.#pmt = Buffer.from(packet);
  }
}
