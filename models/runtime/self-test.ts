import { GraphBuilder, type Value } from '../onnx/graph-builder.ts';
import type { ProviderProof } from './providers.ts';
import { type Network, Session } from './session.ts';

/** What a provider did with a network that needs no file. */
export interface SelfTest {
  readonly provider: string;
  readonly nodes: ProviderProof['nodes'];
  /** The fastest of a few runs after the first, milliseconds. */
  readonly latencyMs: number;
  /** Until its first answer: libraries, shaders, plans, milliseconds. */
  readonly startMs: number;
  /** The largest distance of an output from what the CPU gives, relative to the largest output. */
  readonly deviation: number;
}

const SIDE = 96;
const CHANNELS = 16;
const LAYERS = 3;
/** As many as fit into the time, and one at least. */
const MOST_RUNS = 5;
const ENOUGH_MS = 500;
const SHAPE = [1, 3, SIDE, SIDE] as const;

/**
 * Runs a small network of convolutions on that provider alone, proves that it did, and compares its answer with the CPU's.
 * It takes the process with it when the provider's libraries do: run it in a process of its own.
 *
 * @param device `cuda:N` as the settings name it; undefined: the first one.
 * @throws {AppError} MODEL_PROVIDER_UNAVAILABLE, with what to install.
 */
export async function selfTest(provider: string, device?: string): Promise<SelfTest> {
  const network = selfTestNetwork();
  const start = performance.now();
  const session = await Session.openNetwork(network, { providers: [provider], device, warmUp: [SHAPE] });
  const startMs = performance.now() - start;
  const cpu = await Session.openNetwork(network, { providers: ['cpu'], warmUp: [SHAPE] });
  try {
    const times: number[] = [];
    const until = performance.now() + ENOUGH_MS;
    do {
      const began = performance.now();
      await answer(session);
      times.push(performance.now() - began);
    } while (times.length < MOST_RUNS && performance.now() < until);
    const deviation = distance(await answer(session), await answer(cpu));
    return { provider: session.provider, nodes: session.nodes, latencyMs: Math.min(...times), startMs, deviation };
  } finally {
    await session.close();
    await cpu.close();
  }
}

async function answer(session: Session): Promise<Float32Array> {
  const input = session.input(SHAPE);
  for (let at = 0; at < input.data.length; at += 1) input.data[at] = Math.sin(at * 0.37);
  return (await session.run(input)).output!.slice();
}

/** NaN counts as infinitely far. */
function distance(got: Float32Array, expected: Float32Array): number {
  let farthest = 0;
  let largest = 0;
  for (const [at, value] of expected.entries()) {
    const away = Math.abs(got[at]! - value);
    farthest = Number.isNaN(away) ? Number.POSITIVE_INFINITY : Math.max(farthest, away);
    largest = Math.max(largest, Math.abs(value));
  }
  return farthest / largest;
}

/** Convolutions, then a matrix product: what face networks are made of. Its weights are the same every time. */
function selfTestNetwork(): Network {
  const graph = new GraphBuilder('self-test');
  let x: Value = graph.input('input', SHAPE);
  let inputs: number = SHAPE[1];
  for (let layer = 0; layer < LAYERS; layer += 1) {
    const strides = layer === 0 ? [2, 2] : [1, 1];
    const filters = graph.floats(weights(CHANNELS * inputs * 9), [CHANNELS, inputs, 3, 3]);
    const convolved = graph.node('Conv', [x, filters], { kernel_shape: [3, 3], strides, pads: [1, 1, 1, 1] });
    x = graph.node('Relu', [convolved]);
    inputs = CHANNELS;
  }
  const pooled = graph.node('Flatten', [graph.node('GlobalAveragePool', [x])]);
  const output = graph.node('Gemm', [pooled, graph.floats(weights(CHANNELS * 8), [CHANNELS, 8])]);
  graph.output('output', output, [1, 8]);
  const contract = { input: { name: 'input', shape: SHAPE }, outputs: [{ name: 'output', shape: [1, 8] }] };
  return { name: 'the self-test', bytes: graph.build(), contract };
}

/** Around zero, so that neither everything nor nothing survives a Relu. */
function weights(count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, at) => Math.sin(at * 1.7 + 0.4) * 0.2);
}
