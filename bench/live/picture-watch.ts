import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { WebSocket } from 'ws';
import { liveParts } from '../../test/support/live-client.ts';
import { readStrip } from './frame-number-strip.ts';

export interface SeenFrame {
  readonly camera: string;
  /** Of the camera's frames; events name it, too. */
  readonly sequence: number;
  /** When its message was there, milliseconds of the monotonic clock. */
  readonly atMs: number;
  /** Drawn into the picture; null where it could not be read. */
  readonly number: number | null;
  /** How old facegate took the picture to be when it sent it, milliseconds. */
  readonly ageMs: number;
}

const LOOP_RESOLUTION_MS = 1;

/** One live client with the pictures of all cameras. It keeps what comes, and looks at it only when all is over. */
export class PictureWatch implements AsyncDisposable {
  readonly #socket: WebSocket;
  readonly #delay = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  #messages: { atMs: number; data: Buffer }[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#messages.push({ atMs: monotonicMs(), data }));
  }

  static async open(socketAddress: string): Promise<PictureWatch> {
    const socket = new WebSocket(socketAddress, { perMessageDeflate: false });
    const watch = new PictureWatch(socket);
    await once(socket, 'open');
    return watch;
  }

  /** Forgets what came so far. */
  begin(): void {
    this.#messages = [];
    this.#delay.enable();
    this.#delay.reset();
  }

  /** How late this client itself was, milliseconds, since `begin`. */
  get ownDelayP99Ms(): number {
    return Math.max(0, this.#delay.percentile(99) / 1e6 - LOOP_RESOLUTION_MS);
  }

  /** Reads the numbers of all pictures since `begin`, and stops. */
  async end(): Promise<SeenFrame[]> {
    this.#delay.disable();
    this.#socket.terminate();
    const seen: SeenFrame[] = [];
    for (const { atMs, data } of this.#messages) {
      const { json, jpeg } = liveParts(data);
      const { camera, sequence, ageMs } = json as { camera: string; sequence: number; ageMs: number };
      seen.push({ camera, sequence, atMs, ageMs, number: await readStrip(jpeg!) });
    }
    this.#messages = [];
    return seen;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#delay.disable();
    this.#socket.terminate();
  }
}

/** The clock that every process of this machine shares. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
