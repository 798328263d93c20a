import { setTimeout as wait } from 'node:timers/promises';
import type { Clock, Logger } from '../pipeline/ports.ts';
import { CameraPreview, type PreviewFeed } from './camera-preview.ts';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

export interface PreviewsOptions {
  ffmpegPath: string;
  /** All that the encoders see of the environment. */
  environment: Readonly<Record<string, string>>;
  /** The stream of a camera at this moment; null while it has none. */
  feed: (cameraId: string) => PreviewFeed | null;
  clock: Clock;
  log: Logger;
  /** Cameras whose preview is made at a time; each takes about an eighth of a core. Default 8. */
  most?: number;
}

export interface PreviewStats {
  readonly viewers: number;
  /** Cameras whose preview is being made. */
  readonly running: number;
  /** Messages that a viewer did not get because it was too slow; all viewers there ever were. */
  readonly dropped: number;
}

export const CLOSED_CAMERA_GONE = 4404;
const TRY_AGAIN_LATER = 1013;
const GOING_AWAY = 1001;
const CLOSE_WAIT_MS = 1000;

/** The smooth previews of all cameras, each made only while somebody watches it. */
export class Previews implements AsyncDisposable {
  readonly #options: PreviewsOptions;
  readonly #most: number;
  readonly #cameras = new Map<string, CameraPreview>();
  /** Of cameras that were removed: what still ends. */
  readonly #leaving = new Set<Promise<void>>();
  #dropped = 0;
  #closing: Promise<void> | null = null;

  constructor(options: PreviewsOptions) {
    this.#options = options;
    this.#most = options.most ?? 8;
  }

  /** Takes over an open socket until either side closes it. */
  add(socket: ViewerSocket, { camera: cameraId }: { camera: string }): void {
    socket.on('error', () => undefined);
    const preview = this.#cameras.get(cameraId);
    if (this.#closing) socket.close(GOING_AWAY, 'facegate is stopping');
    else if (!preview && this.#cameras.size >= this.#most) {
      socket.close(TRY_AGAIN_LATER, `the previews of ${this.#most} cameras are being made already`);
    } else if (socket.readyState === OPEN) (preview ?? this.#open(cameraId)).add(socket);
  }

  /** The camera goes on with another stream or other masks. */
  restarted(cameraId: string): void {
    this.#cameras.get(cameraId)?.restart();
  }

  /** The camera was removed. */
  removed(cameraId: string): void {
    const preview = this.#cameras.get(cameraId);
    if (!preview) return;
    this.#cameras.delete(cameraId);
    const ended = preview.close(CLOSED_CAMERA_GONE, 'the camera was removed');
    this.#leaving.add(ended);
    void ended.then(() => this.#leaving.delete(ended));
  }

  stats(): PreviewStats {
    const all = [...this.#cameras.values()];
    return {
      viewers: all.reduce((sum, { viewers }) => sum + viewers, 0),
      running: all.filter(({ pid }) => pid !== null).length,
      dropped: this.#dropped,
    };
  }

  /** Of the encoders that are alive. */
  pids(): number[] {
    return [...this.#cameras.values()].flatMap(({ pid }) => pid ?? []);
  }

  /** Says goodbye to every viewer; resolves when no process is left. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const all = [...this.#cameras.values()];
    const ended = Promise.all(all.map((preview) => preview.close(GOING_AWAY, 'facegate is stopping')));
    if (all.some(({ viewers }) => viewers > 0)) await wait(CLOSE_WAIT_MS);
    for (const preview of all) preview.terminate();
    this.#cameras.clear();
    await Promise.all([ended, ...this.#leaving]);
  }

  #open(cameraId: string): CameraPreview {
    const { ffmpegPath, environment, feed, clock, log } = this.#options;
    const preview = new CameraPreview({
      cameraId,
      ffmpegPath,
      environment,
      feed: () => feed(cameraId),
      clock,
      log,
      onDrop: () => {
        this.#dropped += 1;
      },
      onIdle: () => {
        if (this.#cameras.get(cameraId) === preview) this.#cameras.delete(cameraId);
      },
    });
    this.#cameras.set(cameraId, preview);
    return preview;
  }
}
