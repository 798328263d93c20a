import { type Demand, fairLevel, shareAt } from './fair-share.ts';

/** What became of one camera's frames between two looks. */
export interface CameraLoad {
  /** Frames a second that it is to be analysed at, at most. */
  readonly fps: number;
  /** It is not taken below this many frames a second; more than `fps` is `fps`. */
  readonly leastFps: number;
  /** Frames that came. */
  readonly received: number;
  readonly analysed: number;
  /** Frames whose turn it was, and which a newer one replaced before the networks were free. */
  readonly busy: number;
}

/** So many of the frames whose turn it was may be replaced before the networks count as overloaded. */
const TOLERATED = 0.05;
/** A single one says nothing, however few there are. */
const FEWEST = 2;
/** Overloaded at so many looks in a row, nobody waits for it to pass any more. */
const PATIENCE = 2;
/** Of what the networks did while they were overloaded. What is left lets a frame find a free place soon. */
const FILL = 0.95;
/** One step up. */
const STEP = 1.2;
/** Without overload for so long, seconds, a step up is tried; after one that failed, twice as long, up to … */
const FIRST_TRIAL_S = 4;
const LAST_TRIAL_S = 32;

/**
 * Decides how often cameras are analysed while the networks cannot keep up: one level for all, so that the shares are max–min fair. It
 * falls to what the networks were seen to do, and rises by a step at a time; a step that overloads them again is taken back and tried
 * less often. Pure: told what happened, asked for rates.
 */
export class RateGovernor {
  /** Frames a second that nobody may exceed; null: no limit. */
  #level: number | null = null;
  readonly #leastLevel: number;
  #overloaded: { looks: number; seconds: number; analysed: number } | null = null;
  #calmS = 0;
  #trialAfterS = FIRST_TRIAL_S;
  /** What all cameras together were to be analysed at when the networks were overloaded last. */
  #askedThen = 0;
  /** The last change was a step up, and it is not known yet whether it holds. */
  #onTrial = false;

  /** @param o.minFps the level never falls below it. */
  constructor(o: { minFps: number }) {
    this.#leastLevel = o.minFps;
  }

  get level(): number | null {
    return this.#level;
  }

  /** Frames a second at which such a camera may be analysed now. */
  rateFor({ fps, leastFps }: Pick<CameraLoad, 'fps' | 'leastFps'>): number {
    return this.#level === null ? fps : shareAt(this.#level, { wanted: fps, least: Math.min(fps, leastFps) });
  }

  /** @param seconds since the look before, > 0. */
  look(loads: readonly CameraLoad[], seconds: number): void {
    const busy = loads.reduce((sum, load) => sum + load.busy, 0);
    const analysed = loads.reduce((sum, load) => sum + load.analysed, 0);
    if (busy >= FEWEST && busy > TOLERATED * (busy + analysed)) this.#overload(loads, analysed, seconds);
    else this.#calm(loads, seconds);
  }

  #overload(loads: readonly CameraLoad[], analysed: number, seconds: number): void {
    const before = this.#overloaded ?? { looks: 0, seconds: 0, analysed: 0 };
    const now = { looks: before.looks + 1, seconds: before.seconds + seconds, analysed: before.analysed + analysed };
    this.#calmS = 0;
    if (now.looks < PATIENCE) {
      this.#overloaded = now;
      return;
    }
    this.#overloaded = null;
    if (this.#onTrial) this.#trialAfterS = Math.min(2 * this.#trialAfterS, LAST_TRIAL_S);
    this.#onTrial = false;
    this.#askedThen = asked(loads);
    const demands = loads.map((load): Demand => {
      const wanted = Math.min(load.fps, load.received / seconds);
      return { wanted, least: Math.min(wanted, load.leastFps) };
    });
    const fair = fairLevel(demands, (FILL * now.analysed) / now.seconds);
    // Where the networks did as much as they were given and frames were replaced all the same, they are given less.
    const lower = Math.min(fair, FILL * (this.#level ?? highest(loads)));
    this.#level = Math.max(lower, this.#leastLevel);
  }

  #calm(loads: readonly CameraLoad[], seconds: number): void {
    this.#overloaded = null;
    this.#calmS += seconds;
    // Fewer cameras, or slower ones: what failed before says nothing any more.
    if (asked(loads) < this.#askedThen) this.#trialAfterS = FIRST_TRIAL_S;
    if (this.#calmS < this.#trialAfterS) return;
    this.#calmS = 0;
    // What was tried last has held.
    if (this.#onTrial) this.#trialAfterS = FIRST_TRIAL_S;
    this.#onTrial = this.#level !== null;
    if (this.#level === null) return;
    const higher = STEP * this.#level;
    this.#level = higher >= highest(loads) ? null : higher;
  }
}

function asked(loads: readonly CameraLoad[]): number {
  return loads.reduce((sum, { fps }) => sum + fps, 0);
}

function highest(loads: readonly CameraLoad[]): number {
  return Math.max(0, ...loads.map(({ fps }) => fps));
}
