import type { Subscription } from 'rxjs';
import { tap } from 'rxjs/operators';
import { AppError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';
import type { CameraSettings } from '../config/settings-schema.ts';
import { cameraPipeline } from '../pipeline/camera-pipeline.ts';
import type { CameraStatus } from '../pipeline/camera-status.ts';
import { ageAt, type Frame } from '../pipeline/frame.ts';
import type { FrameResult } from '../pipeline/frame-result.ts';
import type { RecognitionThresholds } from '../pipeline/identify.ts';
import type { Clock, FaceAnalyser, Gallery, Logger } from '../pipeline/ports.ts';
import { CameraLink } from '../sources/camera-link.ts';
import { createSource } from '../sources/create-source.ts';
import type { FfmpegBinary } from '../sources/ffmpeg-binary.ts';
import { probeCamera } from '../sources/probe-camera.ts';
import { RateMeter } from './rate-meter.ts';
import type { CameraProbe, CameraRegistry, CameraView, LatestPicture } from './server-parts.ts';

/** What the tenant does with what cameras produce. */
export interface CameraListener {
  received(cameraId: string): void;
  dropped(cameraId: string): void;
  result(result: FrameResult): void;
  status(status: CameraStatus): void;
  fault(error: AppError, cameraId: string): void;
  removed(cameraId: string): void;
}

export interface CamerasOptions extends RecognitionThresholds {
  ffmpeg: FfmpegBinary;
  /** What relative `file:` paths are relative to. */
  baseDir: string;
  analyser: FaceAnalyser;
  gallery: Gallery;
  /** Ids of the doors that look through a camera. */
  doorsOf: (cameraId: string) => readonly string[];
  latestPicture: (cameraId: string) => LatestPicture | null;
  listener: CameraListener;
  clock: Clock;
  log: Logger;
}

interface RunningCamera {
  readonly settings: CameraSettings;
  readonly origin: 'config' | 'added';
  readonly link: CameraLink;
  readonly source: ReturnType<typeof createSource>;
  readonly subscriptions: Subscription;
  readonly analysed: RateMeter;
  latest:
    | (Pick<FrameResult, 'timings' | 'dropped'> & {
        size: { width: number; height: number };
        ageAt: (nowMs: number) => number;
      })
    | null;
}

/** Every camera of the tenant: runs its pipeline, knows how it is doing. The only owner of that state. */
export class Cameras implements CameraRegistry, AsyncDisposable {
  readonly #options: CamerasOptions;
  readonly #running = new Map<string, RunningCamera>();
  #closing: Promise<void> | null = null;

  constructor(options: CamerasOptions) {
    this.#options = options;
  }

  list(): CameraView[] {
    return [...this.#running.values()].map((camera) => this.#view(camera));
  }

  get(id: string): CameraView {
    return this.#view(this.#find(id));
  }

  /**
   * Starts a camera. One that cannot be reached is added all the same and keeps trying.
   *
   * @throws {AppError} CAMERA_EXISTS, SOURCE_URL_INVALID.
   */
  add(settings: CameraSettings, origin: 'config' | 'added' = 'added'): CameraView {
    if (this.#closing) throw new AppError('SHUTTING_DOWN', 'facegate is stopping, no camera can be added');
    if (this.#running.has(settings.id)) {
      throw new AppError('CAMERA_EXISTS', `a camera "${settings.id}" is there already; choose another id`);
    }
    const { ffmpeg, baseDir, analyser, gallery, clock, threshold, margin, listener } = this.#options;
    const { log } = this.#options;
    const source = createSource(settings, { ffmpeg, clock, log, baseDir });
    const link = new CameraLink(source, { clock, log });
    const frames = link.frames().pipe(tap(() => listener.received(settings.id)));
    const results = cameraPipeline(frames, {
      pace: source.pace,
      analyser,
      gallery,
      clock,
      threshold,
      margin,
      onDrop: () => listener.dropped(settings.id),
      onFault: (error, frame) => {
        log.warn({ camera: settings.id, code: error.code, frame: frame.sequence }, error.message);
        listener.fault(error, settings.id);
      },
    });
    const subscriptions = link.changes.subscribe((status) => listener.status(status));
    const camera: RunningCamera = {
      settings,
      origin,
      link,
      source,
      subscriptions,
      analysed: new RateMeter(clock),
      latest: null,
    };
    this.#running.set(settings.id, camera);
    subscriptions.add(
      results.subscribe({
        next: (result) => this.#took(camera, result),
        error: (error: unknown) => {
          // The networks were closed under it, or there is a defect: the camera stops, the others go on.
          if (!this.#closing) listener.fault(AppError.from(error), settings.id);
          void link.close();
        },
      }),
    );
    return this.#view(camera);
  }

  /** @throws {AppError} CAMERA_NOT_FOUND; CAMERA_CONFIGURED for a camera of the configuration file. */
  async remove(id: string): Promise<void> {
    const camera = this.#find(id);
    if (camera.origin === 'config') {
      throw new AppError('CAMERA_CONFIGURED', `camera "${id}" stands in the configuration file; remove it there`);
    }
    // It stays until its ffmpeg is gone: another one of that id must not come before, nor `close` forget it.
    await stop(camera);
    if (this.#running.get(id) !== camera) return;
    this.#running.delete(id);
    this.#options.listener.removed(id);
  }

  latestResult(id: string): LatestPicture | null {
    this.#find(id);
    return this.#options.latestPicture(id);
  }

  /** What is behind a URL. Never throws for a camera that cannot be read. */
  probe(settings: CameraSettings): Promise<CameraProbe> {
    const { ffmpeg, baseDir } = this.#options;
    return probeCamera(settings, { ffmpeg, baseDir });
  }

  /** Resolves when every ffmpeg is gone. */
  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#running.values()].map(stop)).then(() => undefined);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #took(camera: RunningCamera, result: FrameResult): void {
    const { frame, timings, dropped } = result;
    camera.analysed.count();
    const { width, height, ageMs, arrivedAtMs } = frame;
    camera.latest = {
      timings,
      dropped,
      size: { width, height },
      ageAt: (nowMs) => ageAt({ ageMs, arrivedAtMs } satisfies Pick<Frame, 'ageMs' | 'arrivedAtMs'>, nowMs),
    };
    this.#options.listener.result(result);
  }

  #find(id: string): RunningCamera {
    const camera = this.#running.get(id);
    if (camera) return camera;
    throw new AppError('CAMERA_NOT_FOUND', `there is no camera "${id}"`);
  }

  #view({ settings, origin, link, source, analysed, latest }: RunningCamera): CameraView {
    const { state, code, message, sinceMs, connections, retryAtMs } = link.status;
    const poolDrops = source.stats().dropped.pool;
    return {
      id: settings.id,
      name: settings.name ?? settings.id,
      url: redact(settings.url),
      origin,
      state,
      code,
      message,
      since: new Date(sinceMs).toISOString(),
      connections,
      retryAt: retryAtMs === null ? null : new Date(retryAtMs).toISOString(),
      fps: { configured: settings.fps, analysed: analysed.perSecond() },
      width: latest?.size.width ?? null,
      height: latest?.size.height ?? null,
      ageMs: latest ? Math.round(latest.ageAt(this.#options.clock.monotonicMs())) : null,
      dropped: { busy: (latest?.dropped.busy ?? 0) + poolDrops },
      timings: latest?.timings ?? null,
      doors: [...this.#options.doorsOf(settings.id)],
    };
  }
}

async function stop({ link, subscriptions }: RunningCamera): Promise<void> {
  await link.close();
  subscriptions.unsubscribe();
}
