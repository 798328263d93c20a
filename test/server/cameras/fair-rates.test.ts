import { Subject } from 'rxjs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cameraPipeline } from '../../../pipeline/camera-pipeline.ts';
import { EvenPace } from '../../../pipeline/even-pace.ts';
import type { Frame } from '../../../pipeline/frame.ts';
import type { AnalysisSlot } from '../../../pipeline/ports.ts';
import { FairRates } from '../../../server/cameras/fair-rates.ts';
import { fakeFrame } from '../../support/fake-frame.ts';
import { recordedLog } from '../../support/recorded-log.ts';

const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** Networks that take `costMs` for a frame, one at a time, first come first served. */
class SlowNetworks {
  costMs: number;
  readonly #waiting: (() => void)[] = [];
  #taken = false;

  constructor(costMs: number) {
    this.costMs = costMs;
  }

  async reserve(): Promise<AnalysisSlot> {
    if (this.#taken) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#taken = true;
    return {
      analyse: async () => {
        await new Promise((resolve) => setTimeout(resolve, this.costMs));
        this.#next();
        return { faces: [], timings: { detect: this.costMs, embed: 0 } };
      },
      release: () => this.#next(),
    };
  }

  #next(): void {
    this.#taken = false;
    this.#waiting.shift()?.();
  }
}

function setUp(o: {
  costMs: number;
  cameras: Record<string, number>;
  adaptive?: boolean;
  leastFps?: (id: string) => number;
}) {
  const log = recordedLog();
  const rates = new FairRates({
    adaptive: o.adaptive ?? true,
    minFps: 0.5,
    ...(o.leastFps && { leastFps: () => o.leastFps! }),
    clock,
    log,
  });
  const networks = new SlowNetworks(o.costMs);
  const cameras = Object.entries(o.cameras).map(([id, fps], i) => {
    const frames = new Subject<Frame>();
    const counts = { received: 0, analysed: 0, busy: 0, thinned: 0, unchanged: 0 };
    const analysedAtMs: number[] = [];
    const pace = new EvenPace();
    const camera = {
      id,
      fps,
      get frames() {
        return { ...counts };
      },
    };
    cameraPipeline(frames, {
      pace: 'live',
      analyser: networks,
      gallery: { search: async () => [] },
      clock,
      threshold: 0.5,
      margin: 0,
      isDue: ({ arrivedAtMs }) => {
        const now = rates.rateOf(camera);
        return now >= fps || pace.isDue(arrivedAtMs, now);
      },
      onDrop: (_frame, reason) => {
        counts[reason] += 1;
      },
      onFault: (error) => {
        throw error;
      },
    }).subscribe(({ frame }) => {
      counts.analysed += 1;
      analysedAtMs.push(frame.arrivedAtMs);
    });
    setTimeout(() => {
      setInterval(() => {
        counts.received += 1;
        frames.next(fakeFrame({ cameraId: id, arrivedAtMs: performance.now() }));
      }, 1000 / fps);
    }, i * 37);
    const leave = rates.join(camera);
    return { camera, analysedAtMs, leave };
  });
  const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);
  /** Frames by camera over the next seconds. */
  const analysedIn = async (seconds: number) => {
    const before = cameras.map(({ camera }) => camera.frames);
    await pass(seconds);
    return cameras.map(({ camera: { frames } }, i) => ({
      analysed: (frames.analysed - before[i]!.analysed) / seconds,
      busy: (frames.busy - before[i]!.busy) / seconds,
      thinned: (frames.thinned - before[i]!.thinned) / seconds,
    }));
  };
  return { rates, log, cameras, pass, analysedIn, networks };
}

describe('cameras whose networks do half of what is asked', () => {
  it('are all analysed alike, evenly, at what the networks can do, and their frames are thinned out and not replaced', async () => {
    const { cameras, pass, analysedIn, rates, log } = setUp({
      costMs: 50,
      cameras: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`camera${i}`, 5])),
    });
    await pass(60);
    const shares = await analysedIn(60);
    const each = shares.map(({ analysed }) => analysed);
    expect(each.reduce((a, b) => a + b)).toBeGreaterThan(0.85 * 20);
    expect(Math.max(...each) / Math.min(...each)).toBeLessThan(1.1);
    for (const { busy, thinned } of shares) expect(busy).toBeLessThan(0.25 * thinned);
    expect(rates.rateOf({ id: 'camera0', fps: 5 })).toBeLessThan(3);
    // Evenly: no gap is much longer than its share of time.
    const times = cameras[3]!.analysedAtMs.slice(-100);
    const gaps = times.slice(1).map((at, i) => at - times[i]!);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(800);
    // Told once, not at each change.
    expect(log.lines.filter(({ level }) => level !== 'debug')).toHaveLength(1);
    for (const { leave } of cameras) leave();
    rates[Symbol.dispose]();
  });

  it('leave a camera that asks for little in peace, and give one what it must have', async () => {
    const { pass, analysedIn, rates } = setUp({
      costMs: 100,
      cameras: { quiet: 1, door: 5, greedy: 25, usual: 5 },
      leastFps: (id) => (id === 'door' ? 4 : 0),
    });
    await pass(60);
    const [quiet, door, greedy, usual] = (await analysedIn(60)).map(({ analysed }) => analysed);
    expect(quiet).toBeGreaterThan(0.95);
    expect(door).toBeGreaterThan(3.6);
    expect(greedy! / usual!).toBeGreaterThan(0.8);
    expect(greedy! / usual!).toBeLessThan(1.25);
    rates[Symbol.dispose]();
  });

  it('come back to their own rate, by steps, when there is room again, and it is said', async () => {
    const { pass, analysedIn, rates, log, networks } = setUp({ costMs: 100, cameras: { a: 5, b: 5, c: 5, d: 5 } });
    await pass(20);
    expect(rates.rateOf({ id: 'a', fps: 5 })).toBeLessThan(3.5);
    networks.costMs = 10;
    await pass(150);
    expect(rates.rateOf({ id: 'a', fps: 5 })).toBe(5);
    for (const { analysed, thinned } of await analysedIn(10)) {
      expect(analysed).toBeCloseTo(5, 0);
      expect(thinned).toBe(0);
    }
    const said = log.lines.filter(({ level }) => level !== 'debug').map(({ message }) => message);
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/^the networks cannot keep up: cameras are analysed [\d.]+ times a second at most$/);
    expect(said[1]).toBe('the networks keep up again: every camera is analysed at its own rate');
    rates[Symbol.dispose]();
  });

  it('are held back by nobody where that is not wanted', async () => {
    const { pass, analysedIn, rates, log } = setUp({
      costMs: 100,
      cameras: { a: 5, b: 5, c: 5, d: 5 },
      adaptive: false,
    });
    await pass(20);
    const shares = await analysedIn(20);
    for (const { busy, thinned } of shares) {
      expect(busy).toBeGreaterThan(1);
      expect(thinned).toBe(0);
    }
    expect(log.lines).toEqual([]);
    rates[Symbol.dispose]();
  });

  it('are not judged by a look that came much too late', async () => {
    const log = recordedLog();
    let nowMs = 0;
    const rates = new FairRates({
      adaptive: true,
      minFps: 1,
      clock: { wallMs: () => 0, monotonicMs: () => nowMs },
      log,
    });
    const frames = { received: 0, analysed: 0, busy: 0 };
    rates.join({
      id: 'a',
      fps: 5,
      get frames() {
        return { ...frames };
      },
    });
    for (let i = 0; i < 5; i += 1) {
      nowMs += 20_000;
      frames.received += 100;
      frames.busy += 100;
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(rates.rateOf({ id: 'a', fps: 5 })).toBe(5);
    rates[Symbol.dispose]();
  });
});
