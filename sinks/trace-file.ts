import { createWriteStream, openSync, type WriteStream } from 'node:fs';
import { AppError } from '../config/app-error.ts';
import type { FrameStage, FrameTrace, FrameTracer, StageSpan } from '../pipeline/frame-trace.ts';
import { toMachineMs } from '../pipeline/machine-clock.ts';
import type { Logger } from '../pipeline/ports.ts';
import { TraceTracks } from './trace-tracks.ts';

export interface TraceFileOptions {
  /** Made, or written over. */
  file: string;
  /** How long frames are followed, from the first one on. */
  seconds: number;
  log: Logger;
  /** Of the file. Default 64 MiB: about a quarter of an hour of four cameras at 5 frames/s. */
  maxBytes?: number;
  /** Default: the machine's, in this process's milliseconds. */
  toMachineMs?: (ms: number) => number;
}

/** Groups of tracks. */
const CAMERAS = 1;
const PROCESSES = 2;
const VIEWERS = 3;
const GROUPS = { [CAMERAS]: 'frames by camera', [PROCESSES]: 'inference processes', [VIEWERS]: 'live viewers' };

/** Room for the names of tracks and the last bracket, bytes. */
const SPARE_BYTES = 4096;

/**
 * Writes what happens to frames in the Trace Event Format (JSON array), which Perfetto (https://ui.perfetto.dev) and chrome://tracing
 * open, also where the program was killed while it wrote. Three groups of tracks: each camera's frames, stage after stage; what each
 * inference process works on; what is on its way to each viewer. `ts` is the machine's monotonic clock in microseconds.
 *
 * It ends by itself, after `seconds` or when it is as large as it may be; nothing is followed from then on. What is in it: ids of
 * cameras, numbers of frames, times. No picture, no name.
 */
export class TraceFile implements FrameTracer, AsyncDisposable {
  readonly #options: TraceFileOptions;
  readonly #stream: WriteStream;
  readonly #tracks = new TraceTracks();
  readonly #toMachineMs: (ms: number) => number;
  readonly #maxBytes: number;
  #bytes = 0;
  #frames = 0;
  #timer: NodeJS.Timeout | null = null;
  #closing: Promise<void> | null = null;

  private constructor(options: TraceFileOptions, descriptor: number) {
    this.#options = options;
    this.#toMachineMs = options.toMachineMs ?? toMachineMs;
    this.#maxBytes = options.maxBytes ?? 64 * 2 ** 20;
    this.#stream = createWriteStream(options.file, { fd: descriptor });
    this.#stream.on('error', (error) => {
      options.log.error({ file: options.file }, `the trace ends: ${error.message}`);
      void this.close();
    });
    const names = Object.entries(GROUPS).map(([pid, name]) => named('process_name', Number(pid), 0, name));
    this.#write(`[\n${names.join(',\n')}`);
  }

  /** @throws {AppError} TRACE_UNWRITABLE, with what to do. */
  static open(options: TraceFileOptions): TraceFile {
    let descriptor: number;
    try {
      // Who is at which door when is nobody else's business.
      descriptor = openSync(options.file, 'w', 0o600);
    } catch (cause) {
      const { code = 'failed' } = cause as NodeJS.ErrnoException;
      throw new AppError(
        'TRACE_UNWRITABLE',
        `the trace cannot be written to ${options.file}: ${REASONS[code] ?? code}`,
        { cause },
      );
    }
    return new TraceFile(options, descriptor);
  }

  begin(cameraId: string, sequence: number): FrameTrace | undefined {
    if (this.#closing) return undefined;
    if (this.#timer === null) {
      this.#timer = setTimeout(() => void this.close(), this.#options.seconds * 1000);
      this.#timer.unref();
    }
    this.#frames += 1;
    const spans: StageSpan[] = [];
    const drops: string[] = [];
    const args = { camera: cameraId, frame: sequence };
    return {
      span: (stage, fromMs, untilMs, place) => {
        if (this.#closing) return;
        spans.push({ stage, fromMs, untilMs });
        if (place) this.#span(PROCESSES, place, stage, fromMs, untilMs, args);
      },
      sent: (viewer, fromMs, untilMs) => this.#span(VIEWERS, viewer, 'send', fromMs, untilMs, args),
      dropped: (reason) => drops.push(reason),
      end: () => this.#frame(cameraId, spans, drops, args),
    };
  }

  /** Frames that are being followed now are not in it. Idempotent; resolves when it is on disk, or never will be. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #frame(cameraId: string, spans: StageSpan[], drops: readonly string[], args: object): void {
    spans.sort((a, b) => a.fromMs - b.fromMs);
    for (const { stage, fromMs, untilMs } of spans) this.#span(CAMERAS, cameraId, stage, fromMs, untilMs, args);
    const last = spans.at(-1);
    if (!last) return;
    for (const reason of drops) this.#span(CAMERAS, cameraId, `dropped: ${reason}`, last.untilMs, last.untilMs, args);
  }

  #span(pid: number, place: string, name: FrameStage | string, fromMs: number, untilMs: number, args: object): void {
    if (this.#closing) return;
    // Whole ones: what ends where the next one begins must do so after rounding.
    const ts = Math.round(this.#toMachineMs(fromMs) * 1000);
    const until = Math.max(ts, Math.round(this.#toMachineMs(untilMs) * 1000));
    const track = this.#tracks.place(pid, place, ts, until);
    if (track.name !== null) this.#write(`,\n${named('thread_name', pid, track.tid, track.name)}`);
    const event = { name, cat: 'frame', ph: 'X', ts, dur: until - ts, pid, tid: track.tid, args };
    this.#write(`,\n${JSON.stringify(event)}`);
    if (this.#bytes > this.#maxBytes - SPARE_BYTES) {
      this.#options.log.warn({ file: this.#options.file }, 'the trace is as large as it may be, and ends');
      void this.close();
    }
  }

  #write(text: string): void {
    this.#bytes += Buffer.byteLength(text);
    this.#stream.write(text);
  }

  async #close(): Promise<void> {
    if (this.#timer) clearTimeout(this.#timer);
    const stream = this.#stream;
    if (stream.errored) return;
    await new Promise<void>((resolve) => {
      stream.once('close', resolve);
      stream.end('\n]\n');
    });
    if (stream.errored) return;
    const { file, log } = this.#options;
    log.info({ file, frames: this.#frames }, 'the trace is written; https://ui.perfetto.dev opens it');
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'its folder is a file',
  EISDIR: 'it is a folder; name a file in it',
  EACCES: 'that is not allowed here (who runs this has no right to write there)',
  EPERM: 'that is not allowed here',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
};

function named(what: 'process_name' | 'thread_name', pid: number, tid: number, name: string): string {
  return JSON.stringify({ name: what, ph: 'M', pid, tid, args: { name } });
}
