import { readOnnx, writeOnnx } from './onnx-file.ts';
import { DATA_TYPE, type OnnxGraph } from './onnx-schema.ts';

/** What goes on from a convolution through these is a feature; anything else makes it an answer. */
const FEATURE_OPS = new Set(['Conv', 'Add', 'LeakyRelu', 'Concat', 'Resize', 'MaxPool']);

/**
 * Values that 8-bit arithmetic would round: what goes into and comes out of convolutions (behind their rectifier), sums and
 * leaky rectifiers. The last convolutions, whose results are the network's answers, are left alone: they cost little, and
 * their rounding would stand in the answer.
 *
 * @param isWorth asked with each node's result. Default: all are.
 */
export function valuesToRound(bytes: Uint8Array, isWorth: (value: string) => boolean = () => true): string[] {
  const { graph } = readOnnx(bytes);
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const isFeature = (value: string) =>
    graph.node.some(({ opType, input }) => input.includes(value) && FEATURE_OPS.has(opType ?? ''));
  const found = new Set<string>();
  for (const { opType, input, output } of graph.node) {
    if (!isWorth(output[0]!)) continue;
    if (opType === 'Conv') {
      const result = behindRectifier(graph, output[0]!);
      if (!isFeature(result)) continue;
      found.add(input[0]!);
      found.add(result);
    } else if (opType === 'Add' && !input.some((name) => constants.has(name)) && isFeature(output[0]!)) {
      for (const name of [...input, ...output]) found.add(name);
    } else if (opType === 'LeakyRelu' && isFeature(output[0]!)) found.add(output[0]!);
  }
  return [...found];
}

function behindRectifier(graph: OnnxGraph, value: string): string {
  const users = graph.node.filter(({ input }) => input.includes(value));
  const [next] = users;
  return users.length === 1 && next && (next.opType === 'Relu' || next.opType === 'Clip') ? next.output[0]! : value;
}

/** The same graph that also gives out these float32 values. */
export function exposeValues(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const model = readOnnx(bytes);
  const { graph } = model;
  const inputs = new Set(graph.input.map(({ name }) => name));
  for (const name of names) {
    if (!inputs.has(name)) graph.output.push({ name, type: { tensorType: { elemType: DATA_TYPE.float } } });
  }
  return writeOnnx(model);
}
