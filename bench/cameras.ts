import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { longFilm } from '../test/support/people-in-film.ts';
import { type Cost, cameraLimit, decodingCost, type NetworkCost, networkCost } from './live/cost-limit.ts';
import { encodeFilm } from './live/encode-film.ts';
import { FrameWatch } from './live/frame-watch.ts';
import { LiveRig } from './live/live-rig.ts';
import { PacedCameras, type Trial } from './live/paced-cameras.ts';
import { plotSvg } from './live/plot.ts';
import { emptyFilm, film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import type { Measurement, Ratio, Row } from './report.ts';

const FPS = 5;
const WIDTH = 1280;
const TRIAL_S = 15;
const CONFIRM_S = 60;
/** Of film that is decoded for the limit. */
const DECODED_S = 30;
const NETWORK_FRAMES = 60;
const SCENES = ['empty', 'walk'] as const;
type Scene = (typeof SCENES)[number];
/** For the first guess only; the limit counts those that were seen. */
const EXPECTED_FACES: Record<Scene, number> = { empty: 0, walk: 5 };

interface SceneResult {
  readonly scene: Scene;
  readonly cameras: number;
  readonly confirmed: Trial | null;
  readonly trials: readonly Trial[];
  readonly facesPerFrame: number;
  readonly limit: Cost;
  readonly decoding: Cost;
}

/** How many paced 1080p25 cameras are analysed at 5 frames a second, beside what decoding and networks alone would allow. */
export async function measureCameras(options: BenchOptions = {}): Promise<Measurement> {
  const fps = options.fps ?? FPS;
  const seconds = options.seconds ?? CONFIRM_S;
  const cores = availableParallelism();
  const scenes = SCENES.filter((scene) => options.scene?.includes(scene) ?? true);
  if (scenes.length === 0) throw new Error(`--scene takes ${SCENES.join(', ')}; got ${options.scene?.join(', ')}`);
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    say('what the networks cost');
    const networks = await networkCost({ frames: NETWORK_FRAMES, cores });
    const results: SceneResult[] = [];
    for (const scene of scenes) results.push(await measureScene({ scene, fps, seconds, cores, networks, dir }));
    if (options.svg) writeFileSync(join(options.svg, 'cameras.svg'), plotOf(results, fps));
    return {
      part: 'cameras',
      rows: [
        ...costRows('detection, CPU', 'ms', networks.detectMs),
        ...costRows('a face, CPU', 'ms', networks.embedMs),
        ...results.flatMap((result) => rowsOf(result)),
      ],
      ratios: results.flatMap((result) => ratiosOf(result, cores)),
      remarks: [
        `1920×1080 at 25 frames/s, H.264, RTSP over TCP, ${fps} frames/s of each analysed at ${WIDTH} wide; sustained: less than 1 % of the frames that were due are missing for ${seconds} s`,
        `limit: ${cores} cores ÷ (decoding + ${fps} × (detection + faces × a face)), CPU times of programs that do nothing else, in this run; "cores busy": with one on each core, where cores slow each other down`,
        'the RTSP server sends the packets as they lie in the film; it is one process on the same cores',
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureScene(o: {
  scene: Scene;
  fps: number;
  seconds: number;
  cores: number;
  networks: NetworkCost;
  dir: string;
}): Promise<SceneResult> {
  const { scene, fps, cores, networks } = o;
  say(`${scene}: the film, and what decoding it costs`);
  const clip =
    scene === 'walk'
      ? film()
      : (await encodeFilm({ film: emptyFilm(), file: join(o.dir, 'empty.mp4'), size: '1920x1080', frames: 225 })).file;
  const decoding = await decodingCost({ film: clip, fps, width: WIDTH, filmSeconds: DECODED_S, cores });
  const limitWith = (facesPerFrame: number, as: keyof Cost) =>
    cameraLimit({ cores, fps, facesPerFrame, decoding, networks, as });
  const trialSeconds = Math.min(TRIAL_S, o.seconds);
  // No camera may come to its film's end: longer than all trials together.
  const long = longFilm(clip, 10 * (trialSeconds + 10) + 3 * (o.seconds + 10), join(o.dir, `${scene}-long.mp4`));
  await using rig = await LiveRig.start({ films: { film: long } });
  await using watch = await FrameWatch.open(rig.socketAddress);
  const paced = new PacedCameras({ rig, fps, say: (text) => say(`${scene}: ${text}`) });
  const likely = limitWith(EXPECTED_FACES[scene], 'alone');
  const { cameras, confirmed } = await paced.sustained({
    guess: Math.floor(0.85 * likely),
    // Nothing goes beyond the limit but what was guessed wrong about the faces.
    most: Math.max(2, Math.ceil(1.3 * likely)),
    trialSeconds,
    confirmSeconds: o.seconds,
  });
  const facesPerFrame = watch.facesPerFrame;
  rmSync(long);
  return {
    scene,
    cameras,
    confirmed,
    trials: paced.trials,
    facesPerFrame,
    limit: { alone: limitWith(facesPerFrame, 'alone'), coresBusy: limitWith(facesPerFrame, 'coresBusy') },
    decoding,
  };
}

function rowsOf({ scene, cameras, confirmed, trials, facesPerFrame, limit, decoding }: SceneResult): Row[] {
  const rows: Row[] = [
    ...costRows(`${scene}: decoding a second of film, CPU`, 'ms', {
      alone: decoding.alone * 1000,
      coresBusy: decoding.coresBusy * 1000,
    }),
    { name: `${scene}: faces of a frame that were embedded`, values: [facesPerFrame], unit: 'faces' },
    ...costRows(`${scene}: limit`, 'cameras', limit),
    { name: `${scene}: sustained`, values: [cameras], unit: 'cameras' },
  ];
  if (confirmed) {
    const { cpu, seconds, loopDelayP99Ms } = confirmed.span;
    const share = (used: number) => used / seconds;
    rows.push(
      { name: `${scene}: delay of the main thread, p99`, values: [loopDelayP99Ms], unit: 'ms' },
      { name: `${scene}: CPU of the ffmpegs`, values: [share(cpu.ffmpeg)], unit: 'cores' },
      { name: `${scene}: CPU of the inference processes`, values: [share(cpu.inference)], unit: 'cores' },
      { name: `${scene}: CPU of the server`, values: [share(cpu.server)], unit: 'cores' },
      { name: `${scene}: CPU of the RTSP server`, values: [share(cpu.films)], unit: 'cores', note: 'not facegate’s' },
    );
  }
  for (const trial of [...trials].sort((a, b) => a.cameras - b.cameras || a.span.seconds - b.span.seconds)) {
    rows.push({
      name: `${scene}: ${trial.cameras} cameras for ${trial.span.seconds.toFixed(0)} s, missing`,
      values: [100 * trial.missing],
      unit: '%',
      note: `${trial.analysed} of ${Math.round(trial.due)} analysed, ${trial.dropped} dropped`,
    });
  }
  return rows;
}

function ratiosOf({ scene, cameras, confirmed, limit }: SceneResult, cores: number): Ratio[] {
  const films = confirmed ? confirmed.span.cpu.films / confirmed.span.seconds : 0;
  return [
    { name: `${scene}: sustained / limit`, values: [cameras / limit.alone], wanted: { atLeast: 0.85 } },
    { name: `${scene}: sustained / limit, cores busy`, values: [cameras / limit.coresBusy], wanted: null },
    {
      name: `${scene}: the same, of what the RTSP server leaves`,
      values: [cameras / (limit.coresBusy * (1 - films / cores))],
      wanted: null,
    },
    ...(confirmed
      ? [
          {
            name: `${scene}: delay of the main thread, p99 / 20 ms`,
            values: [confirmed.span.loopDelayP99Ms / 20],
            wanted: { atMost: 1 } as const,
          },
        ]
      : []),
  ];
}

function costRows(name: string, unit: string, cost: Cost): Row[] {
  return [
    { name, values: [cost.alone], unit },
    { name: `${name}, cores busy`, values: [cost.coresBusy], unit },
  ];
}

function plotOf(results: readonly SceneResult[], fps: number): string {
  return plotSvg({
    title: `Frames that are missing, 1080p25 cameras at ${fps} frames/s`,
    x: 'cameras',
    y: 'missing, %',
    series: results.map(({ scene, trials }) => ({
      name: scene,
      as: 'line' as const,
      // The longest trial of each number.
      points: [
        ...new Map(
          [...trials]
            .sort((a, b) => a.cameras - b.cameras || a.span.seconds - b.span.seconds)
            .map((trial) => [trial.cameras, 100 * trial.missing]),
        ),
      ],
    })),
    marks: [{ name: '1 %', y: 1 }, ...results.map(({ scene, limit }) => ({ name: `limit, ${scene}`, x: limit.alone }))],
  });
}

function say(text: string): void {
  process.stderr.write(`cameras: ${text}\n`);
}
