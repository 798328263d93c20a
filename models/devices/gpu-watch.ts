import type { Logger } from '../../pipeline/ports.ts';
import { BUSY_LOOKS, BusySpell } from './busy-spell.ts';
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

/** How a GPU was at work, look after look. */
export interface BusyTime {
  /** Mean of the looks, 0 to 1. */
  readonly utilization: number;
  /** From the first look to the last, and the pause after it. */
  readonly overMs: number;
}

export interface GpuWatchOptions {
  /** Where networks run, as they were placed: `cuda:0`, `MIG-…`. Asked at each look: a fallback moves them. */
  readonly devices: () => readonly string[];
  /** What nvidia-smi and the inference processes see of the environment: PATH, `CUDA_VISIBLE_DEVICES`. */
  readonly environment: Readonly<Record<string, string>>;
  /** More than 90 % of its memory is taken: once, until it was below 85 %. */
  readonly onMemoryHigh: (reading: GpuReading) => void;
  /** It was more than 90 % at work at six looks in a row: once, until it was below 80 % at six in a row. Never for a slice. */
  readonly onBusy: (reading: GpuReading, time: BusyTime) => void;
  /** Milliseconds from one answer to the next question. Default 5000. */
  readonly everyMs?: number;
  /** A question that takes longer is given up. Default 4000. */
  readonly timeoutMs?: number;
  readonly log: Logger;
}

const EVERY_MS = 5000;
const TIMEOUT_MS = 4000;
const MEMORY_HIGH = 0.9;
const MEMORY_LOW_AGAIN = 0.85;
/** A process that hangs inside the driver does not die of SIGKILL: nobody waits for it longer. */
const LET_GO_MS = 2000;

/** Looks at memory and utilization of the GPUs and slices that networks run on, one question to nvidia-smi after the other. */
export class GpuWatch implements AsyncDisposable {
  readonly #options: GpuWatchOptions;
  readonly #ending = new AbortController();
  readonly #memoryHigh = new Set<string>();
  readonly #spells = new Map<string, BusySpell>();
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

  /** Idempotent; resolves when the nvidia-smi that runs is killed, or let go: it may take a moment more to be gone. */
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
    this.#take(readings);
  }

  #knowsNothing(why: string): void {
    this.#take([]);
    if (this.#unknown === why) return;
    this.#unknown = why;
    this.#options.log.warn({}, `GPU memory is not watched: ${why}`);
  }

  #take(readings: readonly GpuReading[]): void {
    this.#readings = readings;
    for (const [device, spell] of this.#spells) {
      // Looks with minutes of nothing between them are not in a row.
      if (!readings.some((reading) => reading.device === device)) spell.look(null);
    }
    for (const reading of readings) {
      this.#judgeMemory(reading);
      this.#judgeBusy(reading);
    }
  }

  #judgeMemory(reading: GpuReading): void {
    const { device, usedBytes, totalBytes } = reading;
    const share = usedBytes / totalBytes;
    if (share < MEMORY_LOW_AGAIN) this.#memoryHigh.delete(device);
    if (share <= MEMORY_HIGH || this.#memoryHigh.has(device)) return;
    this.#memoryHigh.add(device);
    this.#options.onMemoryHigh(reading);
  }

  #judgeBusy(reading: GpuReading): void {
    const { onBusy, everyMs = EVERY_MS } = this.#options;
    const spell = this.#spells.get(reading.device) ?? new BusySpell();
    this.#spells.set(reading.device, spell);
    const utilization = spell.look(reading.utilization);
    if (utilization !== null) onBusy(reading, { utilization, overMs: BUSY_LOOKS * everyMs });
  }
}

function readingOf({ uuid, label, memory: { totalMb, freeMb }, utilization }: Part): GpuReading | null {
  if (totalMb === null || freeMb === null || totalMb <= 0) return null;
  const bytes = (mb: number) => mb * 2 ** 20;
  // What the driver keeps for itself is not free either: a network cannot have it.
  const usedBytes = bytes(Math.max(0, totalMb - freeMb));
  return { device: uuid ?? label, label, usedBytes, totalBytes: bytes(totalMb), utilization };
}
