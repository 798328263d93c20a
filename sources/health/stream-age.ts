export interface StreamAgeOptions {
  /** How long the fastest frame stays the measure, milliseconds. Default 5 minutes: two clocks drift 30 ms in it. */
  windowMs?: number;
}

/** Samples in one step of the window share a minimum, so that an hour of frames needs no more memory than a minute. */
const STEPS = 60;
/** How long an age taken over from before a jump of the timestamps counts, milliseconds. */
const CARRY_MS = 3000;
/** A frame that is this much younger than the youngest of the window shows a jump, not luck; milliseconds. */
const JUMP_MS = 1000;
/** For so long the measure must not have fallen, milliseconds. */
const SETTLING_MS = 1000;
/** A clock is set once or twice; timestamps that go backwards as often as this within that time, milliseconds, are none. */
const ERRATIC_JUMPS = 3;
const ERRATIC_WITHIN_MS = 10_000;
/** A fall of less than this is jitter, milliseconds. */
const FALL_MS = 100;

/**
 * How old a picture was on arrival: (arrival − PTS) minus the smallest such difference recently seen on this
 * connection. A reader that was paused gets a backlog whose frames look new by their arrival; their PTS tell.
 * Delay inside the camera and the network's least delay are invisible.
 */
export class StreamAge {
  readonly #windowMs: number;
  /** Smallest difference of each step of the window, oldest first. */
  #minima: { step: number; differenceMs: number }[] = [];
  #carried: { differenceMs: number; untilMs: number } | null = null;
  /** The smallest difference when it last fell, and when that was. */
  #measure = { differenceMs: Number.POSITIVE_INFINITY, fellAtMs: Number.NEGATIVE_INFINITY };
  /** Whether the last frame had a timestamp. */
  #isKnown = true;
  /** When the timestamps went backwards lately. */
  #jumpsBackMs: number[] = [];
  #last: { ptsMs: number; arrivedAtMs: number; ageMs: number } | null = null;

  constructor(options: StreamAgeOptions = {}) {
    this.#windowMs = options.windowMs ?? 300_000;
  }

  /**
   * @param ptsSeconds of the frame; null where the stream carries none: then its age is not known, 0 is what is left to say, and
   *   `isSettled` is false.
   * @param arrivedAtMs monotonic.
   * @returns milliseconds, ≥ 0.
   */
  of(ptsSeconds: number | null, arrivedAtMs: number): number {
    this.#isKnown = ptsSeconds !== null && Number.isFinite(ptsSeconds);
    if (ptsSeconds === null || !this.#isKnown) return 0;
    const ptsMs = ptsSeconds * 1000;
    const differenceMs = arrivedAtMs - ptsMs;
    const last = this.#last;
    if (last && ptsMs < last.ptsMs) {
      this.#jumpsBackMs = [...this.#jumpsBackMs, arrivedAtMs].filter((atMs) => arrivedAtMs - atMs <= ERRATIC_WITHIN_MS);
      if (this.#jumpsBackMs.length >= ERRATIC_JUMPS) {
        // Nothing can be told from such timestamps, and an age added up from jump to jump would be nonsense.
        this.#startAgain(differenceMs, 0, arrivedAtMs);
        this.#note(differenceMs, arrivedAtMs);
        this.#last = { ptsMs, arrivedAtMs, ageMs: 0 };
        return 0;
      }
      // The camera's clock jumped back. Whether this frame waited somewhere cannot be told from its PTS any more: it
      // may be as old as the last one plus the silence since. A backlog drains within seconds, so that is not held
      // against the camera for longer.
      this.#startAgain(differenceMs, last.ageMs + Math.max(0, arrivedAtMs - last.arrivedAtMs), arrivedAtMs);
    } else if (last && arrivedAtMs - last.arrivedAtMs > this.#windowMs / 2) {
      // So long a silence outlives the window; the measure of before it is the only one that a backlog can be told by.
      const before = last.arrivedAtMs - last.ptsMs - last.ageMs;
      this.#startAgain(differenceMs, Math.max(0, differenceMs - before), arrivedAtMs);
    } else if (last && differenceMs < this.#smallest(arrivedAtMs) - JUMP_MS && last.ageMs > 0) {
      // Forward: a backlog's frames must not look new because of it.
      this.#startAgain(differenceMs, last.ageMs, arrivedAtMs);
    }
    this.#note(differenceMs, arrivedAtMs);
    const smallestMs = this.#smallest(arrivedAtMs);
    if (smallestMs < this.#measure.differenceMs - FALL_MS) {
      this.#measure = { differenceMs: smallestMs, fellAtMs: arrivedAtMs };
    }
    const ageMs = Math.max(0, differenceMs - smallestMs);
    this.#last = { ptsMs, arrivedAtMs, ageMs };
    return ageMs;
  }

  /**
   * Whether the ages can be trusted. They cannot while frames come faster than they were taken and each is the youngest
   * so far: many servers open a connection with the pictures of the last seconds, and how old those were is known only
   * when the burst is over. Nor can they without timestamps, or with ones that go backwards again and again.
   *
   * @param nowMs monotonic.
   */
  isSettled(nowMs: number): boolean {
    if (!this.#isKnown) return false;
    const jumps = this.#jumpsBackMs.filter((atMs) => nowMs - atMs <= ERRATIC_WITHIN_MS);
    return jumps.length < ERRATIC_JUMPS && nowMs - this.#measure.fellAtMs >= SETTLING_MS;
  }

  #startAgain(differenceMs: number, ageMs: number, nowMs: number): void {
    this.#minima = [];
    this.#measure.differenceMs = Number.POSITIVE_INFINITY;
    this.#carried = { differenceMs: differenceMs - ageMs, untilMs: nowMs + CARRY_MS };
  }

  #note(differenceMs: number, nowMs: number): void {
    const step = Math.floor((nowMs / this.#windowMs) * STEPS);
    const newest = this.#minima.at(-1);
    if (newest?.step === step) newest.differenceMs = Math.min(newest.differenceMs, differenceMs);
    else this.#minima.push({ step, differenceMs });
    while (this.#minima[0]!.step < step - STEPS) this.#minima.shift();
    if (this.#carried && nowMs > this.#carried.untilMs) this.#carried = null;
  }

  #smallest(nowMs: number): number {
    let smallest = Number.POSITIVE_INFINITY;
    for (const { differenceMs } of this.#minima) if (differenceMs < smallest) smallest = differenceMs;
    if (this.#carried && nowMs <= this.#carried.untilMs) smallest = Math.min(smallest, this.#carried.differenceMs);
    return smallest;
  }
}
