import { AppError } from '../../config/app-error.ts';
import { constantInt64s, int64Tensor } from './constant-int64s.ts';
import { dimensionsOf, setDimensions } from './dimensions.ts';
import { readOnnx, writeOnnx } from './onnx-file.ts';
import type { OnnxGraph } from './onnx-schema.ts';

/**
 * Lifts the fixed batch of one of a network that was exported for a single crop (an embedder): several faces of a frame
 * then make one run. What one face gets stays bit-equal. Edits:
 * 1. the first dimension of the input and of each output is made symbolic, noted shapes of what lies between go;
 * 2. constant reshape targets [1, …] become [0, …] (0: as the input's).
 *
 * @param bytes the file as published; not retained, not changed.
 * @returns `bytes` itself where the batch is free already.
 * @throws {AppError} MODEL_INVALID when it is no ONNX model; MODEL_CONTRACT_MISMATCH when its batch is fixed otherwise.
 */
export function freeBatch(bytes: Uint8Array): Uint8Array {
  const model = readOnnx(bytes);
  const { graph } = model;
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !weights.has(name));
  expect(inputs.length === 1, 'one input', `${inputs.length}`);
  const values = [inputs[0]!, ...graph.output];
  if (values.every((value) => typeof dimensionsOf(value)[0] === 'string')) return bytes;
  for (const value of values) {
    const [batch, ...sizes] = dimensionsOf(value);
    const described = `[${[batch, ...sizes].join(', ')}]`;
    expect(batch === 1 || typeof batch === 'string', `"${value.name}" with a batch of 1`, described);
    setDimensions(value, ['n', ...sizes]);
  }
  graph.valueInfo = [];
  freeReshapes(graph);
  return writeOnnx(model);
}

function freeReshapes(graph: OnnxGraph): void {
  const constants = constantInt64s(graph);
  // What is reshaped may be a weight (the biases of a quantised network): its 1 is no batch.
  const fromInput = reachedFromInput(graph);
  for (const node of graph.node) {
    if (node.opType !== 'Reshape' || !fromInput.has(node.input[0]!)) continue;
    const target = constants.get(node.input[1] ?? '');
    expect(target !== undefined && target[0] !== undefined, 'a Reshape to a constant', `"${node.input[1]}"`);
    const [batch, ...sizes] = target;
    if (batch !== 1) {
      expect(batch === 0 || batch === -1, 'a Reshape that keeps a batch of 1', `[${target.join(', ')}]`);
      continue;
    }
    const name = `facegate_shape_${node.output[0]}`;
    graph.initializer.push(int64Tensor(name, [0, ...sizes]));
    node.input = [node.input[0]!, name];
  }
}

function reachedFromInput(graph: OnnxGraph): ReadonlySet<string> {
  const reached = new Set(graph.input.map(({ name }) => name!));
  for (const { name } of graph.initializer) reached.delete(name!);
  // Nodes stand in the order in which they run (the format demands it).
  for (const { input, output } of graph.node) {
    if (input.some((name) => reached.has(name))) for (const name of output) reached.add(name);
  }
  return reached;
}

function expect(holds: boolean, expected: string, got: string): asserts holds {
  if (holds) return;
  throw new AppError(
    'MODEL_CONTRACT_MISMATCH',
    `this is no graph whose batch can be freed: expected ${expected}, got ${got}`,
  );
}
