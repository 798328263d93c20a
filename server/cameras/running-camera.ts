import type { Subscription } from 'rxjs';
import { tap } from 'rxjs/operators';
import { AppError } from '../../config/app-error.ts';
import type { CameraSettings } from '../../config/settings-schema.ts';
import { cameraPipeline } from '../../pipeline/camera-pipeline.ts';
import type { CameraStatus } from '../../pipeline/camera-status.ts';
import { ageAt } from '../../pipeline/frame.ts';
import type { FrameResult } from '../../pipeline/frame-result.ts';
import type { RecognitionThresholds } from '../../pipeline/identify.ts';
import type { Clock, FaceAnalyser, Gallery, Logger } from '../../pipeline/ports.ts';
import type { PreviewFeed } from '../../sinks/camera-preview.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import type { FfmpegBinary } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import type { StreamFacts } from '../../sources/ffmpeg/stderr-line.ts';
import { RateMeter } from '../rate-meter.ts';
import { GrowthMeter } from './growth-meter.ts';
import { resultNow } from './result-now.ts';

/** What the tenant does with what cameras produce. */
export interface CameraListener {
  received(cameraId: string): void;
  dropped(cameraId: string): void;
  result(result: FrameResult): void;
  status(status: CameraStatus): void;
  fault(error: AppError, cameraId: string): void;
  /** Its video has another size or codec. */
  streamChanged(cameraId: string, to: StreamFacts): void;
  /** It goes on with other settings: pictures taken under the old ones are not its pictures any more. */
  restarted(cameraId: string): void;
  removed(cameraId: string): void;
}

/** What every camera of a tenant shares. */
export interface CameraSurroundings extends RecognitionThresholds {
  ffmpeg: FfmpegBinary;
  /** What relative `file:` paths are relative to. */
  baseDir: string;
  analyser: FaceAnalyser;
  gallery: Gallery;
  listener: CameraListener;
  clock: Clock;
  log: Logger;
}

type Latest = Pick<FrameResult, 'timings' | 'dropped'> & {
  readonly width: number;
  readonly height: number;
  ageAt(nowMs: number): number;
};

/** One camera with one set of settings, from the first connection until it is closed. */
export class RunningCamera implements AsyncDisposable {
  readonly settings: CameraSettings;
  readonly #link: CameraLink;
  readonly #source: ReturnType<typeof createSource>;
  readonly #surroundings: CameraSurroundings;
  readonly #received: RateMeter;
  readonly #analysed: RateMeter;
  readonly #decoded: GrowthMeter;
  readonly #compressed: GrowthMeter;
  #zones: CameraSettings['zones'];
  #subscriptions: Subscription | null = null;
  #latest: Latest | null = null;
  #faults = 0;
  #closing: Promise<void> | null = null;

  /**
   * Connects to nothing yet: what is wrong with the settings shows before anything runs.
   *
   * @throws {AppError} SOURCE_URL_INVALID.
   */
  constructor(settings: CameraSettings, surroundings: CameraSurroundings) {
    const { ffmpeg, baseDir, clock, log } = surroundings;
    this.settings = settings;
    this.#surroundings = surroundings;
    this.#source = createSource(settings, { ffmpeg, clock, log, baseDir });
    this.#link = new CameraLink(this.#source, { clock, log });
    this.#received = new RateMeter(clock);
    this.#analysed = new RateMeter(clock);
    this.#decoded = new GrowthMeter(clock);
    this.#compressed = new GrowthMeter(clock);
    this.#zones = settings.zones;
  }

  get status(): CameraStatus {
    return this.#link.status;
  }

  /** What the camera sends, before thinning out and scaling; null before that is known. */
  get stream() {
    const facts = this.#source.stream;
    if (!facts) return null;
    this.#measure();
    const { used, reason } = this.#source.stats().decoder;
    const bytesPerSecond = this.#compressed.perSecond();
    return {
      ...facts,
      decoder: used,
      decoderReason: reason,
      bitsPerSecond: bytesPerSecond === null ? null : Math.round(8 * bytesPerSecond),
    };
  }

  /** From the next frame on, faces count inside of these. */
  setZones(zones: CameraSettings['zones']): void {
    this.#zones = zones;
  }

  /** Newest analysed frame; null before the first. */
  get latest(): Latest | null {
    return this.#latest;
  }

  /** Frames a second over the last seconds: out of the decoder (null where it does not tell), thinned out, analysed. */
  get rates(): { decoded: number | null; received: number; analysed: number } {
    this.#measure();
    const decoded = this.#source.stats().framesDecoded === 0 ? null : this.#decoded.perSecond();
    return {
      decoded: decoded === null ? null : Math.round(10 * decoded) / 10,
      received: this.#received.perSecond(),
      analysed: this.#analysed.perSecond(),
    };
  }

  /** Since it was started. */
  get counts() {
    const { dropped, decodeErrors, bytes } = this.#source.stats();
    return {
      dropped: { busy: this.#latest?.dropped.busy ?? 0, pool: dropped.pool, fault: this.#faults },
      decodeErrors,
      bytes,
    };
  }

  /** The camera's video for the smooth preview. */
  get previewFeed(): PreviewFeed {
    return {
      fps: this.#source.stream?.fps ?? null,
      masks: this.settings.masks,
      transport: this.#source.transportStream(),
    };
  }

  /** Connects. Once. */
  start(): void {
    const { listener, log, analyser, gallery, clock, threshold, margin } = this.#surroundings;
    const { id } = this.settings;
    const frames = this.#link.frames().pipe(
      tap(() => {
        this.#received.count();
        this.#measure();
        listener.received(id);
      }),
    );
    const results = cameraPipeline(frames, {
      pace: this.#source.pace,
      analyser,
      gallery,
      clock,
      threshold,
      margin,
      zones: () => this.#zones,
      onDrop: () => listener.dropped(id),
      onFault: (error, frame) => {
        this.#faults += 1;
        log.warn({ camera: id, code: error.code, frame: frame.sequence }, error.message);
        listener.fault(error, id);
      },
    });
    this.#subscriptions = this.#link.changes.subscribe((status) => listener.status(status));
    this.#subscriptions.add(this.#source.streamChanges.subscribe(({ to }) => listener.streamChanged(id, to)));
    this.#subscriptions.add(
      results.subscribe({
        next: (result) => this.#took(resultNow(result, this.#link.status.state)),
        error: (error: unknown) => {
          // The networks were closed under it, or there is a defect: the camera stops, the others go on.
          if (!this.#closing) listener.fault(AppError.from(error), id);
          void this.#link.close();
        },
      }),
    );
  }

  /** Idempotent; resolves when its ffmpeg is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#link.close().then(() => this.#subscriptions?.unsubscribe());
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #measure(): void {
    const { framesDecoded, compressedBytes } = this.#source.stats();
    this.#decoded.note(framesDecoded);
    if (compressedBytes !== null) this.#compressed.note(compressedBytes);
  }

  #took(result: FrameResult): void {
    const { frame, timings, dropped } = result;
    const { width, height, ageMs, arrivedAtMs } = frame;
    this.#analysed.count();
    this.#latest = { timings, dropped, width, height, ageAt: (nowMs) => ageAt({ ageMs, arrivedAtMs }, nowMs) };
    this.#surroundings.listener.result(result);
  }
}
