import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CameraView } from '../server/server-parts.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { decodingCost, networkCost, networkMs } from './live/cost-limit.ts';
import { LiveRig, type Span, total } from './live/live-rig.ts';
import { networksOverloaded } from './live/overloaded-networks.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, type NamedPlot, type Ratio, type Row } from './report.ts';

const FILM_FPS = 25;
const WIDTH = 1280;
const SECONDS = 60;
/** For what is asked for only: how many cameras, and how often each. */
const EXPECTED_FACES = 5;
const EXPECTED_FPS = 10;
const DECODED_S = 20;
const NETWORK_FRAMES = 40;
/** Times what the networks should be able to do: with less it is none. */
const LEAST_OVERLOAD = 1.3;
/** Until the rates have settled. */
const SETTLE_S = 20;
/** A camera that is further behind is connected to anew (sources/health/behind-watch.ts); with the wait for that. */
const OLDEST_MS = 4000;
const REASONS = ['busy', 'thinned', 'pool', 'fault'] as const;

interface Moment {
  readonly atS: number;
  /** How old the newest analysed picture of each camera was, milliseconds. */
  readonly agesMs: readonly number[];
  readonly effectiveFps: readonly number[];
}

/** What is played, and why. */
interface Load {
  readonly cameras: number;
  /** Of each camera, asked for. */
  readonly fps: number;
  /** What is asked of the networks, of what they should be able to do; null where that was not looked into. */
  readonly timesEnough: number | null;
  readonly note: string;
}

interface Run {
  readonly adaptive: boolean;
  readonly cameras: readonly string[];
  readonly span: Span;
  readonly moments: readonly Moment[];
  /** Frames a second, all cameras together. */
  readonly dropped: Readonly<Record<(typeof REASONS)[number], number>>;
  readonly reconnects: number;
}

/**
 * Paced cameras whose decoders leave the networks half of the machine, and ask them for about twice what they can do there: once
 * without and once with rates that follow what they can do.
 */
export async function measureOverload(options: BenchOptions = {}): Promise<Measurement> {
  const seconds = options.seconds ?? SECONDS;
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const { cameras, fps, note, timesEnough } = await loadOf(options);
    const runs: Run[] = [];
    // No camera may come to its film's end, not even one that is connected to late.
    const long = longFilm(film(), seconds + SETTLE_S + 120, join(dir, 'film.mp4'));
    for (const adaptive of [false, true]) runs.push(await measureRun({ adaptive, cameras, fps, seconds, film: long }));
    return {
      part: 'overload',
      rows: [
        { name: 'cameras', values: [cameras], unit: 'cameras', note },
        ...(timesEnough === null
          ? []
          : [{ name: 'asked of the networks / what they should be able to do', values: [timesEnough], unit: 'times' }]),
        ...runs.flatMap((run) => rowsOf(run)),
      ],
      ratios: runs.flatMap((run) => ratiosOf(run)),
      plots: [plotOf(runs, cameras, fps)],
      remarks: [
        `1920×1080 at ${FILM_FPS} frames/s, H.264, RTSP over TCP, ${fps} frames/s of each asked for at ${WIDTH} wide; ${SETTLE_S} s to settle, then ${seconds} s; values by camera or by second`,
        'age: of the newest analysed picture, looked at once a second; it grows until the next one is analysed',
        'the RTSP server is one process on the same cores',
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @throws {Error} where what was asked for is no overload. */
async function loadOf({ cameras, fps }: BenchOptions): Promise<Load> {
  const asked = (load: { cameras: number; fps: number }) => `${askedFps(load)} frames/s asked for`;
  if (cameras !== undefined && fps !== undefined) {
    return { cameras, fps, note: asked({ cameras, fps }), timesEnough: null };
  }
  const cores = availableParallelism();
  say('what decoding and networks cost');
  const networks = await networkCost({ frames: NETWORK_FRAMES, cores });
  const decoding = await decodingCost({
    film: film(),
    fps: fps ?? EXPECTED_FPS,
    width: WIDTH,
    filmSeconds: DECODED_S,
    cores,
  });
  const load = networksOverloaded({
    cores,
    decodingCores: decoding.coresBusy,
    networkMs: networkMs(networks, 'coresBusy', EXPECTED_FACES),
    filmFps: FILM_FPS,
    cameras,
    fps,
  });
  const left = `decoding expected to take ${load.decodingCores.toFixed(2)} cores of ${cores}, and the rest to be enough for ${load.enoughForFps.toFixed(0)}`;
  const timesEnough = askedFps(load) / load.enoughForFps;
  if (timesEnough < LEAST_OVERLOAD) {
    throw new Error(
      `${load.cameras} cameras at ${load.fps} frames/s ask for ${timesEnough.toFixed(2)} times what the networks can do here, which is no overload; --cameras and --fps ask for more`,
    );
  }
  return { cameras: load.cameras, fps: load.fps, note: `${asked(load)}; ${left}`, timesEnough };
}

async function measureRun(o: {
  adaptive: boolean;
  cameras: number;
  fps: number;
  seconds: number;
  film: string;
}): Promise<Run> {
  say(`${o.cameras} cameras, ${name(o)}`);
  await using rig = await LiveRig.start({
    films: { film: o.film },
    settings: { analysis: { adaptive: o.adaptive } },
  });
  const cameras = Array.from({ length: o.cameras }, (_, i) => `camera${i + 1}`);
  for (const id of cameras) await rig.add({ id, url: rig.films.url('film'), fps: o.fps });
  // Not until all run at once: that is what an overload may keep them from.
  await wait(SETTLE_S * 1000);
  const views = async () => {
    const answer = await fetch(`${rig.facegate.address}/cameras`);
    return ((await answer.json()) as { cameras: CameraView[] }).cameras;
  };
  const moments: Moment[] = [];
  const before = await views();
  const watch = async () => {
    for (let atS = 0; atS < o.seconds; atS += 1) {
      const now = await views();
      moments.push({
        atS,
        // Before its first picture, or between two connections, it is at least as old as that.
        agesMs: now.map(({ ageMs, since }) => ageMs ?? Date.now() - Date.parse(since)),
        effectiveFps: now.map(({ fps }) => fps.effective),
      });
      await wait(1000);
    }
  };
  const span = await rig.during(watch());
  const after = await views();
  const grown = (of: (view: CameraView) => number) => sum(after.map(of)) - sum(before.map(of));
  const dropped = Object.fromEntries(
    REASONS.map((reason) => [reason, grown((view) => view.dropped[reason]) / span.seconds]),
  ) as Run['dropped'];
  // Nothing can be said of shares of nothing.
  if (total(span.analysed) === 0) throw new Error(`of ${o.cameras} cameras none was analysed`);
  const reconnects = grown(({ reconnects }) => reconnects.total);
  return { adaptive: o.adaptive, cameras, span, moments, dropped, reconnects };
}

function rowsOf(run: Run): Row[] {
  const { span, moments, dropped, reconnects } = run;
  const row = (what: string, values: readonly number[], unit: string): Row => ({
    name: `${name(run)}: ${what}`,
    values,
    unit,
  });
  const cores = (used: number) => [used / span.seconds];
  return [
    row('analysed, all cameras', [sum(ratesOf(run))], 'frames/s'),
    row('analysed, by camera', ratesOf(run), 'frames/s'),
    row(
      'held to, by camera and second',
      moments.flatMap(({ effectiveFps }) => effectiveFps),
      'frames/s',
    ),
    ...REASONS.map((reason) => row(`dropped, ${reason}`, [dropped[reason]], 'frames/s')),
    row('age, oldest of the cameras, by second', oldestOf(run), 'ms'),
    row(
      'age, by camera and second',
      moments.flatMap(({ agesMs }) => agesMs),
      'ms',
    ),
    row('connected anew', [reconnects], 'times'),
    delayRow([span.loopDelayP99Ms], `${name(run)}: `),
    row('CPU of the ffmpegs', cores(span.cpu.ffmpeg), 'cores'),
    row('CPU of the inference processes', cores(span.cpu.inference), 'cores'),
    row('CPU of the server', cores(span.cpu.server), 'cores'),
    row('CPU of the RTSP server', cores(span.cpu.films), 'cores'),
  ];
}

function ratiosOf(run: Run): Ratio[] {
  const rates = ratesOf(run);
  const ratio = (what: string, value: number, wanted: Ratio['wanted']): Ratio => ({
    name: `${name(run)}: ${what}`,
    values: [value],
    wanted,
  });
  return [
    ratio('the camera analysed least / most', Math.min(...rates) / Math.max(...rates), { atLeast: 0.8 }),
    ratio(`the oldest age / ${OLDEST_MS} ms`, Math.max(...oldestOf(run)) / OLDEST_MS, { atMost: 1 }),
    delayRatio([run.span.loopDelayP99Ms], `${name(run)}: `),
  ];
}

function plotOf(runs: readonly Run[], cameras: number, fps: number): NamedPlot {
  return {
    name: 'overload',
    title: `The oldest picture of ${cameras} cameras, of which ${askedFps({ cameras, fps })} frames a second are asked for`,
    x: 'seconds',
    y: 'age, ms',
    series: runs.map((run) => ({
      name: name(run),
      as: 'line' as const,
      points: run.moments.map(({ atS, agesMs }) => [atS, Math.max(...agesMs)] as const),
    })),
    marks: [{ name: `${OLDEST_MS} ms`, y: OLDEST_MS }],
  };
}

/** By camera. One that was never analysed counts as well: the metrics have nothing of it. */
function ratesOf({ span, cameras }: Run): number[] {
  return cameras.map((id) => (span.analysed.get(id) ?? 0) / span.seconds);
}

function askedFps({ cameras, fps }: { cameras: number; fps: number }): number {
  return Math.round(cameras * fps);
}

function oldestOf({ moments }: Run): number[] {
  return moments.map(({ agesMs }) => Math.max(...agesMs));
}

function name({ adaptive }: Pick<Run, 'adaptive'>): string {
  return adaptive ? 'adaptive' : 'not adaptive';
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function say(text: string): void {
  process.stderr.write(`overload: ${text}\n`);
}
