import { type Observable, Subscription } from 'rxjs';
import { AppError } from '../config/app-error.ts';
import type { Polygon } from '../pipeline/polygon.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { Mpeg1Preview } from './mpeg1-preview.ts';
import { PreviewViewer } from './preview-viewer.ts';
import type { ViewerSocket } from './viewer-socket.ts';

/** A camera's video as it came, for whoever wants to see it smoothly. */
export interface PreviewFeed {
  /** Frames a second that the camera sends; null where that is not known. */
  readonly fps: number | null;
  readonly masks: readonly Polygon[];
  /** Pieces of an MPEG transport stream, in order. Completes or errors where this stream is over. */
  readonly transport: Observable<Uint8Array>;
}

export interface CameraPreviewOptions {
  cameraId: string;
  ffmpegPath: string;
  /** All that the encoder sees of the environment. */
  environment: Readonly<Record<string, string>>;
  /** The camera's stream at this moment; null while it has none. */
  feed: () => PreviewFeed | null;
  clock: Clock;
  log: Logger;
  onDrop: () => void;
  /** The last viewer left and everything has ended. */
  onIdle: () => void;
}

/** There is no preview of this camera, now or later. */
export const CLOSED_UNAVAILABLE = 4406;

/** After the last viewer; a page that is loaded again finds it running. With the 3 s to end it stays below 5 s. */
const LINGER_MS = 1500;
const RETRY_MS = [1000, 2000, 5000];
const STUCK_MS = 60_000;

/**
 * The smooth preview of one camera: one encoder for all who watch, from the first to the last. An encoder that ends, or a
 * camera that is away, is tried again while somebody watches.
 */
export class CameraPreview {
  readonly #options: CameraPreviewOptions;
  readonly #viewers = new Set<PreviewViewer>();
  #encoder: Mpeg1Preview | null = null;
  #feeding = new Subscription();
  #failures = 0;
  #timer: NodeJS.Timeout | null = null;
  /** Settles when every encoder that was told to end has ended. */
  #leaving: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: CameraPreviewOptions) {
    this.#options = options;
  }

  get viewers(): number {
    return this.#viewers.size;
  }

  /** Process ids: one while somebody watches, for a moment longer after that. */
  get pid(): number | null {
    return this.#encoder?.pid ?? null;
  }

  add(socket: ViewerSocket): void {
    const viewer = new PreviewViewer(socket, {
      onDrop: this.#options.onDrop,
      onGone: () => {
        this.#viewers.delete(viewer);
        if (this.#viewers.size === 0 && !this.#closed) this.#after(LINGER_MS, () => this.#idle());
      },
    });
    this.#viewers.add(viewer);
    if (this.#encoder) {
      if (this.#viewers.size === 1) this.#cancel();
    } else if (this.#timer === null || this.#viewers.size === 1) this.#start();
  }

  /** The camera goes on with another stream or other masks: nothing made of the old ones is sent any more. */
  restart(): void {
    if (this.#closed) return;
    this.#stop();
    for (const viewer of this.#viewers) viewer.startAnew();
    if (this.#viewers.size > 0) this.#start();
  }

  /** Ends it for everybody. Resolves when no process is left. */
  async close(code: number, reason: string): Promise<void> {
    this.#closed = true;
    this.#stop();
    for (const viewer of this.#viewers) viewer.close(code, reason);
    await this.#leaving;
  }

  /** Those that did not go when they were told. */
  terminate(): void {
    for (const viewer of this.#viewers) viewer.terminate();
  }

  #start(): void {
    this.#cancel();
    // One at a time: the next one comes when the last one has gone.
    const before = this.#leaving;
    this.#leaving = before.then(() => {
      if (!this.#closed && !this.#encoder && this.#viewers.size > 0 && this.#timer === null) this.#encode();
    });
  }

  #encode(): void {
    const { feed, ffmpegPath, environment, log, cameraId } = this.#options;
    const now = feed();
    if (!now) {
      this.#retry();
      return;
    }
    const encoder = new Mpeg1Preview({
      ffmpegPath,
      environment,
      fps: now.fps,
      masks: now.masks,
      onPackets: (packets) => this.#send(packets),
    });
    this.#encoder = encoder;
    const over = (why: string) => {
      if (this.#encoder !== encoder) return;
      log.warn({ camera: cameraId }, `the preview ended and is made anew: ${why}`);
      this.#stop();
      this.#retry();
    };
    void encoder.ended.then(({ message }) => over(message ?? 'ffmpeg ended'));
    this.#feeding = now.transport.subscribe({
      next: (piece) => encoder.write(piece),
      error: (error: unknown) => {
        const { code, message } = AppError.from(error);
        if (code === 'PREVIEW_UNAVAILABLE') this.#giveUp(message);
        else over('the camera’s stream broke');
      },
      complete: () => over('the camera’s stream ended'),
    });
  }

  #send(packets: Buffer): void {
    this.#failures = 0;
    const nowMs = this.#options.clock.monotonicMs();
    for (const viewer of this.#viewers) {
      viewer.send(packets, nowMs);
      if (viewer.stuckForMs(nowMs) > STUCK_MS) viewer.terminate();
    }
  }

  #retry(): void {
    for (const viewer of this.#viewers) viewer.startAnew();
    const pauseMs = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)]!;
    this.#failures += 1;
    this.#after(pauseMs, () => this.#start());
  }

  /** Trying again changes nothing: the camera's video cannot be copied. */
  #giveUp(message: string): void {
    this.#stop();
    // A close frame has room for 123 bytes.
    const reason = Buffer.from(message)
      .subarray(0, 120)
      .toString()
      .replace(/\uFFFD$/, '');
    for (const viewer of this.#viewers) viewer.close(CLOSED_UNAVAILABLE, reason);
  }

  #idle(): void {
    this.#stop();
    void this.#leaving.then(() => {
      if (this.#viewers.size === 0 && !this.#encoder) this.#options.onIdle();
    });
  }

  #stop(): void {
    this.#cancel();
    this.#feeding.unsubscribe();
    const encoder = this.#encoder;
    this.#encoder = null;
    if (!encoder) return;
    const before = this.#leaving;
    this.#leaving = Promise.all([before, encoder.close()]);
  }

  #after(ms: number, then: () => void): void {
    this.#cancel();
    this.#timer = setTimeout(() => {
      this.#timer = null;
      then();
    }, ms);
  }

  #cancel(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
