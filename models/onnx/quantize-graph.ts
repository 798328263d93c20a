import { AppError } from '../../config/app-error.ts';
import { floatsOf } from './float-tensor.ts';
import { readOnnx, writeOnnx } from './onnx-file.ts';
import { ATTRIBUTE_TYPE, DATA_TYPE, type OnnxGraph, type OnnxNode, type OnnxTensor } from './onnx-schema.ts';

/** What each value of a graph was seen to hold, by its name. */
export type ValueRanges = Readonly<Record<string, readonly [least: number, most: number]>>;

/** Per-axis DequantizeLinear came with it. */
const LEAST_OPSET = 13;
const MOST_UINT8 = 255;
const MOST_INT8 = 127;
const MOST_INT32 = 2 ** 31 - 1;

/**
 * Writes a float32 graph anew for 8-bit arithmetic, as the runtime's optimiser recognises it (QDQ): every value of `ranges`
 * is rounded to uint8 by a scale and a zero point of its own, and each convolution between two such values gets int8 weights
 * with a scale for each output channel and an int32 bias. What has no range stays in float32. A rectifier (Relu, Clip from 0) right after
 * such a convolution goes: rounding to uint8 from 0 up to the range's end does the same.
 * Scheme: Jacob et al. 2018, "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference".
 *
 * @param bytes not retained, not changed.
 * @throws {AppError} MODEL_INVALID when it is no ONNX model; MODEL_CONTRACT_MISMATCH when a range is of a value that the graph
 *   does not have, or the graph's operator set is too old.
 */
export function quantizeGraph(bytes: Uint8Array, ranges: ValueRanges): Uint8Array {
  const model = readOnnx(bytes);
  const { graph } = model;
  const opset = Number(model.opsetImport.find(({ domain }) => !domain)?.version ?? 0);
  if (opset < LEAST_OPSET) mismatch(`operator set ${LEAST_OPSET} or later`, `${opset}`);
  const known = new Set([...graph.input.map(({ name }) => name), ...graph.node.flatMap(({ output }) => output)]);
  const missing = Object.keys(ranges).find((name) => !known.has(name));
  if (missing !== undefined) mismatch(`a value "${missing}"`, 'a graph without it');

  const scales = new Map(Object.entries(ranges).map(([name, range]) => [name, scaleOf(range)] as const));
  foldRectifiers(graph, scales);
  const weights = quantizeWeights(graph, scales);
  graph.node = [...weights, ...roundValues(graph, scales)];
  // Shapes of values that are gone or have become others.
  graph.valueInfo = [];
  return writeOnnx(model);
}

interface Scale {
  readonly scale: number;
  /** What stands for 0. */
  readonly zeroPoint: number;
  readonly least: number;
}

/** Zero has to be exact: it is what convolutions pad with. */
function scaleOf([least, most]: readonly [number, number]): Scale {
  const low = Math.min(least, 0);
  const high = Math.max(most, 0);
  const scale = Math.fround((high - low) / MOST_UINT8) || 1;
  return { scale, zeroPoint: Math.round(-low / scale), least: low };
}

function foldRectifiers(graph: OnnxGraph, scales: ReadonlyMap<string, Scale>): void {
  const gone = new Set<OnnxNode>();
  for (const conv of graph.node.filter(({ opType }) => opType === 'Conv')) {
    const users = graph.node.filter(({ input }) => input.includes(conv.output[0]!));
    const [next] = users;
    if (users.length !== 1 || !next || !isRectifier(next) || scales.get(next.output[0]!)?.least !== 0) continue;
    conv.output = [...next.output];
    gone.add(next);
  }
  graph.node = graph.node.filter((node) => !gone.has(node));
}

/** Whatever its upper end is: the range was seen behind it. */
function isRectifier({ opType }: OnnxNode): boolean {
  return opType === 'Relu' || opType === 'Clip';
}

/** Gives each convolution between two rounded values int8 weights and an int32 bias. @returns the nodes that read them. */
function quantizeWeights(graph: OnnxGraph, scales: ReadonlyMap<string, Scale>): OnnxNode[] {
  const tensors = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const nodes: OnnxNode[] = [];
  for (const conv of graph.node.filter(({ opType }) => opType === 'Conv')) {
    const input = scales.get(conv.input[0]!);
    const weight = tensors.get(conv.input[1]);
    const values = weight && floatsOf(weight);
    if (!input || !scales.has(conv.output[0]!) || !weight || !values) continue;
    const channels = Number(weight.dims[0]);
    const channelScales = scalesByChannel(values, channels);
    const name = conv.output[0]!;
    nodes.push(
      dequantized(graph, `${name}/weight`, {
        tensor: { dims: weight.dims, dataType: DATA_TYPE.int8, rawData: roundedByChannel(values, channelScales) },
        scales: channelScales,
      }),
    );
    const bias = tensors.get(conv.input[2]);
    const biases = bias && floatsOf(bias);
    if (biases) {
      const biasScales = channelScales.map((scale) => Math.fround(scale * input.scale));
      const rounded = Int32Array.from(biases, (value, c) => clamp(Math.round(value / biasScales[c]!), MOST_INT32));
      nodes.push(
        dequantized(graph, `${name}/bias`, {
          tensor: { dims: [channels], dataType: DATA_TYPE.int32, rawData: bytesOf(rounded) },
          scales: biasScales,
        }),
      );
    }
    conv.input = [conv.input[0]!, `${name}/weight`, ...(biases ? [`${name}/bias`] : conv.input.slice(2))];
  }
  const used = new Set([...graph.node, ...nodes].flatMap((node) => node.input));
  graph.initializer = graph.initializer.filter((tensor) => used.has(tensor.name ?? ''));
  return nodes;
}

function scalesByChannel(weights: Float32Array, channels: number): Float32Array {
  const each = weights.length / channels;
  return Float32Array.from({ length: channels }, (_, c) => {
    const most = weights.subarray(c * each, (c + 1) * each).reduce((sum, value) => Math.max(sum, Math.abs(value)), 0);
    return most / MOST_INT8 || 1;
  });
}

function roundedByChannel(weights: Float32Array, scales: Float32Array): Uint8Array {
  const each = weights.length / scales.length;
  return bytesOf(
    Int8Array.from(weights, (value, at) => clamp(Math.round(value / scales[Math.floor(at / each)]!), MOST_INT8)),
  );
}

/** A constant that is stored in whole numbers, channel by channel, and read as float32. */
function dequantized(
  graph: OnnxGraph,
  name: string,
  { tensor, scales }: { tensor: Omit<OnnxTensor, 'name'>; scales: Float32Array },
): OnnxNode {
  const zeros = new Uint8Array(scales.length * (tensor.dataType === DATA_TYPE.int32 ? 4 : 1));
  graph.initializer.push(
    { ...tensor, name: `${name}/rounded` },
    { name: `${name}/scale`, dims: [scales.length], dataType: DATA_TYPE.float, rawData: bytesOf(scales) },
    { name: `${name}/zero`, dims: [scales.length], dataType: tensor.dataType!, rawData: zeros },
  );
  return {
    name: `${name}/dequantize`,
    opType: 'DequantizeLinear',
    input: [`${name}/rounded`, `${name}/scale`, `${name}/zero`],
    output: [name],
    attribute: [{ name: 'axis', type: ATTRIBUTE_TYPE.int, i: 0 }],
  };
}

/** Puts the rounding behind each value that has a scale; whoever read the value reads the rounded one. */
function roundValues(graph: OnnxGraph, scales: ReadonlyMap<string, Scale>): OnnxNode[] {
  const outputs = new Set(graph.output.map(({ name }) => name));
  const rounded = new Map(
    [...scales.keys()].filter((name) => !outputs.has(name)).map((name) => [name, `${name}/rounded`]),
  );
  const nodes: OnnxNode[] = [];
  const add = (name: string) => {
    const scale = scales.get(name);
    if (scale && rounded.has(name)) nodes.push(...roundingNodes(graph, name, scale));
  };
  for (const { name } of graph.input) add(name ?? '');
  for (const node of graph.node) {
    nodes.push({ ...node, input: node.input.map((name) => rounded.get(name) ?? name) });
    for (const name of node.output) add(name);
  }
  return nodes;
}

function roundingNodes(graph: OnnxGraph, value: string, { scale, zeroPoint }: Scale): OnnxNode[] {
  const [scaleName, zeroName] = [`${value}/scale`, `${value}/zero`];
  graph.initializer.push(
    { name: scaleName, dims: [], dataType: DATA_TYPE.float, rawData: bytesOf(Float32Array.of(scale)) },
    { name: zeroName, dims: [], dataType: DATA_TYPE.uint8, rawData: Uint8Array.of(zeroPoint) },
  );
  const node = (opType: string, input: string, output: string): OnnxNode => ({
    name: `${output}/${opType}`,
    opType,
    input: [input, scaleName, zeroName],
    output: [output],
    attribute: [],
  });
  return [
    node('QuantizeLinear', value, `${value}/uint8`),
    node('DequantizeLinear', `${value}/uint8`, `${value}/rounded`),
  ];
}

const clamp = (value: number, most: number) => Math.min(Math.max(value, -most), most);

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

function mismatch(expected: string, got: string): never {
  throw new AppError('MODEL_CONTRACT_MISMATCH', `the graph cannot be quantised: expected ${expected}, got ${got}`);
}
