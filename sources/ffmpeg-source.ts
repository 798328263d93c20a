import { from, Observable, Subject, type Subscriber, switchMap } from 'rxjs';
import { SourceError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';
import type { Frame } from '../pipeline/frame.ts';
import type { FrameTrace, FrameTracer } from '../pipeline/frame-trace.ts';
import type { Clock, Logger } from '../pipeline/ports.ts';
import type { Opening } from './connect/opening.ts';
import { type FrameDemands, ffmpegArguments, type HardwareKind, MOST_PIXELS } from './ffmpeg/ffmpeg-arguments.ts';
import type { FfmpegBinary } from './ffmpeg/ffmpeg-binary.ts';
import { diagnoseFfmpeg } from './ffmpeg/ffmpeg-diagnosis.ts';
import { FfmpegProcess } from './ffmpeg/ffmpeg-process.ts';
import { refuseFfmpeg } from './ffmpeg/ffmpeg-refusal.ts';
import { HardwareDecoder } from './ffmpeg/hardware-decoder.ts';
import { type PictureMarks, PicturesUnderWay } from './ffmpeg/picture-marks.ts';
import { type FrameHeader, readStderrLine, type StreamFacts } from './ffmpeg/stderr-line.ts';
import { StreamTime } from './ffmpeg/stream-time.ts';
import { FramePool, type PooledBuffer } from './frame-pool.ts';
import { FrameReader } from './frame-reader.ts';
import { DecodeHealth } from './health/decode-health.ts';
import { FrozenWatch } from './health/frozen-watch.ts';
import { StreamAge } from './health/stream-age.ts';
import { IvfFeed } from './mjpeg/ivf-feed.ts';
import { pooledFrame } from './pooled-frame.ts';
import { PrivacyMask } from './privacy-mask.ts';
import type { SourceAddress } from './source-address.ts';
import type { SourceStats } from './source-stats.ts';
import { TransportStream } from './transport-stream.ts';

export interface FfmpegSourceOptions {
  id: string;
  address: SourceAddress;
  demands: FrameDemands;
  ffmpeg: FfmpegBinary;
  clock: Clock;
  log: Logger;
  /** Frames whose pixels may be held at once, by everybody together. Default 8. */
  buffers?: number;
  /** Follows the frames. Default: nobody does. */
  tracer?: FrameTracer | undefined;
}

/** The video of a camera changed while it was being watched, or from one connection to the next. */
export interface StreamChange {
  readonly from: StreamFacts;
  readonly to: StreamFacts;
}

/**
 * The hardware did not decode this stream, and the next connection tries what is left. No failure of the camera: nobody is told of a
 * lost connection, and there is no pause. What was opened for ffmpeg has to be opened anew: a tunnel takes one connection.
 */
export class AnotherDecoder extends Error {}

type WatchedHeader = FrameHeader & {
  readonly degraded: boolean;
  /** Key frames decoded by then, across connections. */
  readonly keyFrames: number;
  /** All that this connection decoded were key frames. */
  readonly intraOnly: boolean;
  /** Null where nobody follows the frames. */
  readonly marks: PictureMarks | null;
};

/** One ffmpeg, for as long as it runs. */
interface Connection {
  readonly number: number;
  readonly log: Logger;
  readonly age: StreamAge | null;
  readonly feed: IvfFeed | null;
  readonly hardware: HardwareKind | null;
  frames: number;
  decoded: number;
  keyFrames: number;
  warnedOfNoTimestamps: boolean;
}

/** Complaints kept for the diagnosis. */
const COMPLAINTS = 30;

/**
 * What MPEG-TS carries so that it can be decoded from any key frame on. Not MPEG-4 Part 2: copied, its headers are often missing,
 * and the preview's encoder would wait for them for ever.
 */
const COPIED_CODECS: ReadonlySet<string> = new Set(['h264', 'hevc', 'mpeg2video', 'mpeg1video']);

/** RTSP cameras, webcams and files: whatever ffmpeg opens, one process for each subscription. */
export class FfmpegSource {
  readonly id: string;
  readonly pace: 'live' | 'file';
  /** ffmpeg chooses among the pictures of a live camera, and so can do so at a moment of its own. */
  readonly takesTurns: boolean;
  /** Least time between two frames, milliseconds: no silence shorter than that means anything. */
  readonly frameIntervalMs: number;
  readonly #options: FfmpegSourceOptions;
  readonly #pool: FramePool;
  readonly #health: DecodeHealth;
  readonly #processes = new Set<FfmpegProcess>();
  readonly #mask: PrivacyMask;
  readonly #decoder: HardwareDecoder;
  /** Null for what is no live picture: a film may stand still. */
  readonly #frozenWatch: FrozenWatch | null;
  readonly #frozenChanges = new Subject<boolean>();
  readonly #streamChanges = new Subject<StreamChange>();
  readonly #transport = new TransportStream();
  readonly #transportRefusals = new Subject<SourceError>();
  #warnedOfDecoder: string | null = null;
  #frozen = false;
  #connections = 0;
  #sequence = 0;
  #framesReceived = 0;
  #framesDecoded = 0;
  #keyFrames = 0;
  #droppedPool = 0;
  #bytes = 0;
  #feedBytes: number | null = null;
  #copies = false;
  #size: { width: number; height: number } | null = null;
  #stream: StreamFacts | null = null;
  /** The latest that was decoded, over whichever connection. */
  #shown: StreamFacts | null = null;

  constructor(options: FfmpegSourceOptions) {
    const { address, demands, ffmpeg } = options;
    this.id = options.id;
    this.pace = address.kind === 'file' ? 'file' : 'live';
    // MJPEG over HTTP is thinned out before ffmpeg has it.
    this.takesTurns = this.pace === 'live' && address.kind !== 'mjpeg';
    this.frameIntervalMs = 1000 / demands.fps;
    this.#options = options;
    this.#health = new DecodeHealth(this.pace);
    this.#pool = new FramePool(options.buffers ?? 8);
    this.#mask = new PrivacyMask(demands.masks);
    this.#frozenWatch = this.pace === 'live' || demands.realtime ? new FrozenWatch() : null;
    this.#decoder = new HardwareDecoder({
      requested: demands.hwaccel,
      ffmpeg,
      platform: process.platform,
      refusal:
        address.kind === 'mjpeg' || address.kind === 'test' ? 'such pictures are decoded by the processor' : null,
    });
  }

  /** True when the picture is seen to repeat, false when it moves again; it holds across connections until then. */
  get frozenChanges(): Observable<boolean> {
    return this.#frozenChanges.asObservable();
  }

  /** Another size or codec of the camera's video; its first one is none. */
  get streamChanges(): Observable<StreamChange> {
    return this.#streamChanges.asObservable();
  }

  /**
   * The video as the camera sends it, copied by the ffmpeg that decodes it: MPEG-TS that starts with its tables and the next key
   * frame, and again after every reconnection. It opens nothing by itself, goes on until it is unsubscribed from, and knows no back
   * pressure: whoever is slow must drop.
   *
   * Errors with PREVIEW_UNAVAILABLE where there is none: the camera is no RTSP camera (nor a file played at its own speed), its video
   * is neither H.264, H.265 nor MPEG. Masks are not in it: whoever shows it covers them.
   */
  transportStream(): Observable<Uint8Array> {
    return new Observable((subscriber) => {
      const refusal = this.#transportRefusal();
      if (refusal) {
        subscriber.error(refusal);
        return;
      }
      subscriber.add(this.#transportRefusals.subscribe((error) => subscriber.error(error)));
      subscriber.add(this.#transport.watch((packets) => subscriber.next(packets)));
    });
  }

  /** The video as the camera sends it, before dropping and scaling; null before it is known. */
  get stream(): StreamFacts | null {
    return this.#stream;
  }

  stats(): SourceStats {
    return {
      connections: this.#connections,
      framesReceived: this.#framesReceived,
      dropped: { pool: this.#droppedPool },
      framesDecoded: this.#framesDecoded,
      decodeErrors: this.#health.errors,
      compressedBytes: this.#copies ? this.#transport.bytes : this.#feedBytes,
      decoder: this.#decoder.inUse,
      bytes: this.#bytes,
      width: this.#size?.width ?? null,
      height: this.#size?.height ?? null,
      codec: this.#stream?.codec ?? null,
    };
  }

  /** Process ids of the ffmpegs that are alive: one while subscribed, for a moment longer after that. */
  pids(): number[] {
    return [...this.#processes].flatMap((process) => process.pid ?? []);
  }

  /** Resolves when no ffmpeg of this source is alive. It ends none: unsubscribing does. */
  async gone(): Promise<void> {
    while (this.#processes.size > 0) await Promise.all([...this.#processes].map((process) => process.ended));
  }

  /**
   * Errors with AnotherDecoder where the hardware did not decode what came, FFMPEG_TOO_OLD where trying again is useless, with FFMPEG_NOT_FOUND where its file has gone, else with a
   * STREAM code.
   */
  frames(opening: Opening): Observable<Frame> {
    const hardware = this.#decoder.choose();
    if (hardware instanceof Promise) {
      return from(hardware).pipe(switchMap((kind) => new Observable<Frame>((to) => this.#connect(to, opening, kind))));
    }
    return new Observable((subscriber) => this.#connect(subscriber, opening, hardware));
  }

  #connect(subscriber: Subscriber<Frame>, opening: Opening, hardware: HardwareKind | null): () => void {
    const { address, input, feed: body } = opening;
    const { demands, ffmpeg, clock } = this.#options;
    this.#connections += 1;
    const log = this.#options.log.child({ camera: this.id, connection: this.#connections });
    const refusal = refuseFfmpeg(ffmpeg, address, process.platform);
    if (refusal) {
      subscriber.error(refusal);
      return () => {};
    }
    const feed = body
      ? new IvfFeed({ body, fps: demands.fps, clock, onBroken: (error) => subscriber.error(error) })
      : null;
    const connection: Connection = {
      number: this.#connections,
      log,
      age: this.pace === 'live' ? new StreamAge() : null,
      feed,
      hardware,
      frames: 0,
      decoded: 0,
      keyFrames: 0,
      warnedOfNoTimestamps: false,
    };
    const complaints: string[] = [];
    /** Those of the decoder as well. */
    const troubles: string[] = [];
    const startedAtMs = clock.monotonicMs();
    this.#health.reconnected();
    this.#stream = null;
    this.#copies = this.#transportRefusal() === null;
    this.#transport.restart();

    const reader = new FrameReader<WatchedHeader>({
      pool: this.#pool,
      whenEmpty: this.pace === 'live' ? 'drop' : 'wait',
      fixedSize: !ffmpeg.can.autoscale,
      onFrame: (header, pixels) => {
        connection.frames += 1;
        subscriber.next(this.#frame(header, pixels, connection));
      },
      onDropped: () => {
        connection.frames += 1;
        this.#framesReceived += 1;
        this.#droppedPool += 1;
      },
      onBroken: (error) => subscriber.error(error),
    });
    let counted = 0;
    let countedFeed = 0;
    const count = () => {
      this.#bytes += reader.bytes - counted;
      counted = reader.bytes;
      if (!feed) return;
      this.#feedBytes = (this.#feedBytes ?? 0) + feed.bytes - countedFeed;
      countedFeed = feed.bytes;
    };
    let wasDecodeError = false;
    let isDelimiterLeft = false;
    const time = new StreamTime();
    const underWay = this.#options.tracer ? new PicturesUnderWay() : null;

    // What comes through a tunnel comes over its one connection.
    const asked = address.kind === 'rtsps' ? { ...demands, transport: 'tcp' as const } : demands;
    const child = new FfmpegProcess({
      path: ffmpeg.path,
      environment: ffmpeg.environment,
      arguments: ffmpegArguments(input, asked, ffmpeg.can, process.platform, {
        hardware,
        copy: this.#copies,
        announcePackets: underWay !== null,
      }),
      feed: feed?.output ?? null,
      stdout: reader.stdout,
      onCopy: (chunk) => this.#transport.write(chunk),
      onLine: (line) => {
        const said = readStderrLine(line);
        if (isDelimiterLeft && said.kind === 'decodeError') return;
        if (said.kind === 'repeated') {
          if (wasDecodeError) this.#health.error(clock.monotonicMs(), said.times);
          return;
        }
        wasDecodeError = said.kind === 'decodeError';
        switch (said.kind) {
          case 'packet':
            underWay?.packet(said.ticks, clock.monotonicMs());
            return;
          case 'timeBase':
            if (said.of === 'frame') time.timeBase(said.seconds);
            return;
          case 'delimiterLeft':
            isDelimiterLeft = true;
            return;
          case 'decoded':
            isDelimiterLeft = false;
            underWay?.decoded(said.ticks, clock.monotonicMs());
            this.#decoded(said.header, said.isKey, connection);
            return;
          case 'frame': {
            const ptsSeconds = time.seconds(said.ticks, said.header.ptsSeconds);
            const nowMs = clock.monotonicMs();
            count();
            reader.header({
              ...said.header,
              ptsSeconds,
              degraded: this.#health.frame(nowMs, ptsSeconds === null ? null : ptsSeconds * 1000),
              keyFrames: this.#keyFrames,
              intraOnly: connection.keyFrames === connection.decoded,
              marks: underWay?.scaled(said.ticks, nowMs) ?? null,
            });
            return;
          }
          case 'decodeError':
            this.#health.error(clock.monotonicMs());
            keep(troubles, line);
            break;
          case 'tooLarge':
            subscriber.error(tooLarge(said.width, said.height));
            break;
          case 'stream':
            if (this.#stream === null) this.#introduced(said.facts);
            break;
          case 'complaint':
            keep(complaints, line);
            keep(troubles, line);
            break;
          case 'noise':
            return;
        }
        log.debug({ line: redact(line) }, 'ffmpeg said');
      },
    });
    this.#processes.add(child);
    void child.ended.then((exit) => {
      this.#processes.delete(child);
      count();
      reader.close();
      feed?.close();
      if (subscriber.closed) return;
      if (connection.frames === 0 && hardware && this.#decoder.failed(hardware, troubles)) {
        subscriber.error(new AnotherDecoder());
        return;
      }
      const lastedMs = clock.monotonicMs() - startedAtMs;
      const { code, message } = diagnoseFfmpeg({
        address,
        complaints,
        exit,
        frames: connection.frames,
        lastedMs,
        timeoutMs: demands.timeoutMs,
      });
      if (code === 'STREAM_ENDED' && exit.code === 0) subscriber.complete();
      else subscriber.error(new SourceError(code, message));
    });
    return () => {
      count();
      reader.close();
      feed?.close();
      void child.close();
    };
  }

  #decoded(header: FrameHeader, isKey: boolean, connection: Connection): void {
    connection.decoded += 1;
    this.#framesDecoded += 1;
    if (isKey) {
      connection.keyFrames += 1;
      this.#keyFrames += 1;
    }
    const { width, height } = header;
    const stream = this.#stream;
    if (!stream || (stream.width === width && stream.height === height)) return;
    this.#introduced({ ...stream, width, height });
  }

  /** What the video is from now on. */
  #introduced(facts: StreamFacts): void {
    this.#stream = facts;
    // ffmpeg does not always know the size before the first picture.
    if (facts.width === 0 || facts.height === 0) return;
    const from = this.#shown;
    this.#shown = facts;
    const refusal = this.#transportRefusal();
    if (refusal) this.#transportRefusals.next(refusal);
    if (!from || (from.codec === facts.codec && from.width === facts.width && from.height === facts.height)) return;
    this.#options.log.info(
      { camera: this.id, from, to: facts },
      `the camera's video is ${named(facts)}, was ${named(from)}`,
    );
    this.#streamChanges.next({ from, to: facts });
  }

  #transportRefusal(): SourceError | null {
    const { address, demands } = this.#options;
    const why =
      address.kind !== 'rtsp' && address.kind !== 'rtsps' && !(address.kind === 'file' && demands.realtime)
        ? 'only the video of RTSP cameras can be copied'
        : this.#stream && !COPIED_CODECS.has(this.#stream.codec)
          ? `its video is ${this.#stream.codec}, which no preview is made of`
          : null;
    return why === null
      ? null
      : new SourceError('PREVIEW_UNAVAILABLE', `camera "${this.id}" has no smooth preview: ${why}`);
  }

  #frame(header: WatchedHeader, pixels: PooledBuffer, connection: Connection): Frame {
    const { clock } = this.#options;
    const { age, feed } = connection;
    const { width, height, ptsSeconds } = header;
    const arrivedAtMs = clock.monotonicMs();
    this.#mask.apply(pixels.bytes, width, height);
    if (connection.frames === 1) this.#noteDecoder(connection);
    // A file has no now: its pictures are as old as the wait for them, which starts at their arrival.
    const ageMs = age ? age.of(ptsSeconds, arrivedAtMs) : 0;
    this.#framesReceived += 1;
    this.#sequence += 1;
    this.#size = { width, height };
    if (ptsSeconds === null && this.pace === 'live' && !connection.warnedOfNoTimestamps) {
      connection.warnedOfNoTimestamps = true;
      connection.log.warn(
        {},
        'the stream carries no timestamps: how old its pictures are cannot be told, and no door decides on them',
      );
    }
    const isUncertain =
      age?.isSettled(arrivedAtMs) === false || (ptsSeconds !== null && feed?.isSettled(ptsSeconds * 1000) === false);
    const isStill = this.#isStill(header, pixels, arrivedAtMs);
    const trace = header.marks ? this.#follow(header.marks, arrivedAtMs) : undefined;
    return pooledFrame(
      {
        cameraId: this.id,
        sequence: this.#sequence,
        connection: connection.number,
        width,
        height,
        ptsSeconds,
        capturedAtMs: clock.wallMs() - ageMs,
        arrivedAtMs,
        ageMs,
        degraded: header.degraded || isUncertain || isStill,
        ...(trace && { trace }),
      },
      pixels,
    );
  }

  /** What ffmpeg did with the newest frame, as far as its lines tell. */
  #follow({ packetMs, decodedMs, scaledMs }: PictureMarks, arrivedAtMs: number): FrameTrace | undefined {
    const trace = this.#options.tracer?.begin(this.id, this.#sequence);
    if (packetMs !== null && decodedMs !== null) trace?.span('decode', packetMs, decodedMs);
    if (decodedMs !== null) trace?.span('scale', decodedMs, scaledMs);
    trace?.span('pipe', scaledMs, arrivedAtMs);
    return trace;
  }

  #noteDecoder({ hardware, log }: Connection): void {
    this.#decoder.decoded(hardware);
    const { requested, used, reason } = this.#decoder.inUse;
    if (reason === null || reason === this.#warnedOfDecoder) return;
    this.#warnedOfDecoder = reason;
    log.warn({ requested, used }, `the video is decoded by ${used === 'software' ? 'the processor' : used}: ${reason}`);
  }

  /** Whether the picture repeats the one before it, or belongs to a frozen one. */
  #isStill(header: WatchedHeader, pixels: PooledBuffer, arrivedAtMs: number): boolean {
    if (!this.#frozenWatch) return false;
    const { width, height, ptsSeconds, keyFrames, intraOnly } = header;
    const { repeated, frozen } = this.#frozenWatch.look({
      image: { width, height, format: 'rgb24', data: pixels.bytes },
      ptsMs: ptsSeconds === null ? null : ptsSeconds * 1000,
      arrivedAtMs,
      keyFrames,
      intraOnly,
    });
    if (frozen !== this.#frozen) {
      this.#frozen = frozen;
      this.#frozenChanges.next(frozen);
    }
    return repeated || frozen;
  }
}

function keep(lines: string[], line: string): void {
  lines.push(line);
  if (lines.length > COMPLAINTS) lines.shift();
}

function tooLarge(width: number, height: number): SourceError {
  return new SourceError(
    'STREAM_CODEC_UNSUPPORTED',
    `the pictures are ${width}×${height}, which is more than is decoded (${MOST_PIXELS / 1e6} million pixels); choose a smaller stream of the camera`,
  );
}

function named({ codec, width, height }: StreamFacts): string {
  return `${codec} ${width}×${height}`;
}
