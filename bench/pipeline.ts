import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeRetinaFaceDynamic } from '../models/onnx/retinaface-dynamic.ts';
import { keepYoungGenerationSmall } from '../server/young-generation.ts';
import { film } from './materials.ts';
import type { BenchOptions } from './options.ts';
import { measurePipelineOnGpu } from './pipeline-on-gpu.ts';
import { delayRatio, delayRow, type Measurement } from './report.ts';
import { runBareLoops } from './run-bare-loops.ts';
import { runPipeline } from './run-pipeline.ts';
import { INPUT_SHAPE, usualWeights } from './usual-networks.ts';

const FRAMES = 240;
const ROUNDS = 5;
/** It takes about a second each. */
const FACE_API_FRAMES = 16;

/** Frames a second of everything from file to identified faces, against its limit and a peer, alternating in one run. */
export async function measurePipeline(options: BenchOptions = {}): Promise<Measurement> {
  const { rounds = ROUNDS, frames = FRAMES, provider = 'cpu' } = options;
  // As the server does.
  keepYoungGenerationSmall();
  if (provider !== 'cpu') return measurePipelineOnGpu({ rounds, frames, provider });
  const scratch = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const { detector, embedder } = await usualWeights(scratch);
    const dynamic = join(scratch, 'retinaface-dynamic.onnx');
    writeFileSync(dynamic, makeRetinaFaceDynamic(readFileSync(detector.path)));

    const one: number[] = [];
    const two: number[] = [];
    const rounded: number[] = [];
    const bare: number[] = [];
    const bareTwo: number[] = [];
    const peers: number[][] = [[], []];
    const faceApi: number[] = [];
    const delays: number[] = [];
    let calls = { detect: 0, embed: 0 };
    let peerNote = '';
    let faceApiNote = '';
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`pipeline: round ${round + 1} of ${rounds}\n`);
      const ours = await runPipeline({ processes: 1, scratch, frames });
      one.push(frames / ours.seconds);
      calls = { detect: frames, embed: ours.facesPerFrame.reduce((sum, faces) => sum + faces, 0) };
      const work = { detector, embedder, inputShape: INPUT_SHAPE, facesPerFrame: ours.facesPerFrame };
      const rateOfBare = async (copies: number) =>
        (await runBareLoops(work, copies)).reduce((sum, { seconds }) => sum + frames / seconds, 0);
      bare.push(await rateOfBare(1));
      bareTwo.push(await rateOfBare(2));
      const both = await runPipeline({ processes: 2, scratch, frames });
      two.push(frames / both.seconds);
      delays.push(Math.max(ours.delayP99Ms, both.delayP99Ms));
      rounded.push(frames / (await runPipeline({ processes: 2, scratch, frames, precision: 'int8' })).seconds);
      for (const threads of [1, 2]) {
        const peer = await runPeer([
          film(),
          dynamic,
          embedder.path,
          '--frames',
          String(frames),
          '--threads',
          String(threads),
        ]);
        if ('fps' in peer) peers[threads - 1]!.push(peer.fps);
        peerNote = 'fps' in peer ? `${peer.embeds} embeds` : peer.why;
      }
      const javascript = await runFaceApi();
      if ('fps' in javascript) faceApi.push(javascript.fps);
      faceApiNote = 'fps' in javascript ? `${FACE_API_FRAMES} frames` : javascript.why;
    }
    const peerMeasured = peers[0]!.length === rounds && peers[1]!.length === rounds;
    const faceApiMeasured = faceApi.length === rounds;
    const bestPeer = one.map((_, round) => Math.max(peers[0]![round] ?? 0, peers[1]![round] ?? 0));
    return {
      part: 'pipeline',
      rows: [
        {
          name: 'bare loop, one process',
          values: bare,
          unit: 'frames/s',
          as: 'limit',
          note: 'same networks, prebuilt tensors',
        },
        {
          name: 'bare loops, two at the same time',
          values: bareTwo,
          unit: 'frames/s',
          as: 'limit',
          note: 'both together; nobody decodes',
        },
        { name: 'pipeline, one inference process', values: one, unit: 'frames/s' },
        { name: 'pipeline, two inference processes', values: two, unit: 'frames/s' },
        { name: 'pipeline, two processes, int8', values: rounded, unit: 'frames/s', note: 'both networks' },
        ...(peerMeasured
          ? [
              {
                name: 'Python peer, one thread',
                values: peers[0]!,
                unit: 'frames/s',
                as: 'peer' as const,
                note: peerNote,
              },
              {
                name: 'Python peer, two threads',
                values: peers[1]!,
                unit: 'frames/s',
                as: 'peer' as const,
                note: peerNote,
              },
            ]
          : []),
        ...(faceApiMeasured
          ? [
              {
                name: 'face-api.js on WebAssembly',
                values: faceApi,
                unit: 'frames/s',
                as: 'peer' as const,
                note: faceApiNote,
              },
            ]
          : []),
        delayRow(delays, '', 'the greater of one and two processes'),
      ],
      ratios: [
        { name: 'one process / bare loop', values: one.map((v, i) => v / bare[i]!), wanted: { atLeast: 0.92 } },
        { name: 'two processes / one', values: two.map((v, i) => v / one[i]!), wanted: { atLeast: 1.8 } },
        // What of the two above is the machine's: its cores share more than they seem to, or are slower together.
        { name: 'two bare loops / one', values: bareTwo.map((v, i) => v / bare[i]!), wanted: null },
        {
          name: 'two processes / one, of what two bare loops gain',
          values: two.map((v, i) => v / one[i]! / (bareTwo[i]! / bare[i]!)),
          wanted: null,
        },
        { name: 'two processes / two bare loops', values: two.map((v, i) => v / bareTwo[i]!), wanted: null },
        { name: 'int8 / float32', values: rounded.map((v, i) => v / two[i]!), wanted: null },
        ...(peerMeasured
          ? [
              {
                name: 'two processes / best Python peer',
                values: two.map((v, i) => v / bestPeer[i]!),
                wanted: { atLeast: 2.2 },
              },
              {
                name: 'two processes, int8 / best Python peer',
                values: rounded.map((v, i) => v / bestPeer[i]!),
                wanted: { atLeast: 2.2 },
              },
            ]
          : []),
        ...(faceApiMeasured
          ? [
              {
                name: 'two processes / face-api.js',
                values: two.map((v, i) => v / faceApi[i]!),
                wanted: { atLeast: 10 },
              },
            ]
          : []),
        delayRatio(delays),
      ],
      remarks: [
        `${frames} frames a run of ${film().split('/').at(-1)} at 1280×720, network input 640×384, one intra-op thread a process`,
        `pipeline and bare loop each made ${calls.detect} detect and ${calls.embed} embed calls in the last round`,
        ...(peerMeasured ? [] : [`Python peer not measured: ${peerNote}`]),
        ...(faceApiMeasured ? [] : [`face-api.js not measured: ${faceApiNote}`]),
      ],
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

type PeerAnswer = { fps: number; embeds: number } | { why: string };

/** `FACEGATE_PEER_PYTHON` names a Python that has onnxruntime and OpenCV; default `python3`. */
async function runPeer(args: string[]): Promise<PeerAnswer> {
  const python = process.env.FACEGATE_PEER_PYTHON ?? 'python3';
  const script = join(import.meta.dirname, 'peers/opencv_onnxruntime.py');
  try {
    const { stdout } = await promisify(execFile)(python, [script, ...args]);
    return JSON.parse(stdout) as { fps: number; embeds: number };
  } catch (error) {
    const last = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1);
    return {
      why: `${python}: ${last ?? (error as Error).message} (pip install onnxruntime opencv-python-headless numpy)`,
    };
  }
}

/** `FACEGATE_PEER_FACE_API` names the folder that the script says how to make. */
async function runFaceApi(): Promise<PeerAnswer> {
  const folder = process.env.FACEGATE_PEER_FACE_API;
  const script = join(import.meta.dirname, 'peers/face_api.mjs');
  if (folder === undefined) return { why: `FACEGATE_PEER_FACE_API is not set; ${script} says what it takes` };
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    folder,
    film(),
    '--frames',
    String(FACE_API_FRAMES),
  ]);
  return JSON.parse(stdout) as { fps: number; embeds: number };
}
