import { AppError } from '../../config/app-error.ts';
import { constantInt64s, int64Tensor } from './constant-int64s.ts';
import { type Dimension, dimensionsOf, setDimensions } from './dimensions.ts';
import { readOnnx, writeOnnx } from './onnx-file.ts';
import { DATA_TYPE, type OnnxGraph } from './onnx-schema.ts';

/** Values a cell of the feature map: box, face or not, landmarks; two anchors a cell each. */
const HEADS = { BboxHead: 4, ClassHead: 2, LandmarkHead: 10 } as const;
const SIDE = 640;
const ANCHORS_AT_SIDE = 16_800;

/**
 * Lifts the fixed 1×3×640×640 of the published RetinaFace MobileNet-0.25: batch, height and width become free (height and
 * width multiples of 32), results at 640×640 stay bit-equal. Four edits:
 * 1. input and output dimensions are made symbolic;
 * 2. both `Resize` nodes of the feature pyramid take scales [1, 1, 2, 2] instead of constant sizes;
 * 3. the three constant reshape targets [1, −1, k] become [0, −1, k] (0: as the input's);
 * 4. nodes whose only use was to compute those sizes and targets go.
 *
 * @param bytes the file as published; not retained, not changed.
 * @returns `bytes` itself where height and width are free already: an export of one's own.
 * @throws {AppError} MODEL_INVALID when it is no ONNX model; MODEL_CONTRACT_MISMATCH when it is another graph.
 */
export function makeRetinaFaceDynamic(bytes: Uint8Array): Uint8Array {
  const model = readOnnx(bytes);
  const { graph } = model;
  if (isFree(graph)) return bytes;
  freeDimensions(graph);
  scaleInsteadOfSizes(graph);
  freeBatchOfReshapes(graph);
  dropUnusedNodes(graph);
  return writeOnnx(model);
}

function isFree(graph: OnnxGraph): boolean {
  const fixed = graph.initializer.map((tensor) => tensor.name);
  const inputs = graph.input.filter((value) => !fixed.includes(value.name));
  return inputs.length === 1 && dimensionsOf(inputs[0]!).every((size, at) => at === 1 || typeof size === 'string');
}

function freeDimensions(graph: OnnxGraph): void {
  const fixed = graph.initializer.map((tensor) => tensor.name);
  const inputs = graph.input.filter((value) => !fixed.includes(value.name));
  expect(inputs.length === 1, 'one input', `${inputs.length}`);
  setShape(inputs[0]!, [1, 3, SIDE, SIDE], ['n', 3, 'h', 'w']);
  expect(graph.output.length === 3, 'three outputs', `${graph.output.length}`);
  for (const [at, width] of Object.values(HEADS).entries()) {
    setShape(graph.output[at]!, [1, ANCHORS_AT_SIDE, width], ['n', 'anchors', width]);
  }
}

function setShape(value: OnnxGraph['input'][number], from: number[], to: Dimension[]): void {
  const shape = dimensionsOf(value);
  const described = `"${value.name}" of shape [${shape.join(', ')}]`;
  expect(shape.join() === from.join(), `"${value.name}" of shape [${from.join(', ')}]`, described);
  setDimensions(value, to);
}

function scaleInsteadOfSizes(graph: OnnxGraph): void {
  const resizes = graph.node.filter((node) => node.opType === 'Resize');
  expect(resizes.length === 2, 'two Resize nodes', `${resizes.length}`);
  for (const [at, node] of resizes.entries()) {
    expect(
      node.input.length === 4 && node.input[2] === '' && node.input[3] !== '',
      `Resize "${node.name}" with inputs (x, roi, no scales, sizes)`,
      `(${node.input.join(', ')})`,
    );
    const scales = `facegate_resize_scales_${at}`;
    graph.initializer.push({
      name: scales,
      dims: [4],
      dataType: DATA_TYPE.float,
      rawData: new Uint8Array(Float32Array.of(1, 1, 2, 2).buffer),
    });
    node.input = [node.input[0]!, '', scales];
  }
}

function freeBatchOfReshapes(graph: OnnxGraph): void {
  const constants = constantInt64s(graph);
  for (const [head, width] of Object.entries(HEADS)) {
    const reshapes = graph.node.filter(
      ({ opType, input }) => opType === 'Reshape' && constants.get(input[1] ?? '')?.join() === `1,-1,${width}`,
    );
    expect(reshapes.length === 1, `one Reshape to the constant [1, -1, ${width}] (${head})`, `${reshapes.length}`);
    const shape = `facegate_shape_${head}`;
    graph.initializer.push(int64Tensor(shape, [0, -1, width]));
    reshapes[0]!.input = [reshapes[0]!.input[0]!, shape];
  }
}

function dropUnusedNodes(graph: OnnxGraph): void {
  const outputs = graph.output.map((value) => value.name);
  for (;;) {
    const used = new Set([...outputs, ...graph.node.flatMap((node) => node.input)]);
    const kept = graph.node.filter((node) => node.output.some((name) => used.has(name)));
    if (kept.length === graph.node.length) return;
    graph.node = kept;
  }
}

function expect(holds: boolean, expected: string, got: string): asserts holds {
  if (holds) return;
  throw new AppError(
    'MODEL_CONTRACT_MISMATCH',
    `this is not the RetinaFace MobileNet-0.25 graph that can be made dynamic: expected ${expected}, got ${got}`,
  );
}
