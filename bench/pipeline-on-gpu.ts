import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { deviceEnvironment } from '../config/device-environment.ts';
import type { ProviderName } from '../config/execution-providers.ts';
import { timeNetworks } from '../models/timing/time-networks.ts';
import { film } from './materials.ts';
import { delayRatio, delayRow, type Measurement, type Ratio, type Row } from './report.ts';
import { runBareLoops } from './run-bare-loops.ts';
import { runPipeline } from './run-pipeline.ts';
import { FACE_SHAPE, INPUT_SHAPE, type UsualWeights, usualWeights } from './usual-networks.ts';

const BATCHES = [1, 4, 16] as const;
/** Of each size of batch. */
const BATCH_S = 2;

type Of = 'embeds' | 'detections';

/** The same film and networks on a GPU: beside its own bare loop, beside the CPU of the same machine, and what batches bring. */
export async function measurePipelineOnGpu(o: {
  rounds: number;
  frames: number;
  provider: ProviderName;
}): Promise<Measurement> {
  const { rounds, frames, provider } = o;
  const cores = availableParallelism();
  const scratch = mkdtempSync(join(tmpdir(), 'facegate-bench-'));
  try {
    const weights = await usualWeights(scratch);
    const bare: number[] = [];
    const one: number[] = [];
    const two: number[] = [];
    const cpuOne: number[] = [];
    const cpuAll: number[] = [];
    const delays: number[] = [];
    const batches: Record<Of, number[][]> = { embeds: BATCHES.map(() => []), detections: BATCHES.map(() => []) };
    let calls = { detect: 0, embed: 0 };
    for (let round = 0; round < rounds; round += 1) {
      process.stderr.write(`pipeline: round ${round + 1} of ${rounds}\n`);
      const ours = await runPipeline({ processes: 1, scratch, frames, provider });
      one.push(frames / ours.seconds);
      calls = { detect: frames, embed: ours.facesPerFrame.reduce((sum, faces) => sum + faces, 0) };
      const work = { ...weights, inputShape: INPUT_SHAPE, facesPerFrame: ours.facesPerFrame, provider };
      bare.push(frames / (await runBareLoops(work, 1))[0]!.seconds);
      const both = await runPipeline({ processes: 2, scratch, frames, provider });
      two.push(frames / both.seconds);
      const onCpu = (processes: number) =>
        runPipeline({ processes, films: filmsFor(processes), scratch, frames, provider: 'cpu' });
      cpuOne.push(frames / (await onCpu(1)).seconds);
      cpuAll.push(frames / (await onCpu(cores)).seconds);
      delays.push(Math.max(ours.delayP99Ms, both.delayP99Ms));
      for (const [i, size] of BATCHES.entries()) {
        batches.embeds[i]!.push(await perSecond(weights, 'embeds', size, provider));
        batches.detections[i]!.push(await perSecond(weights, 'detections', size, provider));
      }
    }
    return {
      part: 'pipeline',
      rows: [
        {
          name: 'bare loop, one process',
          values: bare,
          unit: 'frames/s',
          as: 'limit',
          note: 'faces in batches, as ours',
        },
        { name: 'pipeline, one inference process', values: one, unit: 'frames/s' },
        { name: 'pipeline, two inference processes', values: two, unit: 'frames/s', note: 'on one GPU' },
        { name: 'pipeline on the CPU, one process', values: cpuOne, unit: 'frames/s', as: 'peer' },
        {
          name: 'pipeline on the CPU, a process a core',
          values: cpuAll,
          unit: 'frames/s',
          as: 'peer',
          note: `${cores} cores; ${filmsFor(cores)} films at once`,
        },
        ...batchRows('embeds', batches.embeds),
        ...batchRows('detections', batches.detections),
        delayRow(delays, '', 'the greater of one and two processes'),
      ],
      ratios: [
        { name: 'one process / bare loop', values: each(one, bare), wanted: { atLeast: 0.8 } },
        // Of all its cores: a GPU takes the place of the processor, not of one core.
        { name: 'one process / the CPU, a process a core', values: each(one, cpuAll), wanted: { atLeast: 20 } },
        { name: 'one process / the CPU, one process', values: each(one, cpuOne), wanted: null },
        { name: 'two processes / one', values: each(two, one), wanted: null },
        ...batchRatios('embeds', batches.embeds),
        ...batchRatios('detections', batches.detections),
        delayRatio(delays),
      ],
      remarks: [
        `${frames} frames a run of ${film().split('/').at(-1)} at 1280×720, network input 640×384; what is on the CPU is on the same cores that decode`,
        `pipeline and bare loop each detected in ${calls.detect} frames and embedded ${calls.embed} faces in the last round; only the pipeline decodes (ffmpeg, on the CPU), and can be no faster than that`,
        `embeds and detections: a bare session alone in a process, ${BATCH_S} s each, inputs on the CPU`,
        'not here: int8, which is for the CPU alone, and the peers in Python and JavaScript, which are measured on it',
      ],
    };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Pictures or faces a second of a session that is given so many at once and does nothing else. */
async function perSecond(weights: UsualWeights, of: Of, size: number, provider: ProviderName): Promise<number> {
  const [model, shape] =
    of === 'embeds' ? ([weights.embedder, FACE_SHAPE] as const) : ([weights.detector, INPUT_SHAPE] as const);
  const timing = await timeNetworks(
    {
      work: {
        kind: 'network',
        network: { model, providers: [provider], device: undefined },
        shape: [size, ...shape.slice(1)],
      },
      seconds: BATCH_S,
    },
    // Elsewhere than on a CPU a start may compile for minutes.
    { environment: deviceEnvironment(process.env), deadlineMs: 600_000 },
  );
  return size * timing.perSecond;
}

function batchRows(of: Of, values: readonly number[][]): Row[] {
  return BATCHES.map((size, i) => ({ name: `${of}, ${size} at once`, values: values[i]!, unit: `${of}/s` }));
}

function batchRatios(of: Of, values: readonly number[][]): Ratio[] {
  return BATCHES.slice(1).map((size, i) => ({
    name: `${of}, ${size} at once / one`,
    values: each(values[i + 1]!, values[0]!),
    wanted: null,
  }));
}

/** Of one film four frames are under way at most: with more processes than that it takes several to keep all of them at work. */
function filmsFor(processes: number): number {
  return Math.ceil(processes / 2);
}

/** Round by round. */
function each(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, round) => value / b[round]!);
}
