import { AppError } from '../../config/app-error.ts';
import { readOnnx, writeOnnx } from './onnx-file.ts';
import { ATTRIBUTE_TYPE, DATA_TYPE, type OnnxGraph, type OnnxNode, type OnnxTensor } from './onnx-schema.ts';

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
 * 4. nodes whose only use was to compute those sizes go.
 *
 * @param bytes the file as published; not retained, not changed.
 * @throws {AppError} MODEL_INVALID when it is no ONNX model; MODEL_CONTRACT_MISMATCH when it is another graph.
 */
export function makeRetinaFaceDynamic(bytes: Uint8Array): Uint8Array {
  const model = readOnnx(bytes);
  const { graph } = model;
  freeDimensions(graph);
  scaleInsteadOfSizes(graph);
  freeBatchOfReshapes(graph);
  dropUnusedNodes(graph);
  return writeOnnx(model);
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

function setShape(value: OnnxGraph['input'][number], from: number[], to: (number | string)[]): void {
  const tensor = value.type?.tensorType;
  const shape = tensor?.shape?.dim.map((dim) => (dim.dimValue === undefined ? dim.dimParam : Number(dim.dimValue)));
  const described = `"${value.name}" of shape [${shape?.join(', ')}]`;
  expect(shape?.join() === from.join(), `"${value.name}" of shape [${from.join(', ')}]`, described);
  tensor!.shape!.dim = to.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
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
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  for (const [head, width] of Object.entries(HEADS)) {
    const targets = graph.node
      .filter((node) => node.opType === 'Reshape')
      .map((node) => constantOf(producers.get(node.input[1] ?? '')))
      .filter((tensor) => tensor !== null && int64sOf(tensor).join() === `1,-1,${width}`);
    expect(targets.length === 1, `one Reshape to the constant [1, -1, ${width}] (${head})`, `${targets.length}`);
    targets[0]!.rawData = new Uint8Array(BigInt64Array.of(0n, -1n, BigInt(width)).buffer);
  }
}

function constantOf(node: OnnxNode | undefined): OnnxTensor | null {
  if (node?.opType !== 'Constant') return null;
  return node.attribute.find((a) => a.name === 'value' && a.type === ATTRIBUTE_TYPE.tensor)?.t ?? null;
}

/** Values of an int64 tensor of raw data; empty where it is none. */
function int64sOf(tensor: OnnxTensor): bigint[] {
  const raw = tensor.rawData;
  if (tensor.dataType !== DATA_TYPE.int64 || !raw || raw.length % 8 !== 0) return [];
  return [...new BigInt64Array(Uint8Array.from(raw).buffer)];
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
