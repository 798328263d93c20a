import { execFile } from 'node:child_process';
import { redact } from '../../config/redact.ts';
import type { DecoderInUse } from '../source-stats.ts';
import type { FrameDemands, HardwareKind } from './ffmpeg-arguments.ts';
import type { FfmpegBinary } from './ffmpeg-binary.ts';

/** What is tried for `auto`, best first. */
const AUTO: Partial<Record<NodeJS.Platform, readonly HardwareKind[]>> = {
  darwin: ['videotoolbox'],
  win32: ['cuda', 'qsv'],
  linux: ['cuda', 'vaapi', 'qsv'],
};

/** ffmpeg's words for hardware that could not be used after all: no such codec in it, no memory left, no such device. */
const HARDWARE_TROUBLE =
  /hwaccel|hw_?device|hwdownload|hwupload|hardware (?:device|accel)|No device available for decoder|Device creation failed|Device setup failed|Error reinitializing filters|Impossible to convert between the formats|CUDA_ERROR|cu\w+\(.*\) failed|vaapi|videotoolbox|MFX|\bqsv\b|AVHWFramesContext/i;

export interface HardwareDecoderOptions {
  requested: FrameDemands['hwaccel'];
  ffmpeg: FfmpegBinary;
  platform: NodeJS.Platform;
  /** Why hardware is not for this source at all; null where it may be. */
  refusal?: string | null;
}

const devices = new Map<string, Promise<string | null>>();

/**
 * Which hardware decodes one source, and why it is not the one asked for. Hardware has to prove itself twice: its device opens, and
 * pictures come out of its memory (ffmpeg fails where they were decoded elsewhere). What failed once is not tried again.
 */
export class HardwareDecoder {
  readonly #requested: FrameDemands['hwaccel'];
  readonly #ffmpeg: FfmpegBinary;
  #candidates: HardwareKind[];
  readonly #reasons: string[] = [];
  #used: DecoderInUse['used'] = null;

  constructor({ requested, ffmpeg, platform, refusal }: HardwareDecoderOptions) {
    this.#requested = requested;
    this.#ffmpeg = ffmpeg;
    this.#candidates = requested === 'none' ? [] : requested === 'auto' ? [...(AUTO[platform] ?? [])] : [requested];
    if (refusal && this.#candidates.length > 0) {
      this.#candidates = [];
      this.#reasons.push(refusal);
    }
    this.#candidates = this.#candidates.filter((kind) => {
      if (ffmpeg.can.hwaccels.includes(kind)) return true;
      this.#reasons.push(`ffmpeg ${ffmpeg.version} was built without ${kind}`);
      return false;
    });
    if (requested === 'auto' && (AUTO[platform] ?? []).length === 0) {
      this.#reasons.push(`no hardware decoding is known for ${platform}`);
    }
  }

  /** What is to decode; null is the processor. Asked before each connection; null at once where nothing else is in question. */
  choose(): HardwareKind | null | Promise<HardwareKind | null> {
    return this.#candidates.length === 0 ? null : this.#firstThatOpens();
  }

  /** ffmpeg ended without a picture. @returns whether the hardware was why: then the next `choose` says something else. */
  failed(kind: HardwareKind, complaints: readonly string[]): boolean {
    const complaint = complaints.find((line) => HARDWARE_TROUBLE.test(line));
    if (complaint === undefined) return false;
    this.#leave(kind, `${kind} did not decode this stream (${withoutPrefix(complaint)})`);
    return true;
  }

  /** A picture came. */
  decoded(kind: HardwareKind | null): void {
    this.#used = kind ?? 'software';
  }

  get inUse(): DecoderInUse {
    const asked = this.#requested === 'none' || this.#used === this.#requested;
    const content = asked || (this.#requested === 'auto' && this.#used !== null && this.#used !== 'software');
    return {
      requested: this.#requested,
      used: this.#used,
      reason: content || this.#reasons.length === 0 ? null : this.#reasons.join('; '),
    };
  }

  async #firstThatOpens(): Promise<HardwareKind | null> {
    for (;;) {
      const kind = this.#candidates[0];
      if (!kind) return null;
      const problem = await deviceProblem(this.#ffmpeg, kind);
      if (problem === null) return kind;
      this.#leave(kind, `${kind}: ${problem}`);
    }
  }

  #leave(kind: HardwareKind, reason: string): void {
    if (!this.#candidates.includes(kind)) return;
    this.#candidates = this.#candidates.filter((other) => other !== kind);
    this.#reasons.push(reason);
  }
}

/** Opens the device without any camera; once a program, since devices do not come and go. */
function deviceProblem({ path, environment }: FfmpegBinary, kind: HardwareKind): Promise<string | null> {
  const key = `${kind} ${path}`;
  const known = devices.get(key);
  if (known) return known;
  const asking = new Promise<string | null>((resolve) => {
    const args = ['-hide_banner', '-nostdin', '-loglevel', 'error', '-init_hw_device', `${kind}=device`];
    execFile(
      path,
      [...args, '-f', 'lavfi', '-i', 'color=black:size=64x64', '-frames:v', '1', '-f', 'null', '-'],
      { timeout: 10_000, killSignal: 'SIGKILL', windowsHide: true, env: environment },
      (error, _stdout, stderr) => {
        if (!error) resolve(null);
        else if (error.killed) resolve('the device did not open within 10 s');
        else resolve(`the device does not open (${withoutPrefix(stderr.split('\n')[0] ?? '') || error.message})`);
      },
    );
  });
  devices.set(key, asking);
  return asking;
}

/** Without the addresses in ffmpeg's memory that stand before its lines. */
function withoutPrefix(line: string): string {
  return redact(line.replace(/^(?:\[[^\]]*\] )*/, '').trim()).slice(0, 200);
}
