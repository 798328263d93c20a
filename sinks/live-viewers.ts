import { AppError } from '../config/app-error.ts';
import { ageAt, type Frame } from '../pipeline/frame.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { Clock, Logger, Sink } from '../pipeline/ports.ts';
import { silentLog } from '../pipeline/silent-log.ts';
import { systemClock } from '../pipeline/system-clock.ts';
import { canDrawText } from './annotate-picture.ts';
import { BegunJpegs } from './begun-jpegs.ts';
import { EncodeLane } from './encode-lane.ts';
import { FramePicture, type PictureKind } from './frame-picture.ts';
import { LiveMessage } from './live-message.ts';
import { LiveViewer, type LiveViewerOptions, type LiveViewerStats } from './live-viewer.ts';
import { OPEN, type ViewerSocket } from './viewer-socket.ts';

export interface LiveViewersOptions {
  /** Default: the machine's. */
  clock?: Clock;
  log?: Logger;
  /** Of the JPEGs, 1..100. Default 80. */
  quality?: number;
  /** A viewer that has taken nothing of a message for so long is cut off; it may come back. Default 120,000. */
  stalledAfterMs?: number;
}

export interface LiveStats {
  readonly viewers: number;
  /** Messages that got through, to all viewers there ever were. */
  readonly sent: number;
  /** Frames that a viewer did not get: it, or the encoder, was too slow, or none could be made; all viewers there ever were. */
  readonly dropped: number;
  /** JPEGs made for viewers; not those that were begun and whose result never came. */
  readonly encoded: number;
  /** Those connected now. */
  readonly clients: readonly LiveViewerStats[];
}

/** The newest analysed frame of a camera. */
export interface LatestFrame {
  readonly sequence: number;
  /** How old its picture was when this was asked for, milliseconds. */
  readonly ageMs: number;
  readonly result: FrameResult;
  /**
   * The JPEG of that very frame; call it soon.
   * @throws {AppError} CAMERA_STALE when a newer frame took its place meanwhile.
   */
  jpeg(o: { annotated: boolean }): Promise<Buffer>;
}

interface CameraLanes {
  /** Holds one frame of the camera's pool, for pictures on request. */
  newest: FramePicture;
  readonly plain: EncodeLane;
  readonly annotated: EncodeLane;
}

const CLOSE_WAIT_MS = 1000;

/**
 * The live view. Every analysed frame goes, with its JPEG, to everybody who watches its camera. A picture is encoded only
 * while somebody watches, at most once for each kind, off this thread; results of one camera arrive in order. Nobody waits
 * for a slow viewer, who gets the newest frame of each camera when there is room again; what was left out is counted.
 *
 * A plain picture does not depend on the result: where `expect` says that one is on its way, its JPEG is begun meanwhile.
 *
 * Beyond `push` and `expect` the newest frame of each camera is held, and while somebody watches, for each kind of picture the one
 * that is being encoded and the one that waits (as a rule the newest): no more than five of a camera's pool, mostly two.
 */
export class LiveViewers implements Sink<FrameResult> {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #quality: number;
  readonly #stalledAfterMs: number;
  readonly #viewers = new Set<LiveViewer>();
  readonly #cameras = new Map<string, CameraLanes>();
  readonly #begun: BegunJpegs;
  /** Of cameras that are no more, while something of theirs is being encoded. */
  readonly #forgotten = new Set<Promise<void>>();
  #added = 0;
  #sent = 0;
  #dropped = 0;
  #encoded = 0;
  #closing: Promise<void> | null = null;
  #allGone: (() => void) | null = null;

  constructor(options: LiveViewersOptions = {}) {
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log ?? silentLog;
    this.#quality = options.quality ?? 80;
    this.#begun = new BegunJpegs({ quality: this.#quality });
    this.#stalledAfterMs = options.stalledAfterMs ?? 120_000;
  }

  /** Takes over an open socket until either side closes it. */
  add(socket: ViewerSocket, options: LiveViewerOptions): void {
    if (this.#closing) {
      socket.on('error', () => undefined);
      socket.close(1001, 'facegate is stopping');
      return;
    }
    const viewer = new LiveViewer(socket, options, {
      name: `viewer ${++this.#added}`,
      clock: this.#clock,
      onGone: () => {
        this.#viewers.delete(viewer);
        if (this.#viewers.size === 0) this.#allGone?.();
      },
      onDrop: () => {
        this.#dropped += 1;
      },
      onSent: () => {
        this.#sent += 1;
      },
    });
    if (socket.readyState !== OPEN) return;
    this.#viewers.add(viewer);
    if (options.video && options.annotate) void this.#warnWithoutFonts();
  }

  /**
   * Says that the networks have this frame: its result may be pushed soon, or never come. Its plain JPEG is begun where somebody
   * watches and no other of the camera is being encoded. Retains the frame while its pixels are read. Never throws.
   */
  expect(frame: Frame): void {
    if (this.#closing) return;
    try {
      this.#expect(frame);
    } catch (error) {
      this.#fault(error, frame);
    }
  }

  /** Retains the frame for as long as it needs its pixels. Never throws. */
  push(result: FrameResult): void {
    if (this.#closing) return;
    try {
      this.#push(result);
    } catch (error) {
      this.#fault(error, result.frame);
    }
  }

  /** The newest frame of the camera; null before the first. */
  latest(cameraId: string): LatestFrame | null {
    const picture = this.#cameras.get(cameraId)?.newest;
    if (!picture) return null;
    const { result } = picture;
    return {
      sequence: result.frame.sequence,
      ageMs: ageAt(result.frame, this.#clock.monotonicMs()),
      result,
      jpeg: ({ annotated }) => picture.jpeg(annotated ? 'annotated' : 'plain'),
    };
  }

  /** Gives the newest frame of a camera that is no more back to its pool. */
  forget(cameraId: string): void {
    const camera = this.#cameras.get(cameraId);
    if (!camera) return;
    this.#cameras.delete(cameraId);
    const encodes = this.#closeLanes(camera).finally(() => this.#forgotten.delete(encodes));
    this.#forgotten.add(encodes);
  }

  stats(): LiveStats {
    return {
      viewers: this.#viewers.size,
      sent: this.#sent,
      dropped: this.#dropped,
      encoded: this.#encoded,
      clients: [...this.#viewers].map((viewer) => viewer.stats),
    };
  }

  /** Says goodbye to every viewer, waits for encodes, gives every frame back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #expect(frame: Frame): void {
    // Before its first result, and after it was forgotten, a camera has nothing here.
    const camera = this.#cameras.get(frame.cameraId);
    // Where the encoder is slow, more at a time would only be late together.
    if (!camera || camera.annotated.isBusy) return;
    if (this.#audience('plain', frame.cameraId).length === 0) return;
    camera.plain.beginAhead(() => this.#begun.begin(frame));
  }

  #push(result: FrameResult): void {
    const { cameraId } = result.frame;
    const watching = [...this.#viewers].filter((viewer) => viewer.wants(cameraId));
    for (const viewer of watching) {
      if (viewer.stalledForMs() > this.#stalledAfterMs) viewer.terminate();
    }
    const picture = new FramePicture(result, { quality: this.#quality, plain: this.#begun.take(result.frame) });
    const known = this.#cameras.get(cameraId);
    const camera = known ?? {
      newest: picture,
      plain: this.#lane('plain'),
      annotated: this.#lane('annotated'),
    };
    if (known) {
      known.newest.release();
      known.newest = picture;
    } else this.#cameras.set(cameraId, camera);

    if (watching.some((viewer) => viewer.video && !viewer.annotate)) camera.plain.submit(picture);
    if (watching.some((viewer) => viewer.video && viewer.annotate)) camera.annotated.submit(picture);
    this.#deliver(
      result,
      null,
      watching.filter((viewer) => !viewer.video),
    );
  }

  /** Who watches this camera with such pictures. */
  #audience(kind: PictureKind, cameraId: string): LiveViewer[] {
    const annotate = kind === 'annotated';
    return [...this.#viewers].filter(
      (viewer) => viewer.video && viewer.annotate === annotate && viewer.wants(cameraId),
    );
  }

  #lane(kind: PictureKind): EncodeLane {
    const leaveOut = ({ frame }: FrameResult) => {
      for (const viewer of this.#audience(kind, frame.cameraId)) viewer.drop();
    };
    return new EncodeLane({
      kind,
      clock: this.#clock,
      onJpeg: ({ result }, jpeg) => {
        this.#encoded += 1;
        this.#deliver(result, jpeg, this.#audience(kind, result.frame.cameraId));
      },
      onSkip: ({ result }) => leaveOut(result),
      onFault: (error, { result }) => {
        leaveOut(result);
        this.#fault(error, result.frame);
      },
    });
  }

  #deliver(result: FrameResult, jpeg: Buffer | null, viewers: readonly LiveViewer[]): void {
    if (viewers.length === 0) return;
    const message = new LiveMessage(result, jpeg, this.#clock);
    for (const viewer of viewers) {
      try {
        viewer.offer(message);
      } catch (error) {
        // One socket in a bad state takes nobody else down.
        this.#fault(error, result.frame);
        viewer.terminate();
      }
    }
  }

  #fault(error: unknown, { cameraId, sequence }: Frame): void {
    this.#log.warn(
      { camera: cameraId, sequence, code: AppError.from(error).code, error: AppError.from(error).message },
      'a frame could not be shown',
    );
  }

  async #warnWithoutFonts(): Promise<void> {
    if (await canDrawText()) return;
    this.#log.warn(
      {},
      'this machine has no font: annotated pictures have no names (apt-get install fonts-dejavu-core)',
    );
  }

  async #close(): Promise<void> {
    const gone = new Promise<void>((resolve) => {
      this.#allGone = resolve;
    });
    for (const viewer of this.#viewers) viewer.close(1001, 'facegate is stopping');
    const lanes = [...this.#cameras.values()].map((camera) => this.#closeLanes(camera));
    const encodes = Promise.all([...lanes, ...this.#forgotten]);
    this.#cameras.clear();
    if (this.#viewers.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, CLOSE_WAIT_MS);
      });
      await Promise.race([gone, late]);
      clearTimeout(timer);
      // Those that do not read would keep their sockets for half a minute more.
      for (const viewer of this.#viewers) viewer.terminate();
      this.#viewers.clear();
    }
    await encodes;
  }

  async #closeLanes({ newest, plain, annotated }: CameraLanes): Promise<void> {
    newest.release();
    await Promise.all([plain.close(), annotated.close()]);
  }
}
