import type { Observable } from 'rxjs';
import type { AccessEvent } from './access-event.ts';
import type { AnalysedFace, Candidate, Detection, Probe } from './face.ts';
import type { Frame } from './frame.ts';
import type { AnalysisTrace } from './frame-trace.ts';
import type { PixelImage } from './pixel-image.ts';

/** The wall clock may step; the monotonic one never goes backwards. Both in milliseconds. */
export interface Clock {
  wallMs(): number;
  monotonicMs(): number;
}

export type LogFields = Record<string, unknown>;

/** The part of pino that the rooms use. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

export interface FrameSource {
  readonly id: string;
  /** `live` frames are dropped when nobody has time for them; a `file` waits: it stops reading while its pool is empty. */
  readonly pace: 'live' | 'file';
  /**
   * One attempt: subscribing starts ffmpeg, unsubscribing ends it. Completes at a clean end, errors with a SourceError;
   * retrying lives elsewhere. Each frame is handed over with one reference, which the subscriber releases.
   */
  frames(): Observable<Frame>;
}

export interface AnalyseOptions {
  /** Smallest detection confidence that counts, 0..1. Default: the detector's setting. */
  confidence?: number;
  /** IoU above which two boxes are one face, 0..1. Default: the detector's setting. */
  nms?: number;
  /** The best so many faces. Default: the detector's setting. */
  maxFaces?: number;
  /** `detections`: boxes and landmarks alone; `scores`: what the scorers say as well; `embeddings`: everything. Default. */
  want?: 'detections' | 'scores' | 'embeddings';
  /** Milliseconds from the call until the process that works on it is given up. Default: the role's setting. */
  deadlineMs?: number;
  /** Tell what took how long, in `timings.trace`. Default false. */
  trace?: boolean;
  signal?: AbortSignal;
}

/** Milliseconds inside the inference process. */
export interface AnalysisTimings {
  readonly detect: number;
  /** Alignment, embedding and quality of all faces. */
  readonly embed: number;
  /** By this process's clock; where it was asked for. */
  readonly trace?: AnalysisTrace;
}

export interface Analysis {
  /** Best detection first. */
  readonly faces: readonly AnalysedFace[];
  readonly timings: AnalysisTimings;
}

/** A free place at the networks, held until `release()`; used once. */
export interface AnalysisSlot {
  /** The image's pixels are not read after the promise settles. */
  analyse(image: PixelImage, options?: AnalyseOptions): Promise<Analysis>;
  /** Idempotent; a slot that was used releases itself. */
  release(): void;
}

/** Detect → align → embed → score, in one call, outside this thread. */
export interface FaceAnalyser extends AsyncDisposable {
  /**
   * Waits for a free place, first come first served. A camera keeps replacing its waiting frame by the newest one until
   * it has a place, so that what is analysed is never older than it must be.
   */
  reserve(signal?: AbortSignal): Promise<AnalysisSlot>;
  /**
   * For requests: waits in a bounded queue behind the cameras.
   * @throws {AppError} INFERENCE_BUSY when the queue is full.
   */
  analyse(image: PixelImage, options?: AnalyseOptions): Promise<Analysis>;
}

/** Gives each face a number: quality, liveness, … */
export interface FaceScorer {
  readonly name: string;
  score(image: PixelImage, faces: readonly Detection[]): Promise<number[]>;
}

export interface Gallery {
  /**
   * For each probe the `k` most similar distinct subjects, best first, each by its best template.
   * @throws {AppError} EMBEDDING_MISMATCH when a probe is of another model or width than the gallery.
   */
  search(probes: readonly Probe[], k: number): Promise<Candidate[][]>;
}

/** Takes results. Never blocks, never throws. */
export interface Sink<T> extends AsyncDisposable {
  push(value: T): void;
}

/**
 * Where events go that somebody set up in the settings. One outlet (sinks/event-outlet.ts) feeds each, from a place of its
 * own in the event log: it decides what is delivered, when again, and what is a replay.
 */
export interface EventSink extends AsyncDisposable {
  readonly id: string;
  /** Events handed over at once, at most. Default 1. */
  readonly batch?: number;
  /** Called once, before the first delivery: a sink that keeps a connection opens it now. Never throws. */
  start?(): void;
  /**
   * Delivers these, ascending. Resolves when the other side has taken all of them for good; rejects to be asked again with
   * the same ones (each `replay: true` then), so that the other side may get some of them twice. `signal` ends it after a
   * minute, and at close; what had not been taken by then is asked again.
   *
   * @throws {AppError} `details.retryAfterMs`: when to ask again, instead of the outlet's own pauses. `details.giveUp`: true
   *   to go on without these events, which is a fault event; of several, each is handed over by itself first.
   *   `details.disable`: true to deliver nothing more until the next start.
   */
  deliver(events: readonly AccessEvent[], signal: AbortSignal): Promise<void>;
  /**
   * Numbers and short texts for `GET /sinks`, beside what the outlet says. `state: 'disabled'` where the sink itself has
   * stopped. Never a secret.
   */
  stats?(): Readonly<Record<string, number | string | boolean | null>>;
}
