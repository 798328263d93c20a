import { DATA_TYPE, type OnnxTensor } from './onnx-schema.ts';

/** The values of a float32 tensor, row-major, copied; null where it is of another type. Files keep them raw or as a list. */
export function floatsOf({ dataType, rawData, floatData }: OnnxTensor): Float32Array | null {
  if (dataType !== DATA_TYPE.float) return null;
  if (rawData && rawData.length > 0) return new Float32Array(Uint8Array.from(rawData).buffer);
  return Float32Array.from(floatData ?? []);
}
