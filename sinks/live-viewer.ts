import type { Clock } from '../pipeline/ports.ts';
import type { LiveMessage } from './live-message.ts';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

export interface LiveViewerOptions {
  /** Empty: all. */
  cameras: readonly string[];
  /** With the frame's JPEG. */
  video: boolean;
  /** With boxes and names in the JPEG. */
  annotate: boolean;
}

export interface LiveViewerStats {
  readonly sent: number;
  /** Frames that this viewer did not get because it was too slow. */
  readonly dropped: number;
  readonly bufferedBytes: number;
}

/**
 * One open live socket. At most one message is on its way, and for each camera one waits, which a newer one replaces: a
 * viewer that stops reading costs one message of its own, whatever happens (those that wait are shared with all others).
 */
export class LiveViewer {
  readonly video: boolean;
  readonly annotate: boolean;
  readonly #socket: ViewerSocket;
  readonly #cameras: ReadonlySet<string>;
  readonly #clock: Clock;
  readonly #name: string;
  /** In the order in which the cameras began to wait: none is starved by a faster one. */
  readonly #waiting = new Map<string, LiveMessage>();
  readonly #onDrop: () => void;
  readonly #onSent: () => void;
  #sendingSinceMs: number | null = null;
  #gone = false;
  #sent = 0;
  #dropped = 0;

  constructor(
    socket: ViewerSocket,
    { cameras, video, annotate }: LiveViewerOptions,
    o: { name: string; clock: Clock; onGone: () => void; onDrop: () => void; onSent: () => void },
  ) {
    this.#socket = socket;
    this.#cameras = new Set(cameras);
    this.video = video;
    this.annotate = annotate;
    this.#clock = o.clock;
    this.#name = o.name;
    this.#onDrop = o.onDrop;
    this.#onSent = o.onSent;
    const gone = () => {
      this.#gone = true;
      this.#waiting.clear();
      o.onGone();
    };
    socket.on('close', gone);
    // Without a listener an error of the connection would end the process; `close` follows it.
    socket.on('error', () => undefined);
  }

  wants(cameraId: string): boolean {
    return this.#cameras.size === 0 || this.#cameras.has(cameraId);
  }

  get stats(): LiveViewerStats {
    return { sent: this.#sent, dropped: this.#dropped, bufferedBytes: this.#socket.bufferedAmount };
  }

  /** Milliseconds for which the message on its way has not got through; 0 where none is. */
  stalledForMs(): number {
    return this.#sendingSinceMs === null ? 0 : this.#clock.monotonicMs() - this.#sendingSinceMs;
  }

  /** Sends it now, or as soon as what is on its way has got through, unless a newer one of that camera comes before. */
  offer(message: LiveMessage): void {
    if (this.#gone) return;
    const { cameraId } = message.result.frame;
    if (this.#waiting.has(cameraId)) this.drop();
    this.#waiting.set(cameraId, message);
    this.#sendNext();
  }

  /** Counts a frame that this viewer will not get. */
  drop(): void {
    this.#dropped += 1;
    this.#onDrop();
  }

  /** Says goodbye; a viewer that does not read is cut off by `terminate`. */
  close(code: number, reason: string): void {
    this.#waiting.clear();
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#gone = true;
    this.#waiting.clear();
    this.#socket.terminate();
  }

  #sendNext(): void {
    if (this.#gone || this.#sendingSinceMs !== null || this.#socket.readyState !== OPEN) return;
    const [next] = this.#waiting;
    if (!next) return;
    const [cameraId, message] = next;
    this.#waiting.delete(cameraId);
    this.#sendingSinceMs = this.#clock.monotonicMs();
    this.#socket.send(message.data(), { binary: message.binary }, (error) => {
      this.#sendingSinceMs = null;
      if (error) return;
      message.result.frame.trace?.sent(this.#name, message.readyMs, this.#clock.monotonicMs());
      this.#sent += 1;
      this.#onSent();
      this.#sendNext();
    });
  }
}
