import { keyPictureAt } from '../pipeline/transport-packets.ts';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

/** Bytes that may wait for one viewer: about four seconds of video. */
const MOST_WAITING = 1_048_576;

/**
 * One open preview socket. It begins, and goes on after messages were left out, with a whole picture; what comes while too
 * much waits for it is left out and counted.
 */
export class PreviewViewer {
  readonly #socket: ViewerSocket;
  readonly #onDrop: () => void;
  #broken = true;
  #begun = false;
  #stuckSinceMs: number | null = null;

  constructor(socket: ViewerSocket, o: { onGone: () => void; onDrop: () => void }) {
    this.#socket = socket;
    this.#onDrop = o.onDrop;
    socket.on('close', o.onGone);
    // Without a listener an error of the connection would end the process; `close` follows it.
    socket.on('error', () => undefined);
  }

  /** Milliseconds for which it has taken nothing of what waits; 0 while it keeps up. */
  stuckForMs(nowMs: number): number {
    return this.#stuckSinceMs === null ? 0 : nowMs - this.#stuckSinceMs;
  }

  /** @param packets whole packets; not copied. */
  send(packets: Buffer, nowMs: number): void {
    if (this.#socket.readyState !== OPEN) return;
    if (this.#socket.bufferedAmount > MOST_WAITING) {
      if (this.#begun) this.#onDrop();
      this.#broken = true;
      this.#stuckSinceMs ??= nowMs;
      return;
    }
    this.#stuckSinceMs = null;
    let from = 0;
    if (this.#broken) {
      from = keyPictureAt(packets);
      if (from < 0) {
        if (this.#begun) this.#onDrop();
        return;
      }
      this.#broken = false;
      this.#begun = true;
    }
    this.#socket.send(from === 0 ? packets : packets.subarray(from), { binary: true }, () => undefined);
  }

  /** The next thing it gets is of another stream. */
  startAnew(): void {
    this.#broken = true;
    this.#begun = false;
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}
