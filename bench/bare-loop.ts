// A process that runs the two networks on tensors made beforehand and does nothing else: the limit of one inference process.
import '../config/runtime-telemetry.ts';

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import ort from 'onnxruntime-node';
import type { ProviderName } from '../config/execution-providers.ts';
import { batchRuns, batchSizesUpTo } from '../models/inference/batch-runs.ts';
import { MOST_FACES } from '../models/inference/open-crop-networks.ts';
import { freeBatch } from '../models/onnx/free-batch.ts';
import { makeRetinaFaceDynamic } from '../models/onnx/retinaface-dynamic.ts';
import { Session } from '../models/runtime/session.ts';
import type { ResolvedModel } from '../models/store.ts';

export interface BareLoopTask {
  readonly detector: ResolvedModel;
  readonly embedder: ResolvedModel;
  readonly inputShape: readonly [number, number, number, number];
  /** Faces to embed after each detection: one entry a frame. */
  readonly facesPerFrame: readonly number[];
  /** Default: the CPU. Elsewhere the faces of a frame go in batches, as the product's do there. */
  readonly provider?: ProviderName;
}

/** The second thing it says, after `ready`, when it was told to `begin`. Start-up and a first run of each network left out. */
export interface BareLoopAnswer {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

const FACE_SHAPE = [3, 112, 112] as const;

process.once('message', async (task: BareLoopTask) => {
  const { inputShape, facesPerFrame, provider = 'cpu' } = task;
  if (provider !== 'cpu') {
    await prove(task.detector, provider, inputShape);
    await prove(task.embedder, provider, [1, ...FACE_SHAPE]);
  }
  // Warnings are about constants that nobody uses; errors come back as exceptions.
  const options = {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionProviders: [provider],
    logSeverityLevel: 4 as const,
  };
  const network = makeRetinaFaceDynamic(readFileSync(task.detector.path));
  const detector = await ort.InferenceSession.create(network, options);
  // As published it takes one face, which is what a CPU is given.
  const published = readFileSync(task.embedder.path);
  const faceNetwork = provider === 'cpu' ? published : freeBatch(published);
  const embedder = await ort.InferenceSession.create(faceNetwork, options);
  const picture = { [detector.inputNames[0]!]: noise(inputShape, 128) };
  const sizes = batchSizesUpTo(provider === 'cpu' ? 1 : MOST_FACES);
  const faces = new Map(sizes.map((size) => [size, { [embedder.inputNames[0]!]: noise([size, ...FACE_SHAPE], 2) }]));
  await detector.run(picture);
  for (const some of faces.values()) await embedder.run(some);
  process.send?.('ready');
  await once(process, 'message');
  const used = process.cpuUsage();
  const started = performance.now();
  for (const count of facesPerFrame) {
    await detector.run(picture);
    for (const { size } of batchRuns(count, sizes)) await embedder.run(faces.get(size)!);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(used);
  process.send?.({ seconds, cpuSeconds: (user + system) / 1e6 } satisfies BareLoopAnswer);
  process.disconnect();
});

/** By the product's own profiled warm-up: the runtime may hand nodes to the CPU and say nothing. */
async function prove(model: ResolvedModel, provider: ProviderName, shape: readonly number[]): Promise<void> {
  await (await Session.open(model, { providers: [provider], warmUp: [shape] })).close();
}

function noise(shape: readonly number[], amplitude: number): ort.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length: size }, () => (Math.random() * 2 - 1) * amplitude);
  return new ort.Tensor('float32', data, [...shape]);
}
