import { dimensionsOf } from './dimensions.ts';
import { readOnnx } from './onnx-file.ts';
import type { OnnxValueInfo } from './onnx-schema.ts';

/** Name, element type and dimensions of an input or output as the file has them; a string is a free dimension. */
export interface ModelTensor {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** What an ONNX file says of itself. */
export interface ModelDescription {
  readonly inputs: readonly ModelTensor[];
  readonly outputs: readonly ModelTensor[];
  /** Who wrote it; null where it does not say. */
  readonly producer: string | null;
  /** Version of the standard operators; null where it uses others only. */
  readonly opset: number | null;
}

/** Numbers of TensorProto.DataType, as the runtime calls them. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  9: 'bool',
  10: 'float16',
  11: 'float64',
};

/** @throws {AppError} MODEL_INVALID when it is no ONNX model, or keeps tensors in other files. */
export function describeModel(bytes: Uint8Array): ModelDescription {
  const { graph, opsetImport, producerName, producerVersion } = readOnnx(bytes);
  const weights = new Set(graph.initializer.map(({ name }) => name));
  const opset = opsetImport.find(({ domain }) => !domain)?.version;
  return {
    // Old files list their weights among the inputs.
    inputs: graph.input.filter(({ name }) => !weights.has(name)).map(tensor),
    outputs: graph.output.map(tensor),
    producer: producerName ? [producerName, producerVersion].filter(Boolean).join(' ') : null,
    opset: opset === undefined ? null : Number(opset),
  };
}

function tensor(value: OnnxValueInfo): ModelTensor {
  const { elemType } = value.type?.tensorType ?? {};
  const type = elemType === undefined ? 'no tensor' : (TYPES[elemType] ?? `type ${elemType}`);
  return { name: value.name ?? '', type, shape: dimensionsOf(value).map((size) => size ?? '?') };
}
