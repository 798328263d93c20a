/// <reference path="./node-rtsp-stream.d.ts" />
import type { ChildProcess } from 'node:child_process';
import { setPriority } from 'node:os';
import Mpeg1Muxer from 'node-rtsp-stream/mpeg1muxer.js';
import { redact } from '../config/redact.ts';
import { withEnvironment } from '../config/with-environment.ts';
import type { Polygon } from '../pipeline/polygon.ts';
import { TransportPackets } from '../pipeline/transport-packets.ts';
import { DecoySound } from './decoy-sound.ts';
import { maskBoxes } from './mask-boxes.ts';

export interface Mpeg1PreviewOptions {
  /** The ffmpeg to use. */
  ffmpegPath: string;
  /** All that it sees of the environment. */
  environment: Readonly<Record<string, string>>;
  /** Frames a second that the camera sends; null where that is not known. */
  fps: number | null;
  /** Areas to make black. */
  masks: readonly Polygon[];
  /** Whole packets of the MPEG transport stream with the MPEG-1 video. */
  onPackets(packets: Buffer): void;
}

/** How it ended: by itself with an exit code, by a signal, or without ever having run. */
export interface Mpeg1PreviewExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said last, one line; null where it said nothing. */
  readonly message: string | null;
}

/** Wider pictures are scaled down to this. */
const WIDTH = 960;
/** The rates that MPEG-1 knows (ISO/IEC 11172-2, 2.4.3.2), but for those a thousandth below. */
const RATES = [24, 25, 30, 50, 60];
/** Below the server and what decodes for the doors. */
const NICENESS = 10;
const GRACE_MS = 3000;
/** Bytes that may wait for an encoder that does not keep up: a second or two of video. */
const MOST_WAITING = 4_194_304;

/**
 * One ffmpeg that turns a camera's video into MPEG-1 for JSMpeg, by node-rtsp-stream's muxer. It is given the copied
 * stream on its standard input and never sees an address, so that neither its command line nor its words can hold one.
 */
export class Mpeg1Preview implements AsyncDisposable {
  /** Resolves when the process is gone. Never rejects. */
  readonly ended: Promise<Mpeg1PreviewExit>;
  readonly #child: ChildProcess;
  readonly #written = new TransportPackets();
  readonly #decoy = new DecoySound();
  #dropped = 0;
  #said: string | null = null;
  #over = false;
  #closing: Promise<void> | null = null;

  constructor({ ffmpegPath, environment, fps, masks, onPackets }: Mpeg1PreviewOptions) {
    const rate = mpeg1Rate(fps);
    const options = {
      url: 'pipe:0',
      ffmpegPath,
      ffmpegOptions: {
        '-an': '',
        '-sn': '',
        '-dn': '',
        '-vf': filters(masks),
        '-r': rate,
        '-b:v': '2000k',
        '-bf': 0,
        // A viewer that comes or stumbles waits for the next whole picture, half a second at most.
        '-g': Math.round(rate / 2),
        '-threads': 1,
        '-muxdelay': '0.001',
        '-flush_packets': 1,
        '-loglevel': 'warning',
      },
    };
    const muxer = withEnvironment(environment, () => new Mpeg1Muxer(options));
    const { stream: child } = muxer;
    this.#child = child;
    // The muxer's own listener prints to the console.
    child.removeAllListeners('exit');
    const packets = new TransportPackets();
    muxer.on('mpeg1data', (chunk: Buffer) => {
      const whole = packets.take(chunk);
      if (whole.length > 0 && !this.#closing) onPackets(whole);
    });
    muxer.on('ffmpegStderr', (text: Buffer) => {
      this.#said = redact(text.toString().trim().split('\n').at(-1) ?? '').slice(0, 300) || this.#said;
    });
    // It may end before it has read what was written.
    child.stdin?.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const over = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#over = true;
        resolve({ code, signal, message: this.#said });
      };
      child.once('close', over);
      // Without a listener a missing ffmpeg would end the server. A signal that cannot be sent comes here as well.
      child.on('error', (error) => {
        this.#said ??= error.message;
        if (child.pid === undefined) over(null, null);
      });
    });
    lowerPriority(child.pid);
  }

  /** Null where it could not be started. */
  get pid(): number | null {
    return this.#child.pid ?? null;
  }

  /** Pieces that were left out because it did not keep up. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Gives it a piece of the camera's transport stream. Left out, whole, when too much waits already. */
  write(piece: Uint8Array): void {
    const { stdin } = this.#child;
    if (this.#over || this.#closing || !stdin?.writable) return;
    const packets = this.#written.take(Buffer.from(piece.buffer, piece.byteOffset, piece.length));
    if (stdin.writableLength > MOST_WAITING) this.#dropped += 1;
    else stdin.write(this.#decoy.insert(packets));
  }

  /** There is no more: what was written is finished, and then it ends by itself. */
  end(): void {
    this.#child.stdin?.end();
  }

  /** Ends it: asks, and after 3 s insists. Idempotent; resolves when the process is gone. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    if (this.#over) return;
    const child = this.#child;
    // With a full pipe ffmpeg sits in write() and does not look at signals.
    child.stdout?.destroy();
    child.stdin?.destroy();
    child.kill('SIGTERM');
    const insist = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await this.ended;
    clearTimeout(insist);
  }
}

/** The slowest rate that leaves no picture of the camera out. */
function mpeg1Rate(fps: number | null): number {
  if (fps === null || !Number.isFinite(fps)) return 30;
  return RATES.find((rate) => rate >= fps - 0.1) ?? 60;
}

function filters(masks: readonly Polygon[]): string {
  const boxes = maskBoxes(masks).map(({ x, y, width, height }) => {
    // Outwards to whole pixels, two at a time: colour is stored for pairs.
    const left = `floor(iw*${share(x)}/2)*2`;
    const top = `floor(ih*${share(y)}/2)*2`;
    const right = `ceil(iw*${share(x + width)}/2)*2`;
    const bottom = `ceil(ih*${share(y + height)}/2)*2`;
    return `drawbox=x=${left}:y=${top}:w=${right}-${left}:h=${bottom}-${top}:color=black:t=fill`;
  });
  return [`scale=w='min(${WIDTH},iw)':h=-2`, ...boxes].join(',');
}

/** Never in exponents, which an expression does not take. */
const share = (value: number): string => Math.min(1, Math.max(0, value)).toFixed(6);

function lowerPriority(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICENESS);
  } catch {
    // It ended already, or the system does not allow it.
  }
}
