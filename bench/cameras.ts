import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderName } from '../config/execution-providers.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { type Cost, cameraLimit, decodingCost, type NetworkCost, networkCost } from './live/cost-limit.ts';
import { encodeFilm } from './live/encode-film.ts';
import { FrameWatch } from './live/frame-watch.ts';
import { LiveRig } from './live/live-rig.ts';
import { PacedCameras, type Trial } from './live/paced-cameras.ts';
import { emptyFilm, film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, median, type NamedPlot, type Ratio, type Row } from './report.ts';

const FPS = 5;
const WIDTH = 1280;
const TRIAL_S = 15;
const CONFIRM_S = 60;
const ROUNDS = 3;
/** Of film that is decoded for the limit. */
const DECODED_S = 30;
const NETWORK_FRAMES = 60;
const SCENES = ['empty', 'walk'] as const;
type Scene = (typeof SCENES)[number];
/** For the first guess only; the limit counts those that were seen. */
const EXPECTED_FACES: Record<Scene, number> = { empty: 0, walk: 5 };

/** One after the other in one run: what things cost just before, and how many cameras held. */
interface Round {
  readonly networks: NetworkCost;
  readonly decoding: Cost;
  readonly cameras: number;
  readonly confirmed: Trial | null;
}

interface SceneResult {
  readonly scene: Scene;
  readonly rounds: readonly Round[];
  readonly limits: readonly Cost[];
  readonly trials: readonly Trial[];
  readonly facesPerFrame: number;
}

/** How many paced 1080p25 cameras are analysed at 5 frames a second, beside what decoding and networks alone would allow. */
export async function measureCameras(options: BenchOptions = {}): Promise<Measurement> {
  const { fps = FPS, seconds = CONFIRM_S, rounds = ROUNDS, trialSeconds = TRIAL_S, provider } = options;
  const cores = availableParallelism();
  const scenes = SCENES.filter((scene) => options.scene?.includes(scene) ?? true);
  if (scenes.length === 0) throw new Error(`--scene takes ${SCENES.join(', ')}; got ${options.scene?.join(', ')}`);
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const results: SceneResult[] = [];
    for (const scene of scenes)
      results.push(
        await measureScene({
          scene,
          fps,
          seconds,
          trialSeconds: Math.min(trialSeconds, seconds),
          rounds,
          cores,
          dir,
          provider,
        }),
      );
    const all = results.flatMap((result) => result.rounds);
    return {
      part: 'cameras',
      rows: [
        ...costRows(
          'detection, CPU',
          'ms',
          all.map(({ networks }) => networks.detectMs),
        ),
        ...costRows(
          'a face, CPU',
          'ms',
          all.map(({ networks }) => networks.embedMs),
        ),
        ...results.flatMap((result) => rowsOf(result)),
      ],
      ratios: results.flatMap((result) => ratiosOf(result, cores)),
      plots: [plotOf(results, fps)],
      remarks: [
        `1920×1080 at 25 frames/s, H.264, RTSP over TCP, ${fps} frames/s of each analysed at ${WIDTH} wide; sustained: less than 1 % of the frames that were due are missing for ${seconds} s; sought once in trials of ${Math.min(trialSeconds, seconds)} s, then confirmed in each round from that number downwards`,
        `limit: ${cores} cores ÷ (decoding + ${fps} × (detection + faces × a face)), CPU times of programs that do nothing else, just before each round; "cores busy": with one on each core, where cores slow each other down`,
        ...(provider === undefined || provider === 'cpu'
          ? []
          : [
              `limit, on ${provider}: also no more than 1 ÷ (${fps} × what the GPU takes for detection and faces, a picture at a time); CPU time of the networks is that of the program which waits for the GPU`,
            ]),
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
  trialSeconds: number;
  rounds: number;
  cores: number;
  dir: string;
  provider: ProviderName | undefined;
}): Promise<SceneResult> {
  const { scene, fps, seconds, trialSeconds, cores, provider } = o;
  say(`${scene}: the film`);
  const clip =
    scene === 'walk'
      ? film()
      : (await encodeFilm({ film: emptyFilm(), file: join(o.dir, 'empty.mp4'), size: '1920x1080', frames: 225 })).file;
  const costs = async () => {
    say(`${scene}: what networks and decoding cost`);
    return {
      networks: await networkCost({ frames: NETWORK_FRAMES, cores, provider }),
      decoding: await decodingCost({ film: clip, fps, width: WIDTH, filmSeconds: DECODED_S, cores }),
    };
  };
  const limitOf = ({ networks, decoding }: Pick<Round, 'networks' | 'decoding'>, facesPerFrame: number): Cost => {
    const limit = (as: keyof Cost) => cameraLimit({ cores, fps, facesPerFrame, decoding, networks, as });
    return { alone: limit('alone'), coresBusy: limit('coresBusy') };
  };
  const first = await costs();
  // No camera may come to its film's end: longer than all trials together.
  const filmSeconds = 10 * (trialSeconds + 10) + (o.rounds + 2) * (seconds + 40);
  const long = longFilm(clip, filmSeconds, join(o.dir, `${scene}-long.mp4`));
  const rounds: Round[] = [];
  await using rig = await LiveRig.start({ films: { film: long }, provider });
  await using watch = await FrameWatch.open(rig.socketAddress);
  const paced = new PacedCameras({ rig, fps, say: (text) => say(`${scene}: ${text}`) });
  const likely = limitOf(first, EXPECTED_FACES[scene]).alone;
  const found = await paced.sustained({
    guess: Math.floor(0.85 * likely),
    // Nothing goes beyond the limit but what was guessed wrong about the faces.
    most: Math.max(2, Math.ceil(1.3 * likely)),
    trialSeconds,
    confirmSeconds: seconds,
  });
  rounds.push({ ...first, ...found });
  while (rounds.length < o.rounds) {
    // While cost is measured, nothing else is at work.
    await paced.set(0);
    const cost = await costs();
    rounds.push({ ...cost, ...(await paced.confirmed(found.cameras, seconds)) });
  }
  const { facesPerFrame } = watch;
  rmSync(long);
  return {
    scene,
    rounds,
    limits: rounds.map((round) => limitOf(round, facesPerFrame)),
    trials: paced.trials,
    facesPerFrame,
  };
}

function rowsOf({ scene, rounds, limits, trials, facesPerFrame }: SceneResult): Row[] {
  const confirmed = rounds.flatMap((round) => (round.confirmed ? [round.confirmed.span] : []));
  const cores = (what: string, of: keyof (typeof confirmed)[number]['cpu'], note?: string): Row => ({
    name: `${scene}: CPU of ${what}`,
    values: confirmed.map(({ cpu, seconds }) => cpu[of] / seconds),
    unit: 'cores',
    ...(note ? { note } : {}),
  });
  const rows: Row[] = [
    ...costRows(
      `${scene}: decoding a second of film, CPU`,
      'ms',
      rounds.map(({ decoding }) => ({ alone: decoding.alone * 1000, coresBusy: decoding.coresBusy * 1000 })),
    ),
    { name: `${scene}: faces of a frame that were embedded`, values: [facesPerFrame], unit: 'faces' },
    ...costRows(`${scene}: limit`, 'cameras', limits, 'limit'),
    { name: `${scene}: sustained`, values: rounds.map(({ cameras }) => cameras), unit: 'cameras' },
  ];
  if (confirmed.length > 0) {
    rows.push(
      delayRow(delaysOf(rounds), `${scene}: `),
      cores('the ffmpegs', 'ffmpeg'),
      cores('the inference processes', 'inference'),
      cores('the server', 'server'),
      cores('the RTSP server', 'films', 'not facegate’s'),
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

function ratiosOf({ scene, rounds, limits }: SceneResult, cores: number): Ratio[] {
  const films = (round: Round) => (round.confirmed ? round.confirmed.span.cpu.films / round.confirmed.span.seconds : 0);
  const delays = delaysOf(rounds);
  return [
    {
      name: `${scene}: sustained / limit`,
      values: rounds.map(({ cameras }, i) => cameras / limits[i]!.alone),
      wanted: { atLeast: 0.85 },
    },
    {
      name: `${scene}: sustained / limit, cores busy`,
      values: rounds.map(({ cameras }, i) => cameras / limits[i]!.coresBusy),
      wanted: null,
    },
    {
      name: `${scene}: the same, of what the RTSP server leaves`,
      values: rounds.map((round, i) => round.cameras / (limits[i]!.coresBusy * (1 - films(round) / cores))),
      wanted: null,
    },
    ...(delays.length > 0 ? [delayRatio(delays, `${scene}: `)] : []),
  ];
}

function delaysOf(rounds: readonly Round[]): number[] {
  return rounds.flatMap(({ confirmed }) => (confirmed ? [confirmed.span.loopDelayP99Ms] : []));
}

function costRows(name: string, unit: string, costs: readonly Cost[], as?: 'limit'): Row[] {
  const row = (of: keyof Cost, words: string): Row => ({
    name: `${name}${words}`,
    values: costs.map((cost) => cost[of]),
    unit,
    ...(as ? { as } : {}),
  });
  return [row('alone', ''), row('coresBusy', ', cores busy')];
}

function plotOf(results: readonly SceneResult[], fps: number): NamedPlot {
  return {
    name: 'cameras',
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
    marks: [
      { name: '1 %', y: 1 },
      ...results.map(({ scene, limits }) => ({
        name: `limit, ${scene}`,
        x: median(limits.map(({ alone }) => alone)),
      })),
    ],
  };
}

function say(text: string): void {
  process.stderr.write(`cameras: ${text}\n`);
}
