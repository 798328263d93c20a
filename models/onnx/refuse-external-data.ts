import protobuf from 'protobufjs';
import { AppError } from '../../config/app-error.ts';

/**
 * Of onnx/onnx.proto only the way to where a tensor says that its values lie in another file. What is not named here is
 * skipped, not read: a model of any size costs its structure, not its weights.
 */
const SCHEMA = `
syntax = "proto2";
message Model {
  optional Graph graph = 7;
  repeated Training training_info = 20;
  repeated Function functions = 25;
}
message Training { optional Graph initialization = 1; optional Graph algorithm = 2; }
message Function { repeated Node node = 7; repeated Attribute attribute_proto = 11; }
message Graph {
  repeated Node node = 1;
  repeated Tensor initializer = 5;
  repeated Sparse sparse_initializer = 15;
}
message Node { repeated Attribute attribute = 5; }
message Attribute {
  optional Tensor t = 5;
  optional Graph g = 6;
  repeated Tensor tensors = 10;
  repeated Graph graphs = 11;
  optional Sparse sparse_tensor = 22;
  repeated Sparse sparse_tensors = 23;
}
message Sparse { optional Tensor values = 1; optional Tensor indices = 2; }
message Tensor {
  optional string name = 8;
  repeated Entry external_data = 13;
  optional int32 data_location = 14;
}
message Entry { optional string key = 1; }
`;

const model = protobuf.parse(SCHEMA).root.lookupType('Model');
const EXTERNAL = 1;

/**
 * A model must not make the runtime open paths of its choosing.
 *
 * @throws {AppError} MODEL_INVALID when the bytes are no ONNX model, or keep a tensor in another file.
 */
export function refuseExternalData(bytes: Uint8Array): void {
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = true;
  let decoded: object;
  try {
    decoded = model.decode(reader);
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `not an ONNX model: ${(cause as Error).message}`, { cause });
  }
  if (!Object.hasOwn(decoded, 'graph')) throw new AppError('MODEL_INVALID', 'not an ONNX model: it has no graph');
  const found = externalTensor(decoded, '');
  if (found === null) return;
  throw new AppError(
    'MODEL_INVALID',
    `the model keeps tensor ${JSON.stringify(found)} in another file; only models of a single file are accepted`,
  );
}

function externalTensor(message: object, name: string): string | null {
  const { dataLocation, externalData, name: own } = message as Record<string, unknown>;
  const called = typeof own === 'string' ? own : name;
  if (dataLocation === EXTERNAL || (Array.isArray(externalData) && externalData.length > 0)) return called;
  for (const value of Object.values(message)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (typeof child !== 'object' || child === null) continue;
      const found = externalTensor(child as object, called);
      if (found !== null) return found;
    }
  }
  return null;
}
