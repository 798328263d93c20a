import { ageAt } from '../pipeline/frame.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { Clock } from '../pipeline/ports.ts';
import { frameMessage } from './frame-message.ts';

/** Sent so much later than before, the bytes are made again, because they say how old the picture is; milliseconds. */
const SAME_MOMENT_MS = 10;

/**
 * One frame as `/ws/live` sends it: uint32 big-endian N, N bytes of UTF-8 JSON, then the JPEG; without a JPEG the JSON as
 * text. Made when it is sent, because it says how old the picture is at that moment; the same bytes go to all viewers of
 * one moment, and nobody has any of their own.
 */
export class LiveMessage {
  readonly result: FrameResult;
  /** When there was something to send, monotonic milliseconds. */
  readonly readyMs: number;
  readonly #jpeg: Buffer | null;
  readonly #clock: Clock;
  #made: { ageMs: number; data: Buffer } | null = null;

  constructor(result: FrameResult, jpeg: Buffer | null, clock: Clock) {
    this.result = result;
    this.#jpeg = jpeg;
    this.#clock = clock;
    this.readyMs = clock.monotonicMs();
  }

  /** Otherwise text. */
  get binary(): boolean {
    return this.#jpeg !== null;
  }

  /** Not to be changed. Bytes also where it is text: a string would be encoded anew for every viewer. */
  data(): Buffer {
    const ageMs = Math.round(ageAt(this.result.frame, this.#clock.monotonicMs()));
    if (this.#made === null || ageMs - this.#made.ageMs > SAME_MOMENT_MS) {
      const json = JSON.stringify(frameMessage(this.result, ageMs));
      this.#made = { ageMs, data: this.#jpeg ? packed(json, this.#jpeg) : Buffer.from(json) };
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
