import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openModelStore } from '../../models/store.ts';
import { silentLog } from '../../pipeline/silent-log.ts';
import { ffmpegArguments } from '../../sources/ffmpeg/ffmpeg-arguments.ts';
import { findFfmpeg } from '../../sources/ffmpeg/ffmpeg-binary.ts';
import type { BareLoopTask } from '../bare-loop.ts';
import { modelMirrors } from '../materials.ts';
import { runBareLoops } from '../run-bare-loops.ts';

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
}

/** 16:9 at a longest side of 640, as every camera of the benches is detected. */
const INPUT_SHAPE = [1, 3, 384, 640] as const;
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

/** The two usual networks in a bare loop, which does nothing else. */
export async function networkCost(o: { frames: number; cores: number }): Promise<NetworkCost> {
  const dir = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const store = openModelStore({ dir, mirrors: modelMirrors(), starter: false, log: silentLog });
    const task = async (faces: number): Promise<BareLoopTask> => ({
      detector: (await store.resolve('retinaface-mobilenet025')).path,
      embedder: (await store.resolve('mobilefacenet-arcface-128d')).path,
      inputShape: INPUT_SHAPE,
      facesPerFrame: new Array<number>(o.frames).fill(faces),
    });
    const [none, some] = [await task(0), await task(FACES)];
    const measured = async (copies: number, each: BareLoopTask) =>
      (1000 * mean((await runBareLoops(each, copies)).map(({ cpuSeconds }) => cpuSeconds))) / o.frames;
    const detect = { alone: await measured(1, none), coresBusy: await measured(o.cores, none) };
    const both = { alone: await measured(1, some), coresBusy: await measured(o.cores, some) };
    return {
      detectMs: detect,
      embedMs: {
        alone: (both.alone - detect.alone) / FACES,
        coresBusy: (both.coresBusy - detect.coresBusy) / FACES,
      },
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Cameras that so many cores could serve if only decoding and networks took time. */
export function cameraLimit(o: {
  cores: number;
  fps: number;
  facesPerFrame: number;
  decoding: Cost;
  networks: NetworkCost;
  as: keyof Cost;
}): number {
  const networkMs = o.networks.detectMs[o.as] + o.facesPerFrame * o.networks.embedMs[o.as];
  return o.cores / (o.decoding[o.as] + (o.fps * networkMs) / 1000);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
