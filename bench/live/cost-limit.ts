import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ProviderName } from '../../config/execution-providers.ts';
import { ffmpegArguments } from '../../sources/ffmpeg/ffmpeg-arguments.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import type { BareLoopAnswer } from '../bare-loop.ts';
import { runBareLoops } from '../run-bare-loops.ts';
import { INPUT_SHAPE, usualWeights } from '../usual-networks.ts';

/** CPU time of what nobody can leave out, with one such program at work, or with one on each core. */
export interface Cost {
  readonly alone: number;
  readonly coresBusy: number;
}

export interface NetworkCost {
  /** Of one detection, milliseconds. */
  readonly detectMs: Cost;
  /** Of one face, milliseconds. */
  readonly embedMs: Cost;
  /** For so long the GPU is taken by each, milliseconds; null where the networks run on the CPU. */
  readonly device: { readonly detectMs: number; readonly embedMs: number } | null;
}

const FACES = 4;

/**
 * Decoding a film with the arguments that a camera's ffmpeg gets, pixels thrown away.
 *
 * @returns seconds of CPU time for a second of film.
 */
export async function decodingCost(o: {
  film: string;
  fps: number;
  width: number;
  filmSeconds: number;
  cores: number;
}): Promise<Cost> {
  const { path, can } = await findFfmpeg({ pathVariable: process.env.PATH });
  const { beforeInput, input, beforeOutput } = ffmpegArguments(
    { kind: 'file', path: o.film },
    {
      fps: o.fps,
      width: o.width,
      transport: 'tcp',
      timeoutMs: 5000,
      realtime: false,
      loop: true,
      hwaccel: 'none',
      masks: [],
    },
    can,
    process.platform,
  );
  const args = ['-benchmark', ...beforeInput, '-t', String(o.filmSeconds), '-i', input!, ...beforeOutput, '/dev/null'];
  const one = async () => {
    const { stderr } = await promisify(execFile)(path, ['-y', ...args], { maxBuffer: 256 * 1024 * 1024 });
    const times = /bench: utime=([\d.]+)s stime=([\d.]+)s/.exec(stderr);
    if (!times) throw new Error('ffmpeg -benchmark said no times');
    return (Number(times[1]) + Number(times[2])) / o.filmSeconds;
  };
  return { alone: await one(), coresBusy: mean(await Promise.all(Array.from({ length: o.cores }, one))) };
}

/**
 * The two usual networks in a bare loop, which does nothing else. On a GPU one such loop is all: several would only wait for
 * it, and burn CPU time while they do.
 */
export async function networkCost(o: {
  frames: number;
  cores: number;
  /** Default: the CPU. */
  provider?: ProviderName | undefined;
}): Promise<NetworkCost> {
  const { frames, provider = 'cpu' } = o;
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const weights = await usualWeights(dir);
    const run = async (copies: number, faces: number) => {
      const facesPerFrame = new Array<number>(frames).fill(faces);
      const loops = await runBareLoops({ ...weights, inputShape: INPUT_SHAPE, facesPerFrame, provider }, copies);
      const msAFrame = (of: keyof BareLoopAnswer) => (1000 * mean(loops.map((loop) => loop[of]))) / frames;
      return { cpu: msAFrame('cpuSeconds'), wall: msAFrame('seconds') };
    };
    const [none, some] = [await run(1, 0), await run(1, FACES)];
    const aFace = (of: keyof typeof none, without = none, withFaces = some) => (withFaces[of] - without[of]) / FACES;
    if (provider !== 'cpu') {
      return {
        detectMs: { alone: none.cpu, coresBusy: none.cpu },
        embedMs: { alone: aFace('cpu'), coresBusy: aFace('cpu') },
        device: { detectMs: none.wall, embedMs: aFace('wall') },
      };
    }
    const [noneBusy, someBusy] = [await run(o.cores, 0), await run(o.cores, FACES)];
    return {
      detectMs: { alone: none.cpu, coresBusy: noneBusy.cpu },
      embedMs: { alone: aFace('cpu'), coresBusy: aFace('cpu', noneBusy, someBusy) },
      device: null,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** CPU time of the networks for a frame with so many faces, milliseconds. */
export function networkMs({ detectMs, embedMs }: Omit<NetworkCost, 'device'>, as: keyof Cost, faces: number): number {
  return detectMs[as] + faces * embedMs[as];
}

/**
 * Cameras that so many cores could serve if only decoding and networks took time; on a GPU also no more than it could if it
 * were given one picture at a time.
 */
export function cameraLimit(o: {
  cores: number;
  fps: number;
  facesPerFrame: number;
  decoding: Cost;
  networks: NetworkCost;
  as: keyof Cost;
}): number {
  const { device } = o.networks;
  const byCores = o.cores / (o.decoding[o.as] + (o.fps * networkMs(o.networks, o.as, o.facesPerFrame)) / 1000);
  if (device === null) return byCores;
  return Math.min(byCores, 1000 / (o.fps * (device.detectMs + o.facesPerFrame * device.embedMs)));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
