import { ATTRIBUTE_TYPE, DATA_TYPE, type OnnxGraph, type OnnxTensor } from './onnx-schema.ts';

/** Vectors of 64-bit integers that stand in the graph (shapes, sizes), as initializers or as Constant nodes, by name. */
export function constantInt64s(graph: OnnxGraph): ReadonlyMap<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  const add = (name: string | undefined, tensor: OnnxTensor | undefined) => {
    const values = int64sOf(tensor);
    if (name && values) found.set(name, values);
  };
  for (const tensor of graph.initializer) add(tensor.name, tensor);
  for (const { opType, output, attribute } of graph.node) {
    if (opType !== 'Constant') continue;
    add(output[0], attribute.find(({ name, type }) => name === 'value' && type === ATTRIBUTE_TYPE.tensor)?.t);
  }
  return found;
}

/** A vector as `initializer` takes it. */
export function int64Tensor(name: string, values: readonly number[]): OnnxTensor {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: [values.length], dataType: DATA_TYPE.int64, rawData };
}

/** Null where it is something else. Files keep them as raw bytes or as a list of numbers. */
function int64sOf(tensor: OnnxTensor | undefined): number[] | null {
  if (tensor?.dataType !== DATA_TYPE.int64) return null;
  const { rawData: raw, int64Data } = tensor;
  if (raw && raw.length > 0) {
    return raw.length % 8 === 0 ? [...new BigInt64Array(Uint8Array.from(raw).buffer)].map(Number) : null;
  }
  if (!int64Data || int64Data.length === 0) return null;
  return int64Data.map((value) => (typeof value === 'number' ? value : value.toNumber()));
}
