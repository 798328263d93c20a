import { greatestThatHolds } from './greatest-that-holds.ts';
import { type LiveRig, type Span, total } from './live-rig.ts';

/** Frames that may be missing where it counts as sustained, of all that were due. */
const TOLERATED = 0.01;

export interface Trial {
  readonly cameras: number;
  /** Of the frames that were due, those that were not analysed, 0..1. */
  readonly missing: number;
  /** Frames that facegate itself counted as dropped. */
  readonly dropped: number;
  readonly analysed: number;
  readonly due: number;
  readonly span: Span;
}

/** As many cameras as a trial asks for, all playing the same film in real time, each from its own beginning. */
export class PacedCameras {
  readonly trials: Trial[] = [];
  readonly #rig: LiveRig;
  readonly #film: (camera: string) => string;
  readonly #fps: number;
  readonly #say: (text: string) => void;
  #running = 0;

  /** @param o.film the RTSP server's name for the film of a camera; default `film` for all of them. */
  constructor(o: { rig: LiveRig; film?: (camera: string) => string; fps: number; say: (text: string) => void }) {
    this.#rig = o.rig;
    this.#film = o.film ?? (() => 'film');
    this.#fps = o.fps;
    this.#say = o.say;
  }

  get ids(): string[] {
    return Array.from({ length: this.#running }, (_, i) => `camera${i + 1}`);
  }

  /** @throws {Error} when they do not all run within a minute. */
  async set(cameras: number): Promise<void> {
    await this.#ask(cameras);
    await this.#rig.running(this.ids);
  }

  async #ask(cameras: number): Promise<void> {
    while (this.#running < cameras) {
      this.#running += 1;
      const id = `camera${this.#running}`;
      await this.#rig.add({ id, url: this.#rig.films.url(this.#film(id)), fps: this.#fps });
    }
    while (this.#running > cameras) {
      await this.#rig.remove(`camera${this.#running}`);
      this.#running -= 1;
    }
  }

  /** Cameras that do not come to run are measured all the same: that they are too many is what the trial asks. */
  async trial(cameras: number, seconds: number): Promise<Trial> {
    await this.#ask(cameras);
    await this.#rig.running(this.ids).catch((late: Error) => this.#say(late.message));
    const span = await this.#rig.during(seconds);
    const ids = new Set(this.ids);
    const own = (counts: ReadonlyMap<string, number>) => total(new Map([...counts].filter(([id]) => ids.has(id))));
    const trial = missingOf({
      cameras,
      fps: this.#fps,
      analysed: own(span.analysed),
      dropped: own(span.dropped),
      span,
    });
    this.trials.push(trial);
    this.#say(
      `${cameras} cameras for ${seconds} s: ${trial.analysed} of ${Math.round(trial.due)} analysed, ${trial.dropped} dropped`,
    );
    return trial;
  }

  /** The most cameras of which less than one frame in a hundred is missing: sought in short trials, confirmed in a long one. */
  async sustained(o: {
    guess: number;
    most: number;
    trialSeconds: number;
    confirmSeconds: number;
  }): Promise<{ cameras: number; confirmed: Trial | null }> {
    const holds = async (cameras: number) => sustains(await this.trial(cameras, o.trialSeconds));
    return this.confirmed(await greatestThatHolds({ ...o, holds }), o.confirmSeconds);
  }

  /** The most cameras from `cameras` downwards that hold in a long trial. */
  async confirmed(cameras: number, seconds: number): Promise<{ cameras: number; confirmed: Trial | null }> {
    for (let at = cameras; at > 0; at -= 1) {
      const confirmed = await this.trial(at, seconds);
      if (sustains(confirmed)) return { cameras: at, confirmed };
    }
    return { cameras: 0, confirmed: null };
  }
}

export function sustains({ missing }: Pick<Trial, 'missing'>): boolean {
  return missing < TOLERATED;
}

/** Either count may be the larger: what facegate dropped, or what never reached it in time because ffmpeg fell behind. */
export function missingOf(o: { cameras: number; fps: number; analysed: number; dropped: number; span: Span }): Trial {
  const due = o.cameras * o.fps * o.span.seconds;
  // The span begins and ends between two frames: of each camera one may be just outside.
  const late = Math.max(0, due - o.analysed - o.cameras);
  return { ...o, due, missing: Math.max(o.dropped, late) / due };
}
