import type { Logger } from '../../pipeline/ports.ts';
import { type Part, partOf } from './free-memory.ts';
import { askNvidiaSmi } from './nvidia-smi.ts';
import { runTool } from './run-tool.ts';

export interface GpuReading {
  /** UUID of the GPU or slice; where the driver tells none, its place in words. */
  readonly device: string;
  /** `GPU 0 (NVIDIA A100-SXM4-40GB)`, for people. */
  readonly label: string;
  readonly usedBytes: number;
  readonly totalBytes: number;
  /** 0 to 1; null where the driver does not tell, as with every slice. */
  readonly utilization: number | null;
}

export interface GpuWatchOptions {
  /** Where networks run, as they were placed: `cuda:0`, `MIG-…`. Asked at each look: a fallback moves them. */
  readonly devices: () => readonly string[];
  /** What nvidia-smi and the inference processes see of the environment: PATH, `CUDA_VISIBLE_DEVICES`. */
  readonly environment: Readonly<Record<string, string>>;
  /** More than 90 % of its memory is taken: once, until it was below 85 %. */
  readonly onHigh: (reading: GpuReading) => void;
  /** Milliseconds from one answer to the next question. Default 5000. */
  readonly everyMs?: number;
  /** A question that takes longer is given up. Default 4000. */
  readonly timeoutMs?: number;
  readonly log: Logger;
}

const EVERY_MS = 5000;
const TIMEOUT_MS = 4000;
const HIGH = 0.9;
const LOW_AGAIN = 0.85;
/** A process that hangs inside the driver does not die of SIGKILL: nobody waits for it longer. */
const LET_GO_MS = 2000;

/** Looks at the memory of the GPUs and slices that networks run on, one question to nvidia-smi after the other. */
export class GpuWatch implements AsyncDisposable {
  readonly #options: GpuWatchOptions;
  readonly #ending = new AbortController();
  readonly #high = new Set<string>();
  #readings: readonly GpuReading[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void>;
  /** Why nothing is known; said once for each reason. */
  #unknown: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(options: GpuWatchOptions) {
    this.#options = options;
    this.#looking = this.#lookAndGoOn();
  }

  /** As of the last look; empty where nobody told. */
  readings(): readonly GpuReading[] {
    return this.#readings;
  }

  /** Idempotent; resolves when no nvidia-smi of it is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.#ending.abort();
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, LET_GO_MS);
    });
    await Promise.race([this.#looking, enough]);
    clearTimeout(timer);
    this.#readings = [];
  }

  async #lookAndGoOn(): Promise<void> {
    await this.#look();
    if (this.#ending.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#looking = this.#lookAndGoOn();
    }, this.#options.everyMs ?? EVERY_MS);
  }

  async #look(): Promise<void> {
    const { devices, environment, timeoutMs = TIMEOUT_MS, log } = this.#options;
    const { signal } = this.#ending;
    const answer = await askNvidiaSmi((program, args) => runTool(program, args, { signal, timeoutMs, environment }));
    if (signal.aborted) return;
    if (answer.state !== 'found') {
      return this.#knowsNothing(answer.state === 'absent' ? 'there is no nvidia-smi' : answer.why);
    }
    const parts = devices().flatMap(
      (device) => partOf(device, answer.system.gpus, environment.CUDA_VISIBLE_DEVICES) ?? [],
    );
    // Several networks may run on one.
    const each = new Map(parts.map((part) => [part.label, part])).values();
    const readings = [...each].flatMap((part) => readingOf(part) ?? []);
    if (readings.length === 0) return this.#knowsNothing('it does not tell the memory of what the networks run on');
    if (this.#unknown !== null) log.info({}, 'GPU memory is watched again');
    this.#unknown = null;
    this.#readings = readings;
    for (const reading of readings) this.#judge(reading);
  }

  #knowsNothing(why: string): void {
    this.#readings = [];
    if (this.#unknown === why) return;
    this.#unknown = why;
    this.#options.log.warn({}, `GPU memory is not watched: ${why}`);
  }

  #judge(reading: GpuReading): void {
    const { device, usedBytes, totalBytes } = reading;
    const share = usedBytes / totalBytes;
    if (share < LOW_AGAIN) this.#high.delete(device);
    if (share <= HIGH || this.#high.has(device)) return;
    this.#high.add(device);
    this.#options.onHigh(reading);
  }
}

function readingOf({ uuid, label, memory: { totalMb, freeMb }, utilization }: Part): GpuReading | null {
  if (totalMb === null || freeMb === null || totalMb <= 0) return null;
  const bytes = (mb: number) => mb * 2 ** 20;
  // What the driver keeps for itself is not free either: a network cannot have it.
  const usedBytes = bytes(Math.max(0, totalMb - freeMb));
  return { device: uuid ?? label, label, usedBytes, totalBytes: bytes(totalMb), utilization };
}
