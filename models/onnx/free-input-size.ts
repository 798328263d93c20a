import { AppError } from '../../config/app-error.ts';
import { constantInt64s, int64Tensor } from './constant-int64s.ts';
import { type Dimension, dimensionsOf, setDimensions } from './dimensions.ts';
import { readOnnx, writeOnnx } from './onnx-file.ts';
import { DATA_TYPE, type OnnxGraph, type OnnxNode } from './onnx-schema.ts';

/** Cells of the finest and the middle feature map, pixels; each map has twice the side of the next. */
const ENLARGED_TO = [8, 16];
const COARSEST = 32;

/**
 * Lifts the fixed input size of a detector with a feature pyramid and one output a level and kind (YuNet, SCRFD): batch,
 * height and width become free (height and width multiples of 32), results at the published size stay equal to float32's rounding. Edits:
 * 1. input and output dimensions are made symbolic, noted shapes of what lies between go;
 * 2. `Resize` nodes of constant sizes take scales [1, 1, 2, 2];
 * 3. constant reshape targets [1, −1, k] become [0, −1, k] (0: as the input's).
 *
 * @param bytes the file as published; not retained, not changed.
 * @returns `bytes` itself where height and width are free already.
 * @throws {AppError} MODEL_INVALID when it is no ONNX model; MODEL_CONTRACT_MISMATCH when it is another kind of graph.
 */
export function freeInputSize(bytes: Uint8Array): Uint8Array {
  const model = readOnnx(bytes);
  const { graph } = model;
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const inputs = graph.input.filter(({ name }) => !weights.has(name));
  expect(inputs.length === 1, 'one input', `${inputs.length}`);
  const [, channels, height, width, ...more] = dimensionsOf(inputs[0]!);
  if (typeof height === 'string' && typeof width === 'string') return bytes;
  expect(
    channels === 3 && more.length === 0 && isSide(height) && isSide(width),
    'an input [1, 3, height, width] with multiples of 32',
    `[${dimensionsOf(inputs[0]!).join(', ')}]`,
  );
  setDimensions(inputs[0]!, ['n', 3, 'h', 'w']);
  for (const output of graph.output) {
    const shape = dimensionsOf(output);
    expect(shape.length === 3, `"${output.name}" of shape [1, cells, values]`, `[${shape.join(', ')}]`);
    setDimensions(output, ['n', `${output.name}_cells`, shape[2]!]);
  }
  graph.valueInfo = [];
  const constants = constantInt64s(graph);
  for (const node of graph.node) {
    if (node.opType === 'Resize') scaleInsteadOfSize(node, graph, constants, [height, width]);
    if (node.opType === 'Reshape') freeBatch(node, graph, constants);
  }
  const used = new Set<string | undefined>(graph.node.flatMap((node) => node.input));
  graph.initializer = graph.initializer.filter(({ name }) => used.has(name));
  return writeOnnx(model);
}

function scaleInsteadOfSize(
  node: OnnxNode,
  graph: OnnxGraph,
  constants: ReadonlyMap<string, readonly number[]>,
  [height, width]: readonly [number, number],
): void {
  const sizes = constants.get(node.input[3] ?? '');
  if (sizes === undefined) return;
  const doubles = ENLARGED_TO.some((step) => sizes[2] === height / step && sizes[3] === width / step);
  expect(doubles, 'a Resize to an eighth or a sixteenth of the input', `[${sizes.join(', ')}]`);
  const name = `facegate_scales_${node.output[0]}`;
  const rawData = new Uint8Array(Float32Array.of(1, 1, 2, 2).buffer);
  graph.initializer.push({ name, dims: [4], dataType: DATA_TYPE.float, rawData });
  // Operator set 11 wants the region of interest that nobody uses: it stays as it was.
  node.input = [node.input[0]!, node.input[1]!, name];
}

function freeBatch(node: OnnxNode, graph: OnnxGraph, constants: ReadonlyMap<string, readonly number[]>): void {
  const target = constants.get(node.input[1] ?? '');
  expect(
    target?.length === 3 && target[0] === 1 && target[1] === -1,
    'a Reshape to a constant [1, -1, values]',
    target ? `[${target.join(', ')}]` : 'another one',
  );
  const name = `facegate_shape_${node.output[0]}`;
  graph.initializer.push(int64Tensor(name, [0, -1, target[2]!]));
  node.input = [node.input[0]!, name];
}

function isSide(size: Dimension | undefined): size is number {
  return typeof size === 'number' && size > 0 && size % COARSEST === 0;
}

function expect(holds: boolean, expected: string, got: string): asserts holds {
  if (holds) return;
  throw new AppError(
    'MODEL_CONTRACT_MISMATCH',
    `this is no detector graph whose input size can be freed: expected ${expected}, got ${got}`,
  );
}
