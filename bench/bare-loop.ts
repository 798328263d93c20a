// A process that runs the two networks on tensors made beforehand and does nothing else: the limit of one inference process.
import '../config/runtime-telemetry.ts';

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import ort from 'onnxruntime-node';
import { makeRetinaFaceDynamic } from '../models/onnx/retinaface-dynamic.ts';

export interface BareLoopTask {
  readonly detector: string;
  readonly embedder: string;
  readonly inputShape: readonly [number, number, number, number];
  /** Faces to embed after each detection: one entry a frame. */
  readonly facesPerFrame: readonly number[];
}

/** The second thing it says, after `ready`, when it was told to `begin`. Start-up and a first run of each network left out. */
export interface BareLoopAnswer {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

process.once('message', async (task: BareLoopTask) => {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1 };
  const detector = await ort.InferenceSession.create(makeRetinaFaceDynamic(readFileSync(task.detector)), options);
  const embedder = await ort.InferenceSession.create(task.embedder, options);
  const picture = { [detector.inputNames[0]!]: noise(task.inputShape, 128) };
  const face = { [embedder.inputNames[0]!]: noise([1, 3, 112, 112], 2) };
  await detector.run(picture);
  await embedder.run(face);
  process.send?.('ready');
  await once(process, 'message');
  const used = process.cpuUsage();
  const started = performance.now();
  for (const faces of task.facesPerFrame) {
    await detector.run(picture);
    for (let i = 0; i < faces; i += 1) await embedder.run(face);
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(used);
  process.send?.({ seconds, cpuSeconds: (user + system) / 1e6 } satisfies BareLoopAnswer);
  process.disconnect();
});

function noise(shape: readonly number[], amplitude: number): ort.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const data = Float32Array.from({ length: size }, () => (Math.random() * 2 - 1) * amplitude);
  return new ort.Tensor('float32', data, [...shape]);
}
