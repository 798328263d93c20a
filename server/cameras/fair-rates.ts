import type { Clock, Logger } from '../../pipeline/ports.ts';
import { type CameraLoad, RateGovernor } from '../../pipeline/rate-governor.ts';

/** A live camera that shares the networks with the others. */
export interface RatedCamera {
  readonly id: string;
  /** Frames a second asked for. */
  readonly fps: number;
  /** Frames since it was started; none of them ever goes down. */
  readonly frames: Pick<CameraLoad, 'received' | 'analysed' | 'busy'>;
}

export interface FairRatesOptions {
  /** The settings `analysis`. */
  readonly adaptive: boolean;
  readonly minFps: number;
  /** What cameras must be given to be of use at all, frames a second; asked anew at every look. Default: no more than `minFps`. */
  readonly leastFps?: () => (cameraId: string) => number;
  readonly clock: Clock;
  readonly log: Logger;
}

const LOOK_EVERY_MS = 2000;

/** How often each camera is analysed, so that all get their share of networks that cannot keep up. One for all cameras of a tenant. */
export class FairRates implements Disposable {
  readonly #options: FairRatesOptions;
  readonly #governor: RateGovernor;
  readonly #cameras = new Map<RatedCamera, RatedCamera['frames']>();
  readonly #looking: NodeJS.Timeout | null;
  #lookedAtMs: number;
  #leastOf: (cameraId: string) => number;

  constructor(options: FairRatesOptions) {
    this.#options = options;
    this.#governor = new RateGovernor({ minFps: options.minFps });
    this.#lookedAtMs = options.clock.monotonicMs();
    this.#leastOf = this.#least();
    this.#looking = options.adaptive ? setInterval(() => this.#look(), LOOK_EVERY_MS) : null;
    this.#looking?.unref();
  }

  /** @returns what takes it out again. */
  join(camera: RatedCamera): () => void {
    this.#cameras.set(camera, camera.frames);
    return () => void this.#cameras.delete(camera);
  }

  /** Frames a second that such a camera is analysed at now, at most. */
  rateOf({ id, fps }: Pick<RatedCamera, 'id' | 'fps'>): number {
    return this.#governor.rateFor({ fps, leastFps: this.#leastOf(id) });
  }

  [Symbol.dispose](): void {
    if (this.#looking) clearInterval(this.#looking);
  }

  #look(): void {
    const { clock, log } = this.#options;
    const nowMs = clock.monotonicMs();
    const seconds = (nowMs - this.#lookedAtMs) / 1000;
    this.#lookedAtMs = nowMs;
    // This program was stopped, or so short of time itself that what it counted says nothing about the networks.
    const usual = seconds < (3 * LOOK_EVERY_MS) / 1000;
    // What a door asks for may have changed.
    this.#leastOf = this.#least();
    const loads: CameraLoad[] = [];
    for (const [camera, before] of this.#cameras) {
      const now = camera.frames;
      this.#cameras.set(camera, now);
      loads.push({
        fps: camera.fps,
        leastFps: this.#leastOf(camera.id),
        received: now.received - before.received,
        analysed: now.analysed - before.analysed,
        busy: now.busy - before.busy,
      });
    }
    if (!usual || seconds <= 0) return;
    const before = this.#governor.level;
    this.#governor.look(loads, seconds);
    const { level } = this.#governor;
    if (level === before) return;
    const fields = { fps: level };
    // Its begin and its end; what lies between would be a line every few seconds.
    if (before === null) {
      log.warn(fields, `the networks cannot keep up: cameras are analysed ${rounded(level!)} times a second at most`);
    } else if (level === null) log.info(fields, 'the networks keep up again: every camera is analysed at its own rate');
    else log.debug(fields, `cameras are analysed ${rounded(level)} times a second at most`);
  }

  #least(): (cameraId: string) => number {
    const { minFps, leastFps } = this.#options;
    const needed = new Map<string, number>();
    const ask = leastFps?.();
    // Asked for every frame, and the same until the next look.
    return (cameraId) => {
      const known = needed.get(cameraId);
      if (known !== undefined) return known;
      const least = Math.max(minFps, ask?.(cameraId) ?? 0);
      needed.set(cameraId, least);
      return least;
    };
  }
}

function rounded(fps: number): number {
  return Math.round(10 * fps) / 10;
}
