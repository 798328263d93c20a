import { Observable, type Subscriber } from 'rxjs';
import { SourceError } from '../config/app-error.ts';
import { redact } from '../config/redact.ts';
import type { Frame } from '../pipeline/frame.ts';
import type { Clock, FrameSource, Logger } from '../pipeline/ports.ts';
import { DecodeHealth } from './decode-health.ts';
import { type FrameDemands, ffmpegArguments } from './ffmpeg-arguments.ts';
import type { FfmpegBinary } from './ffmpeg-binary.ts';
import { diagnoseFfmpeg } from './ffmpeg-diagnosis.ts';
import { FfmpegProcess } from './ffmpeg-process.ts';
import { refuseFfmpeg } from './ffmpeg-refusal.ts';
import { FramePool, type PooledBuffer } from './frame-pool.ts';
import { FrameReader } from './frame-reader.ts';
import { type Opening, plainOpening } from './opening.ts';
import { pooledFrame } from './pooled-frame.ts';
import type { SourceAddress } from './source-address.ts';
import type { SourceStats } from './source-stats.ts';
import { type FrameHeader, readStderrLine, type StreamFacts } from './stderr-line.ts';
import { StreamAge } from './stream-age.ts';

export interface FfmpegSourceOptions {
  id: string;
  address: SourceAddress;
  demands: FrameDemands;
  ffmpeg: FfmpegBinary;
  clock: Clock;
  log: Logger;
  /** Frames whose pixels may be held at once, by everybody together. Default 8. */
  buffers?: number;
}

type HealthyHeader = FrameHeader & { readonly degraded: boolean };

/** Complaints kept for the diagnosis. */
const COMPLAINTS = 30;

/** RTSP cameras, webcams and files: whatever ffmpeg opens, one process for each subscription. */
export class FfmpegSource implements FrameSource {
  readonly id: string;
  readonly pace: 'live' | 'file';
  /** Least time between two frames, milliseconds: no silence shorter than that means anything. */
  readonly frameIntervalMs: number;
  readonly #options: FfmpegSourceOptions;
  readonly #pool: FramePool;
  readonly #health: DecodeHealth;
  readonly #processes = new Set<FfmpegProcess>();
  #connections = 0;
  #sequence = 0;
  #framesReceived = 0;
  #droppedPool = 0;
  #bytes = 0;
  #size: { width: number; height: number } | null = null;
  #stream: StreamFacts | null = null;

  constructor(options: FfmpegSourceOptions) {
    this.id = options.id;
    this.pace = options.address.kind === 'file' ? 'file' : 'live';
    this.frameIntervalMs = 1000 / options.demands.fps;
    this.#options = options;
    this.#health = new DecodeHealth(this.pace);
    this.#pool = new FramePool(options.buffers ?? 8);
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
      decodeErrors: this.#health.errors,
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

  /** Errors with FFMPEG_TOO_OLD or FFMPEG_NOT_FOUND where trying again is useless, else with a STREAM code. */
  frames(opening: Opening = plainOpening(this.#options.address)): Observable<Frame> {
    return new Observable((subscriber) => this.#connect(subscriber, opening));
  }

  #connect(subscriber: Subscriber<Frame>, { address, input, feed }: Opening): () => void {
    const { demands, ffmpeg, clock } = this.#options;
    this.#connections += 1;
    const connection = this.#connections;
    const log = this.#options.log.child({ camera: this.id, connection });
    const refusal = refuseFfmpeg(ffmpeg, address, process.platform);
    if (refusal) {
      subscriber.error(refusal);
      return () => {};
    }
    const age = this.pace === 'live' ? new StreamAge() : null;
    const complaints: string[] = [];
    const startedAtMs = clock.monotonicMs();
    let frames = 0;
    this.#health.reconnected();
    this.#stream = null;

    const reader = new FrameReader<HealthyHeader>({
      pool: this.#pool,
      whenEmpty: this.pace === 'live' ? 'drop' : 'wait',
      fixedSize: !ffmpeg.can.autoscale,
      onFrame: (header, pixels) => {
        frames += 1;
        subscriber.next(this.#frame(header, pixels, connection, age));
      },
      onDropped: () => {
        frames += 1;
        this.#framesReceived += 1;
        this.#droppedPool += 1;
      },
      onBroken: (error) => subscriber.error(error),
    });
    let counted = 0;
    const count = () => {
      this.#bytes += reader.bytes - counted;
      counted = reader.bytes;
    };

    const child = new FfmpegProcess({
      path: ffmpeg.path,
      arguments: ffmpegArguments(input, demands, ffmpeg.can, process.platform),
      feed,
      stdout: reader.stdout,
      onLine: (line) => {
        const said = readStderrLine(line);
        switch (said.kind) {
          case 'frame': {
            const ptsMs = said.header.ptsSeconds === null ? null : said.header.ptsSeconds * 1000;
            count();
            reader.header({ ...said.header, degraded: this.#health.frame(clock.monotonicMs(), ptsMs) });
            return;
          }
          case 'decodeError':
            this.#health.error(clock.monotonicMs());
            break;
          case 'stream':
            this.#stream ??= said.facts;
            break;
          case 'complaint':
            complaints.push(line);
            if (complaints.length > COMPLAINTS) complaints.shift();
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
      if (subscriber.closed) return;
      const lastedMs = clock.monotonicMs() - startedAtMs;
      const { code, message } = diagnoseFfmpeg({
        address,
        complaints,
        exit,
        frames,
        lastedMs,
        timeoutMs: demands.timeoutMs,
      });
      if (code === 'STREAM_ENDED' && exit.code === 0) subscriber.complete();
      else subscriber.error(new SourceError(code, message));
    });
    return () => {
      count();
      reader.close();
      void child.close();
    };
  }

  #frame(header: HealthyHeader, pixels: PooledBuffer, connection: number, age: StreamAge | null): Frame {
    const { clock } = this.#options;
    const arrivedAtMs = clock.monotonicMs();
    // A file has no now: its pictures are as old as the wait for them, which starts at their arrival.
    const ageMs = age ? age.of(header.ptsSeconds, arrivedAtMs) : 0;
    this.#framesReceived += 1;
    this.#sequence += 1;
    this.#size = { width: header.width, height: header.height };
    return pooledFrame(
      {
        cameraId: this.id,
        sequence: this.#sequence,
        connection,
        width: header.width,
        height: header.height,
        ptsSeconds: header.ptsSeconds,
        capturedAtMs: clock.wallMs() - ageMs,
        arrivedAtMs,
        ageMs,
        degraded: header.degraded || age?.isSettled(arrivedAtMs) === false,
      },
      pixels,
    );
  }
}
