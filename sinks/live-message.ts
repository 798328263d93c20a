import { ageAt } from '../pipeline/frame.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { Clock } from '../pipeline/ports.ts';
import { frameMessage } from './frame-message.ts';

/**
 * One frame as `/ws/live` sends it: uint32 big-endian N, N bytes of UTF-8 JSON, then the JPEG; without a JPEG the JSON as
 * text. Made when it is sent, because it says how old the picture is at that moment; the same bytes go to all viewers of
 * one moment.
 */
export class LiveMessage {
  readonly result: FrameResult;
  /** When there was something to send, monotonic milliseconds. */
  readonly readyMs: number;
  readonly #jpeg: Buffer | null;
  readonly #clock: Clock;
  #made: { ageMs: number; data: Buffer | string } | null = null;

  constructor(result: FrameResult, jpeg: Buffer | null, clock: Clock) {
    this.result = result;
    this.#jpeg = jpeg;
    this.#clock = clock;
    this.readyMs = clock.monotonicMs();
  }

  data(): Buffer | string {
    const ageMs = Math.round(ageAt(this.result.frame, this.#clock.monotonicMs()));
    if (this.#made?.ageMs !== ageMs) {
      const json = JSON.stringify(frameMessage(this.result, ageMs));
      this.#made = { ageMs, data: this.#jpeg ? packed(json, this.#jpeg) : json };
    }
    return this.#made.data;
  }
}

function packed(json: string, jpeg: Buffer): Buffer {
  const length = Buffer.byteLength(json);
  const data = Buffer.allocUnsafe(4 + length + jpeg.length);
  data.writeUInt32BE(length, 0);
  data.write(json, 4, 'utf8');
  jpeg.copy(data, 4 + length);
  return data;
}
