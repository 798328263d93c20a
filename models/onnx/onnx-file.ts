import protobuf from 'protobufjs';
import { AppError } from '../../config/app-error.ts';
import { DATA_LOCATION_EXTERNAL, modelProto, type OnnxModel } from './onnx-schema.ts';

/**
 * Reads an ONNX file. Bytes fields are views of `bytes`: don't change it while the model is in use.
 *
 * @throws {AppError} MODEL_INVALID when it is no ONNX model, or keeps tensors in other files (a model must not make the
 * runtime open paths of its choosing).
 */
export function readOnnx(bytes: Uint8Array): OnnxModel {
  const reader = protobuf.Reader.create(bytes);
  // A file of a later ONNX version keeps the fields that the schema does not know.
  reader.discardUnknown = false;
  let model: OnnxModel;
  try {
    model = modelProto.decode(reader) as unknown as OnnxModel;
  } catch (cause) {
    throw new AppError('MODEL_INVALID', `not an ONNX model: ${(cause as Error).message}`, { cause });
  }
  if (!model.graph || model.graph.node.length === 0 || model.opsetImport.length === 0) {
    throw new AppError('MODEL_INVALID', 'not an ONNX model: it has no graph with nodes and no operator set');
  }
  const external = findExternalTensor(model, '');
  if (external !== null) {
    throw new AppError(
      'MODEL_INVALID',
      `the model keeps tensor "${external}" in another file; only models of a single file are accepted`,
    );
  }
  return model;
}

/** The bytes of an ONNX file. Nothing that `readOnnx` read is lost. */
export function writeOnnx(model: OnnxModel): Uint8Array {
  return modelProto.encode(model as unknown as protobuf.Message).finish();
}

/** Tensors stand in initializers, attributes, subgraphs, functions, training graphs: look everywhere. */
function findExternalTensor(message: object, name: string): string | null {
  const { dataLocation, externalData, name: own } = message as Record<string, unknown>;
  const called = typeof own === 'string' ? own : name;
  if (dataLocation === DATA_LOCATION_EXTERNAL || (Array.isArray(externalData) && externalData.length > 0))
    return called;
  for (const value of Object.values(message)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      // Lists are of one type: numbers hold no tensor, and there may be millions of them.
      if (typeof child !== 'object' || child === null || child instanceof Uint8Array) break;
      const found = findExternalTensor(child as object, called);
      if (found !== null) return found;
    }
  }
  return null;
}
