import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { longFilm } from '../test/support/people-in-film.ts';
import { decodingCost, type NetworkCost, networkCost } from './live/cost-limit.ts';
import { encodeFilm } from './live/encode-film.ts';
import { FACES_SIZE, facesFilm, headTiles, type SeenFace } from './live/faces-film.ts';
import { FrameWatch } from './live/frame-watch.ts';
import { type LineFit, lineFit } from './live/line-fit.ts';
import { LiveRig, type Span, total } from './live/live-rig.ts';
import { PacedCameras } from './live/paced-cameras.ts';
import { plotSvg } from './live/plot.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import type { Measurement } from './report.ts';

const SECONDS = 10;
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
  readonly span: Span;
}

/** Cost against faces in the picture and against cameras, each beside what the networks alone cost. */
export async function measureGrowth(options: BenchOptions = {}): Promise<Measurement> {
  const { seconds = SECONDS, fps = CAMERA_FPS } = options;
  const cores = availableParallelism();
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    say('what the networks cost');
    const networks = await networkCost({ frames: NETWORK_FRAMES, cores });
    const small = await encodeFilm({ film: film(), file: join(dir, 'small.mp4'), size: CAMERA_SIZE, frames: 210 });
    const decoding = await decodingCost({ film: small.file, fps, width: CAMERA_WIDTH, filmSeconds: 60, cores });

    const { byCameras, tiles } = await measureCameraGrowth({ small: small.file, dir, fps, seconds });
    const byFaces: Point[] = [];
    for (const faces of FACES) {
      say(`${faces} faces`);
      byFaces.push(await measureFaces(await facesFilm({ tiles, faces, dir }), seconds));
    }

    const facesFit = lineFit(byFaces.map((point) => [point.facesPerFrame, cpuMsPerFrame(point)]));
    const camerasFit = lineFit(byCameras.map((point, i) => [CAMERAS[i]!, coresUsed(point)]));
    const seenFaces = byCameras.at(-1)!.facesPerFrame;
    const ownOfCamera = decoding.alone + (fps * networkMs(networks, 'alone', seenFaces)) / 1000;
    if (options.svg) {
      writeFileSync(join(options.svg, 'growth-faces.svg'), facesPlot(byFaces, facesFit, networks));
      writeFileSync(join(options.svg, 'growth-rate.svg'), ratePlot(byFaces, networks, cores));
      writeFileSync(join(options.svg, 'growth-cameras.svg'), camerasPlot(byCameras, camerasFit, ownOfCamera));
    }
    const delays = [...byFaces, ...byCameras].map(({ span }) => span.loopDelayP99Ms);
    return {
      part: 'growth',
      rows: [
        ...byFaces.flatMap((point) => {
          const name = `${point.facesPerFrame.toFixed(1)} faces a frame`;
          const own = networkMs(networks, 'coresBusy', point.facesPerFrame);
          return [
            {
              name: `${name}: analysed`,
              values: [rate(point)],
              unit: 'frames/s',
              note: `networks alone ${((1000 * cores) / own).toFixed(1)}`,
            },
            {
              name: `${name}: CPU a frame`,
              values: [cpuMsPerFrame(point)],
              unit: 'ms',
              note: `networks alone ${own.toFixed(1)}`,
            },
          ];
        }),
        { name: 'a face more, CPU', values: [facesFit.slope], unit: 'ms' },
        { name: 'a face more, the network’s own', values: [networks.embedMs.coresBusy], unit: 'ms' },
        { name: 'a frame without faces, CPU (of the line)', values: [facesFit.intercept], unit: 'ms' },
        { name: 'a frame without faces, the network’s own', values: [networks.detectMs.coresBusy], unit: 'ms' },
        ...byCameras.flatMap((point, i) => {
          const name = CAMERAS[i] === 1 ? '1 camera' : `${CAMERAS[i]} cameras`;
          return [
            { name: `${name}: analysed`, values: [rate(point)], unit: 'frames/s', note: `of ${CAMERAS[i]! * fps}` },
            {
              name: `${name}: CPU`,
              values: [coresUsed(point)],
              unit: 'cores',
              note: `decoding and networks alone ${(CAMERAS[i]! * ownOfCamera).toFixed(2)}; RTSP server ${(point.span.cpu.films / point.span.seconds).toFixed(2)} besides`,
            },
          ];
        }),
        { name: 'a camera more, CPU', values: [camerasFit.slope], unit: 'cores' },
        { name: 'a camera more, decoding and networks alone', values: [ownOfCamera], unit: 'cores' },
        { name: 'delay of the main thread, p99, the greatest', values: [Math.max(...delays)], unit: 'ms' },
      ],
      ratios: [
        { name: 'faces: a straight line explains (R²)', values: [facesFit.r2], wanted: { atLeast: LINEAR_R2 } },
        {
          name: 'faces: slope / the network’s own',
          values: [facesFit.slope / networks.embedMs.coresBusy],
          wanted: null,
        },
        { name: 'cameras: a straight line explains (R²)', values: [camerasFit.r2], wanted: { atLeast: LINEAR_R2 } },
        {
          name: 'cameras: slope / decoding and networks alone',
          values: [camerasFit.slope / ownOfCamera],
          wanted: null,
        },
        {
          name: 'cameras: analysed of 16 / due',
          values: [rate(byCameras.at(-1)!) / (CAMERAS.at(-1)! * fps)],
          wanted: null,
        },
        { name: 'delay of the main thread, p99 / 20 ms', values: [Math.max(...delays) / 20], wanted: { atMost: 1 } },
      ],
      remarks: [
        `faces: heads cut out of the film, in rows on ${FACES_SIZE}, read from a file as fast as they can be analysed; x is what was embedded, as seen; the networks alone: one bare loop on each core`,
        `cameras: ${CAMERA_SIZE} at 25 frames/s over RTSP, ${fps} analysed a second, ${seenFaces.toFixed(1)} faces a frame; CPU of facegate with all its processes`,
        `${seconds} s each`,
      ],
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measureCameraGrowth(o: {
  small: string;
  dir: string;
  fps: number;
  seconds: number;
}): Promise<{ byCameras: Point[]; tiles: Buffer[] }> {
  const long = longFilm(o.small, CAMERAS.length * (o.seconds + 40) + 60, join(o.dir, 'small-long.mp4'));
  await using rig = await LiveRig.start({ films: { film: long } });
  const tiles = await headTiles(film(), (jpeg) => facesIn(rig.facegate.address, jpeg));
  const paced = new PacedCameras({ rig, fps: o.fps, say });
  const byCameras: Point[] = [];
  for (const cameras of CAMERAS) {
    await paced.set(cameras);
    await using watch = await FrameWatch.open(rig.socketAddress);
    const { span } = await paced.trial(cameras, o.seconds);
    byCameras.push({ span, facesPerFrame: watch.facesPerFrame });
  }
  return { byCameras, tiles };
}

async function measureFaces(file: string, seconds: number): Promise<Point> {
  const cameras = [{ id: 'faces', url: `file:${file}`, fps: 60, width: 1280, loop: true }];
  await using rig = await LiveRig.start({ cameras });
  await rig.running(['faces']);
  await using watch = await FrameWatch.open(rig.socketAddress);
  const span = await rig.during(seconds);
  return { span, facesPerFrame: watch.facesPerFrame };
}

async function facesIn(address: string, jpeg: Buffer): Promise<SeenFace[]> {
  const form = new FormData();
  form.append('image', new Blob([new Uint8Array(jpeg)], { type: 'image/jpeg' }), 'picture.jpg');
  const response = await fetch(`${address}/recognize?candidates=0`, { method: 'POST', body: form });
  if (!response.ok) throw new Error(`/recognize was answered ${response.status}: ${await response.text()}`);
  return ((await response.json()) as { faces: SeenFace[] }).faces;
}

function rate({ span }: Point): number {
  return total(span.analysed) / span.seconds;
}

function cpuSecondsOf({ span }: Point): number {
  return span.cpu.server + span.cpu.inference + span.cpu.ffmpeg;
}

function cpuMsPerFrame(point: Point): number {
  return (1000 * cpuSecondsOf(point)) / total(point.span.analysed);
}

function coresUsed(point: Point): number {
  return cpuSecondsOf(point) / point.span.seconds;
}

function networkMs({ detectMs, embedMs }: NetworkCost, as: 'alone' | 'coresBusy', faces: number): number {
  return detectMs[as] + faces * embedMs[as];
}

function facesPlot(points: readonly Point[], fit: LineFit, networks: NetworkCost): string {
  return plotSvg({
    title: `CPU time of a frame against its faces: ${fit.slope.toFixed(1)} ms a face`,
    x: 'faces that were embedded',
    y: 'CPU time, ms',
    series: [
      { name: 'facegate', as: 'line', points: points.map((point) => [point.facesPerFrame, cpuMsPerFrame(point)]) },
      {
        name: 'networks alone',
        as: 'line',
        points: points.map(({ facesPerFrame }) => [facesPerFrame, networkMs(networks, 'coresBusy', facesPerFrame)]),
      },
    ],
  });
}

function ratePlot(points: readonly Point[], networks: NetworkCost, cores: number): string {
  return plotSvg({
    title: 'Frames a second against faces in the picture',
    x: 'faces that were embedded',
    y: 'frames/s',
    series: [
      { name: 'facegate', as: 'line', points: points.map((point) => [point.facesPerFrame, rate(point)]) },
      {
        name: 'networks alone',
        as: 'line',
        points: points.map(({ facesPerFrame }) => [
          facesPerFrame,
          (1000 * cores) / networkMs(networks, 'coresBusy', facesPerFrame),
        ]),
      },
    ],
  });
}

function camerasPlot(points: readonly Point[], fit: LineFit, ownOfCamera: number): string {
  return plotSvg({
    title: `Cores used against cameras: ${fit.slope.toFixed(3)} cores a camera`,
    x: 'cameras',
    y: 'cores',
    series: [
      { name: 'facegate', as: 'line', points: points.map((point, i) => [CAMERAS[i]!, coresUsed(point)]) },
      { name: 'decoding and networks', as: 'line', points: CAMERAS.map((cameras) => [cameras, cameras * ownOfCamera]) },
    ],
  });
}

function say(text: string): void {
  process.stderr.write(`growth: ${text}\n`);
}
