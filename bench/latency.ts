import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { longFilm } from '../test/support/people-in-film.ts';
import { encodeFilm } from './live/encode-film.ts';
import { frameLatencyMs } from './live/frame-latency.ts';
import { stripFilters } from './live/frame-number-strip.ts';
import { histogram } from './live/histogram.ts';
import { LiveRig, type Span } from './live/live-rig.ts';
import { PacedCameras } from './live/paced-cameras.ts';
import { PictureWatch } from './live/picture-watch.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import {
  delayRatio,
  delayRow,
  type Measurement,
  median,
  type NamedPlot,
  percentile,
  type Ratio,
  type Row,
} from './report.ts';

const FPS = 5;
const SECONDS = 60;
const ROUNDS = 3;
const TRIAL_S = 15;
const FILM_FPS = 25;
/** Four times the walk: the film's numbers repeat after 16.8 s. */
const FILM_FRAMES = 420;
const LOAD = 0.8;
const WANTED_MS = 200;
const BIN_MS = 20;
/** Of the histogram: all beyond are as bad. */
const LAST_BIN_MS = 600;
/** More than any two cores sustain, and an address for each. */
const MOST_CAMERAS_A_CORE = 8;

interface Load {
  readonly cameras: number;
  readonly latencies: readonly number[];
  /** Of the same pictures: how old facegate took them to be, from when it had them decoded. */
  readonly ages: readonly number[];
  /** Pictures without a readable number. */
  readonly unread: number;
  readonly ownDelayP99Ms: number;
  readonly span: Span;
}

/** How old a picture is when it reaches a live client, by the number that is drawn into it: alone, and at 80 % of the sustained cameras. */
export async function measureLatency(options: BenchOptions = {}): Promise<Measurement> {
  const { fps = FPS, seconds = SECONDS, rounds = ROUNDS, trialSeconds = TRIAL_S, provider } = options;
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    say('drawing and encoding the film');
    const numbered = await encodeFilm({
      film: film(),
      file: join(dir, 'numbered.mp4'),
      size: '1920x1080',
      frames: FILM_FRAMES,
      filters: stripFilters(),
      lowDelay: true,
    });
    const most = Math.max(options.cameras ?? 0, MOST_CAMERAS_A_CORE * availableParallelism());
    const trials = options.cameras === undefined ? 10 * (trialSeconds + 10) : 0;
    const long = longFilm(numbered.file, trials + (2 * rounds + 1) * (seconds + 30), join(dir, 'film.mp4'));
    // An address for each camera, so that each says when its film began.
    const films = Object.fromEntries(Array.from({ length: most }, (_, i) => [`camera${i + 1}`, long]));
    await using rig = await LiveRig.start({ films, provider });
    const paced = new PacedCameras({ rig, film: (camera) => camera, fps, say });
    const sustained =
      options.cameras ??
      (
        await paced.sustained({
          guess: 2 * availableParallelism(),
          most,
          trialSeconds,
          confirmSeconds: trialSeconds,
        })
      ).cameras;
    const share = Math.max(1, Math.floor(LOAD * sustained));
    const alone: Load[] = [];
    const loaded: Load[] = [];
    for (let round = 0; round < rounds; round += 1) {
      alone.push(await measureLoad({ rig, paced, cameras: 1, seconds }));
      // Of one camera 80 % is one camera: there is nothing else to measure.
      if (share > 1) loaded.push(await measureLoad({ rig, paced, cameras: share, seconds }));
    }
    const loads = share > 1 ? [alone, loaded] : [alone];
    return {
      part: 'latency',
      rows: [
        ...rowsOf(alone),
        {
          name: 'cameras sustained',
          values: [sustained],
          unit: 'cameras',
          note: options.cameras === undefined ? `found in trials of ${trialSeconds} s` : 'as given',
        },
        ...(share > 1 ? rowsOf(loaded) : []),
        {
          name: 'making the film, a picture',
          values: [numbered.msPerPicture],
          unit: 'ms',
          note: 'not in the latency: drawing and encoding, before the run',
        },
      ],
      ratios: [...ratiosOf(alone, false), ...ratiosOf(share > 1 ? loaded : alone, true)],
      plots: [plotOf(loads)],
      remarks: [
        'from the moment that a frame was due at the camera’s RTSP server, by the number drawn into its picture, until its live message, JPEG and all, has reached a client on this machine: network, decoding, analysis, JPEG and WebSocket are in it, and so is any lateness of the RTSP server and of the client',
        `the camera’s own encoder is not in it: the film was encoded beforehand, without B-frames or look-ahead; a live one of this kind would add at most the ${numbered.msPerPicture.toFixed(0)} ms above where it had this machine’s cores to itself`,
        `1920×1080 at ${FILM_FPS} frames/s, ${fps} of them analysed; one client with the pictures of all cameras; at one camera and at ${LOAD * 100} % of those sustained, for ${seconds} s each in turn`,
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureLoad(o: { rig: LiveRig; paced: PacedCameras; cameras: number; seconds: number }): Promise<Load> {
  const { rig, paced, cameras, seconds } = o;
  await paced.set(cameras);
  await using watch = await PictureWatch.open(rig.socketAddress);
  // The first pictures also pay for the encoder's start.
  await rig.running(paced.ids, 3000);
  say(`${cameras} cameras for ${seconds} s`);
  watch.begin();
  const span = await rig.during(seconds);
  const { ownDelayP99Ms } = watch;
  const latencies: number[] = [];
  const ages: number[] = [];
  let unread = 0;
  for (const { camera, atMs, number, ageMs } of await watch.end()) {
    const zeroMs = rig.films.zeroMs(camera);
    if (zeroMs === undefined) throw new Error(`the RTSP server did not say when the film of ${camera} began`);
    if (number === null) {
      unread += 1;
      continue;
    }
    latencies.push(frameLatencyMs({ atMs, zeroMs, number, periodFrames: FILM_FRAMES, filmFps: FILM_FPS }));
    ages.push(ageMs);
  }
  if (latencies.length === 0) throw new Error(`no picture of ${cameras} cameras could be read`);
  return { cameras, latencies, ages, unread, ownDelayP99Ms, span };
}

/** One load of each round. */
function rowsOf(loads: readonly Load[]): Row[] {
  const name = nameOf(loads);
  const row = (what: string, of: (load: Load) => number, unit: string, note?: string): Row => ({
    name: `${name}: ${what}`,
    values: loads.map(of),
    unit,
    ...(note ? { note } : {}),
  });
  const pictures = loads.reduce((sum, { latencies }) => sum + latencies.length, 0);
  const cores = (of: (cpu: Span['cpu']) => number) => (load: Load) => of(load.span.cpu) / load.span.seconds;
  return [
    row('latency, p50', ({ latencies }) => median(latencies), 'ms', `${pictures} pictures in all rounds`),
    row('latency, p99', ({ latencies }) => percentile(latencies, 99), 'ms'),
    row('latency, greatest', ({ latencies }) => Math.max(...latencies), 'ms'),
    row('of it in facegate, p50', ({ ages }) => median(ages), 'ms', 'ageMs: since it was decoded'),
    row('pictures whose number could not be read', ({ unread }) => unread, 'pictures'),
    delayRow(delaysOf(loads), `${name}: `),
    row('delay of the client itself, p99', ({ ownDelayP99Ms }) => ownDelayP99Ms, 'ms'),
    row(
      'CPU of facegate',
      cores(({ server, inference, ffmpeg }) => server + inference + ffmpeg),
      'cores',
    ),
    row(
      'CPU of the RTSP server',
      cores(({ films }) => films),
      'cores',
      'not facegate’s',
    ),
  ];
}

function ratiosOf(loads: readonly Load[], promised: boolean): Ratio[] {
  const name = promised ? `at 80 % (${loads[0]!.cameras})` : '1 camera';
  return [
    {
      name: `${name}: p99 / ${WANTED_MS} ms`,
      values: loads.map(({ latencies }) => percentile(latencies, 99) / WANTED_MS),
      wanted: promised ? { atMost: 1 } : null,
    },
    delayRatio(delaysOf(loads), `${name}: `),
  ];
}

function nameOf(loads: readonly Load[]): string {
  const { cameras } = loads[0]!;
  return cameras === 1 ? '1 camera' : `${cameras} cameras`;
}

function delaysOf(loads: readonly Load[]): number[] {
  return loads.map(({ span }) => span.loopDelayP99Ms);
}

/** Over the pictures of all rounds. */
function plotOf(loads: readonly (readonly Load[])[]): NamedPlot {
  return {
    name: 'latency',
    title: 'From the camera’s frame to the live client',
    x: 'latency, ms',
    y: 'share of the pictures, %',
    series: loads.map((rounds) => {
      const latencies = rounds.flatMap((load) => load.latencies);
      return {
        name: nameOf(rounds),
        as: 'line' as const,
        points: histogram(latencies, BIN_MS, LAST_BIN_MS).map(
          ({ from, count }) => [from + BIN_MS / 2, (100 * count) / latencies.length] as const,
        ),
      };
    }),
    marks: [{ name: `${WANTED_MS} ms`, x: WANTED_MS }],
  };
}

function say(text: string): void {
  process.stderr.write(`latency: ${text}\n`);
}
