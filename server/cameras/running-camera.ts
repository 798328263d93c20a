import type { Subscription } from 'rxjs';
import { tap } from 'rxjs/operators';
import { AppError } from '../../config/app-error.ts';
import type { CameraSettings } from '../../config/settings-schema.ts';
import { cameraPipeline } from '../../pipeline/camera-pipeline.ts';
import type { CameraStatus } from '../../pipeline/camera-status.ts';
import { EvenPace } from '../../pipeline/even-pace.ts';
import { ageAt, type Frame } from '../../pipeline/frame.ts';
import type { DropCounts, FrameResult } from '../../pipeline/frame-result.ts';
import type { FrameTracer } from '../../pipeline/frame-trace.ts';
import type { RecognitionThresholds } from '../../pipeline/identify.ts';
import { MotionGate } from '../../pipeline/motion-gate.ts';
import type { Clock, FaceAnalyser, Gallery, Logger } from '../../pipeline/ports.ts';
import type { PreviewFeed } from '../../sinks/camera-preview.ts';
import { CameraLink } from '../../sources/camera-link.ts';
import { createSource } from '../../sources/create-source.ts';
import type { FfmpegBinary } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import type { StreamFacts } from '../../sources/ffmpeg/stderr-line.ts';
import { RateMeter } from '../rate-meter.ts';
import type { FairRates, RatedCamera } from './fair-rates.ts';
import { GrowthMeter } from './growth-meter.ts';
import { resultNow } from './result-now.ts';
import type { Turn, Turns } from './turns.ts';

/** What the tenant does with what cameras produce. */
export interface CameraListener {
  received(cameraId: string): void;
  dropped(cameraId: string, reason: keyof DropCounts): void;
  /** The networks have it, so that a result may follow. Must not throw; whoever needs the pixels longer retains the frame. */
  analysing(frame: Frame): void;
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
  /** Holds cameras back while the networks cannot keep up. Default: none is. */
  rates?: FairRates;
  /** Spreads cameras in time. Default: each comes when it comes. */
  turns?: Turns;
  /** What cameras do whose own settings say nothing of it. Default: they analyse unchanged pictures, too. */
  motionGate?: { enabled: boolean; lookEveryMs: number };
  /** Follows the frames. Default: nobody does. */
  tracer?: FrameTracer | undefined;
  listener: CameraListener;
  clock: Clock;
  log: Logger;
}

type Latest = Pick<FrameResult, 'timings'> & {
  readonly width: number;
  readonly height: number;
  ageAt(nowMs: number): number;
};

/** One camera with one set of settings, from the first connection until it is closed. */
export class RunningCamera implements AsyncDisposable {
  readonly settings: CameraSettings;
  readonly #link: CameraLink;
  readonly #source: ReturnType<typeof createSource>;
  /** From its start until it is closed. */
  #turn: Turn | null = null;
  readonly #surroundings: CameraSurroundings;
  readonly #received: RateMeter;
  readonly #analysed: RateMeter;
  readonly #decoded: GrowthMeter;
  readonly #compressed: GrowthMeter;
  #zones: CameraSettings['zones'];
  #subscriptions: Subscription | null = null;
  #latest: Latest | null = null;
  readonly #pace = new EvenPace();
  /** Frames since it was started, by what became of them. */
  readonly #frames = { received: 0, analysed: 0, busy: 0, thinned: 0, unchanged: 0, fault: 0 };
  #closing: Promise<void> | null = null;

  /**
   * Connects to nothing yet: what is wrong with the settings shows before anything runs.
   *
   * @throws {AppError} SOURCE_URL_INVALID.
   */
  constructor(settings: CameraSettings, surroundings: CameraSurroundings) {
    const { ffmpeg, baseDir, clock, log, tracer } = surroundings;
    this.settings = settings;
    this.#surroundings = surroundings;
    const turn = () => this.#turn?.at() ?? null;
    this.#source = createSource(settings, { ffmpeg, clock, log, baseDir, tracer, turn });
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

  /** Frames a second that it is analysed at now, at most; less than its settings say while the networks cannot keep up. */
  get effectiveFps(): number {
    const { fps } = this.settings;
    // A film waits for the networks.
    if (this.#source.pace === 'file') return fps;
    return this.#surroundings.rates?.rateOf({ id: this.settings.id, fps }) ?? fps;
  }

  /** Since it was started. */
  get counts() {
    const { dropped, decodeErrors, bytes } = this.#source.stats();
    const { busy, thinned, unchanged, fault } = this.#frames;
    return {
      dropped: { busy, thinned, unchanged, pool: dropped.pool, fault },
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
    const { listener, log, analyser, gallery, clock, threshold, margin, turns } = this.#surroundings;
    const { id } = this.settings;
    if (this.#source.takesTurns) this.#turn = turns?.join() ?? null;
    const frames = this.#link.frames().pipe(
      tap(() => {
        this.#frames.received += 1;
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
      gate: this.#gate(),
      isDue: ({ arrivedAtMs }) => {
        const fps = this.effectiveFps;
        // Not held back: whatever comes, however unevenly.
        return fps >= this.settings.fps || this.#pace.isDue(arrivedAtMs, fps);
      },
      onTaken: (frame) => listener.analysing(frame),
      onDrop: (_frame, reason) => {
        this.#frames[reason] += 1;
        listener.dropped(id, reason);
      },
      onFault: (error, frame) => {
        this.#frames.fault += 1;
        log.warn({ camera: id, code: error.code, frame: frame.sequence }, error.message);
        listener.fault(error, id);
      },
    });
    this.#subscriptions = this.#link.changes.subscribe((status) => listener.status(status));
    if (this.#source.pace === 'live') this.#subscriptions.add(this.#surroundings.rates?.join(this.#rated()));
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
    this.#closing ??= this.#link.close().finally(() => {
      this.#turn?.leave();
      this.#subscriptions?.unsubscribe();
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #gate(): MotionGate | null {
    const { enabled, lookEveryMs } = this.#surroundings.motionGate ?? { enabled: false, lookEveryMs: 2000 };
    return (this.settings.motionGate ?? enabled) ? new MotionGate({ lookEveryMs }) : null;
  }

  #rated(): RatedCamera {
    const frames = this.#frames;
    return {
      id: this.settings.id,
      fps: this.settings.fps,
      get frames() {
        // What nothing had changed in asks nothing of the networks.
        return { ...frames, received: frames.received - frames.unchanged };
      },
    };
  }

  #measure(): void {
    const { framesDecoded, compressedBytes } = this.#source.stats();
    this.#decoded.note(framesDecoded);
    if (compressedBytes !== null) this.#compressed.note(compressedBytes);
  }

  #took(result: FrameResult): void {
    const { frame, timings } = result;
    const { width, height, ageMs, arrivedAtMs } = frame;
    this.#frames.analysed += 1;
    this.#analysed.count();
    this.#latest = { timings, width, height, ageAt: (nowMs) => ageAt({ ageMs, arrivedAtMs }, nowMs) };
    this.#surroundings.listener.result(result);
  }
}
