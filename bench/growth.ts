import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderName } from '../config/execution-providers.ts';
import { longFilm } from '../test/support/people-in-film.ts';
import { decodingCost, type NetworkCost, networkCost, networkMs } from './live/cost-limit.ts';
import { encodeFilm } from './live/encode-film.ts';
import { FACES_SIZE, facesFilm, headTiles, type SeenFace } from './live/faces-film.ts';
import { FrameWatch } from './live/frame-watch.ts';
import { type LineFit, lineFit } from './live/line-fit.ts';
import { LiveRig, type Span, total } from './live/live-rig.ts';
import { PacedCameras } from './live/paced-cameras.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { delayRatio, delayRow, type Measurement, median, type NamedPlot, type Row } from './report.ts';

const SECONDS = 10;
const ROUNDS = 3;
const FACES = [0, 1, 5, 20];
const CAMERAS = [1, 2, 4, 8, 16];
/** Small and slow enough that sixteen of them find room on two cores. */
const CAMERA_SIZE = '640x360';
const CAMERA_WIDTH = 640;
const CAMERA_FPS = 1;
const NETWORK_FRAMES = 60;
/** Of the variance that a straight line must explain where cost is said to grow linearly. */
const LINEAR_R2 = 0.98;

/** A point of the plot: of a frame with so many faces, or of so many cameras. */
interface Point {
  /** Embedded in a frame, on average, as seen. */
  readonly facesPerFrame: number;
  /** One a round, one after the other. */
  readonly spans: readonly Span[];
}

type CpuCost = Omit<NetworkCost, 'device'>;

/** Cost against faces in the picture and against cameras, each beside what the networks alone cost. */
export async function measureGrowth(options: BenchOptions = {}): Promise<Measurement> {
  const { seconds = SECONDS, rounds = ROUNDS, fps = CAMERA_FPS, provider } = options;
  const cores = availableParallelism();
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const costs: NetworkCost[] = [];
    const networkCosts = async () => {
      say('what the networks cost');
      costs.push(await networkCost({ frames: NETWORK_FRAMES, cores, provider }));
    };
    await networkCosts();
    const small = await encodeFilm({ film: film(), file: join(dir, 'small.mp4'), size: CAMERA_SIZE, frames: 210 });
    const decoding = await decodingCost({ film: small.file, fps, width: CAMERA_WIDTH, filmSeconds: 60, cores });

    const { byCameras, tiles } = await measureCameraGrowth({ small: small.file, dir, fps, seconds, rounds, provider });
    await networkCosts();
    const byFaces: Point[] = [];
    for (const faces of FACES) {
      say(`${faces} faces`);
      byFaces.push(await measureFaces(await facesFilm({ tiles, faces, dir }), { seconds, rounds, provider }));
    }
    await networkCosts();

    const networks = medianCost(costs);
    const perRound = Array.from({ length: rounds }, (_, round) => round);
    const facesFits = perRound.map((round) =>
      lineFit(byFaces.map((point) => [point.facesPerFrame, cpuMsPerFrame(point.spans[round]!)])),
    );
    const camerasFits = perRound.map((round) =>
      lineFit(byCameras.map((point, i) => [CAMERAS[i]!, coresUsed(point.spans[round]!)])),
    );
    const seenFaces = byCameras.at(-1)!.facesPerFrame;
    const ownOfCamera = decoding.alone + (fps * networkMs(networks, 'alone', seenFaces)) / 1000;
    const delays = perRound.map((round) =>
      Math.max(...[...byFaces, ...byCameras].map(({ spans }) => spans[round]!.loopDelayP99Ms)),
    );
    return {
      part: 'growth',
      rows: [
        ...byFaces.flatMap(({ facesPerFrame, spans }): Row[] => {
          const name = `${facesPerFrame.toFixed(1)} faces a frame`;
          const own = networkMs(networks, 'coresBusy', facesPerFrame);
          return [
            {
              name: `${name}: analysed`,
              values: spans.map(rate),
              unit: 'frames/s',
              note: `networks alone ${((1000 * cores) / own).toFixed(1)}`,
            },
            {
              name: `${name}: CPU a frame`,
              values: spans.map(cpuMsPerFrame),
              unit: 'ms',
              note: `networks alone ${own.toFixed(1)}`,
            },
          ];
        }),
        { name: 'a face more, CPU', values: facesFits.map(({ slope }) => slope), unit: 'ms' },
        {
          name: 'a face more, the network’s own',
          values: costs.map(({ embedMs }) => embedMs.coresBusy),
          unit: 'ms',
          as: 'limit',
        },
        {
          name: 'a frame without faces, CPU (of the line)',
          values: facesFits.map(({ intercept }) => intercept),
          unit: 'ms',
        },
        {
          name: 'a frame without faces, the network’s own',
          values: costs.map(({ detectMs }) => detectMs.coresBusy),
          unit: 'ms',
          as: 'limit',
        },
        ...byCameras.flatMap(({ spans }, i): Row[] => {
          const name = CAMERAS[i] === 1 ? '1 camera' : `${CAMERAS[i]} cameras`;
          const films = median(spans.map(({ cpu, seconds: lasted }) => cpu.films / lasted));
          return [
            { name: `${name}: analysed`, values: spans.map(rate), unit: 'frames/s', note: `of ${CAMERAS[i]! * fps}` },
            {
              name: `${name}: CPU`,
              values: spans.map(coresUsed),
              unit: 'cores',
              note: `decoding and networks alone ${(CAMERAS[i]! * ownOfCamera).toFixed(2)}; RTSP server ${films.toFixed(2)} besides`,
            },
          ];
        }),
        { name: 'a camera more, CPU', values: camerasFits.map(({ slope }) => slope), unit: 'cores' },
        { name: 'a camera more, decoding and networks alone', values: [ownOfCamera], unit: 'cores', as: 'limit' },
        delayRow(delays, '', 'the greatest of all points'),
      ],
      ratios: [
        {
          name: 'faces: a straight line explains (R²)',
          values: facesFits.map(({ r2 }) => r2),
          wanted: { atLeast: LINEAR_R2 },
        },
        {
          name: 'faces: slope / the network’s own',
          values: facesFits.map(({ slope }) => slope / networks.embedMs.coresBusy),
          wanted: null,
        },
        {
          name: 'cameras: a straight line explains (R²)',
          values: camerasFits.map(({ r2 }) => r2),
          wanted: { atLeast: LINEAR_R2 },
        },
        {
          name: 'cameras: slope / decoding and networks alone',
          values: camerasFits.map(({ slope }) => slope / ownOfCamera),
          wanted: null,
        },
        {
          name: 'cameras: analysed of 16 / due',
          values: byCameras.at(-1)!.spans.map((span) => rate(span) / (CAMERAS.at(-1)! * fps)),
          wanted: null,
        },
        delayRatio(delays),
      ],
      plots: [
        facesPlot(byFaces, facesFits, networks),
        ratePlot(byFaces, networks, cores),
        camerasPlot(byCameras, camerasFits, ownOfCamera),
      ],
      remarks: [
        `faces: heads cut out of the film, in rows on ${FACES_SIZE}, read from a file as fast as they can be analysed; x is what was embedded, as seen; the networks alone: one bare loop on each core, before, between and after`,
        `cameras: ${CAMERA_SIZE} at 25 frames/s over RTSP, ${fps} analysed a second, ${seenFaces.toFixed(1)} faces a frame; CPU of facegate with all its processes`,
        `each point ${rounds} times ${seconds} s, one after the other; a line through the points of each round`,
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

interface Rounds {
  readonly seconds: number;
  readonly rounds: number;
  readonly provider: ProviderName | undefined;
}

async function measureCameraGrowth(
  o: Rounds & { small: string; dir: string; fps: number },
): Promise<{ byCameras: Point[]; tiles: Buffer[] }> {
  const filmSeconds = CAMERAS.length * (o.rounds * (o.seconds + 5) + 40) + 60;
  const long = longFilm(o.small, filmSeconds, join(o.dir, 'small-long.mp4'));
  await using rig = await LiveRig.start({ films: { film: long }, provider: o.provider });
  const tiles = await headTiles(film(), (jpeg) => facesIn(rig.facegate.address, jpeg));
  const paced = new PacedCameras({ rig, fps: o.fps, say });
  const byCameras: Point[] = [];
  for (const cameras of CAMERAS) {
    await using watch = await FrameWatch.open(rig.socketAddress);
    const spans = [(await paced.trial(cameras, o.seconds)).span];
    while (spans.length < o.rounds) spans.push(await rig.during(o.seconds));
    byCameras.push({ spans, facesPerFrame: watch.facesPerFrame });
  }
  return { byCameras, tiles };
}

async function measureFaces(file: string, o: Rounds): Promise<Point> {
  const cameras = [{ id: 'faces', url: `file:${file}`, fps: 60, width: 1280, loop: true }];
  await using rig = await LiveRig.start({ cameras, provider: o.provider });
  await rig.running(['faces']);
  await using watch = await FrameWatch.open(rig.socketAddress);
  const spans: Span[] = [];
  for (let round = 0; round < o.rounds; round += 1) spans.push(await rig.during(o.seconds));
  return { spans, facesPerFrame: watch.facesPerFrame };
}

async function facesIn(address: string, jpeg: Buffer): Promise<SeenFace[]> {
  const form = new FormData();
  form.append('image', new Blob([new Uint8Array(jpeg)], { type: 'image/jpeg' }), 'picture.jpg');
  const response = await fetch(`${address}/recognize?candidates=0`, { method: 'POST', body: form });
  if (!response.ok) throw new Error(`/recognize was answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { faces: SeenFace[] }).faces;
}

function medianCost(costs: readonly NetworkCost[]): CpuCost {
  const of = (network: keyof CpuCost) => ({
    alone: median(costs.map((cost) => cost[network].alone)),
    coresBusy: median(costs.map((cost) => cost[network].coresBusy)),
  });
  return { detectMs: of('detectMs'), embedMs: of('embedMs') };
}

function rate(span: Span): number {
  return total(span.analysed) / span.seconds;
}

function cpuSecondsOf({ cpu }: Span): number {
  return cpu.server + cpu.inference + cpu.ffmpeg;
}

function cpuMsPerFrame(span: Span): number {
  return (1000 * cpuSecondsOf(span)) / total(span.analysed);
}

function coresUsed(span: Span): number {
  return cpuSecondsOf(span) / span.seconds;
}

function slopeOf(fits: readonly LineFit[]): number {
  return median(fits.map(({ slope }) => slope));
}

function facesPlot(points: readonly Point[], fits: readonly LineFit[], networks: CpuCost): NamedPlot {
  return {
    name: 'growth-faces',
    title: `CPU time of a frame against its faces: ${slopeOf(fits).toFixed(1)} ms a face`,
    x: 'faces that were embedded',
    y: 'CPU time, ms',
    series: [
      {
        name: 'facegate',
        as: 'line',
        points: points.map(({ facesPerFrame, spans }) => [facesPerFrame, median(spans.map(cpuMsPerFrame))]),
      },
      {
        name: 'networks alone',
        as: 'line',
        points: points.map(({ facesPerFrame }) => [facesPerFrame, networkMs(networks, 'coresBusy', facesPerFrame)]),
      },
    ],
  };
}

function ratePlot(points: readonly Point[], networks: CpuCost, cores: number): NamedPlot {
  return {
    name: 'growth-rate',
    title: 'Frames a second against faces in the picture',
    x: 'faces that were embedded',
    y: 'frames/s',
    series: [
      {
        name: 'facegate',
        as: 'line',
        points: points.map(({ facesPerFrame, spans }) => [facesPerFrame, median(spans.map(rate))]),
      },
      {
        name: 'networks alone',
        as: 'line',
        points: points.map(({ facesPerFrame }) => [
          facesPerFrame,
          (1000 * cores) / networkMs(networks, 'coresBusy', facesPerFrame),
        ]),
      },
    ],
  };
}

function camerasPlot(points: readonly Point[], fits: readonly LineFit[], ownOfCamera: number): NamedPlot {
  return {
    name: 'growth-cameras',
    title: `Cores used against cameras: ${slopeOf(fits).toFixed(3)} cores a camera`,
    x: 'cameras',
    y: 'cores',
    series: [
      {
        name: 'facegate',
        as: 'line',
        points: points.map(({ spans }, i) => [CAMERAS[i]!, median(spans.map(coresUsed))]),
      },
      { name: 'decoding and networks', as: 'line', points: CAMERAS.map((cameras) => [cameras, cameras * ownOfCamera]) },
    ],
  };
}

function say(text: string): void {
  process.stderr.write(`growth: ${text}\n`);
}
