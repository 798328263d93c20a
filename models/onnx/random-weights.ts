import protobuf from 'protobufjs';
import type { GraphBuilder } from './graph-builder.ts';
import { modelProto } from './onnx-schema.ts';

const KEY = 'facegate.weights';
const RANDOM = 'random';

/** Says in the file itself that it is good for timing only. */
export function markRandomWeights(graph: GraphBuilder): void {
  graph.metadata(KEY, RANDOM);
}

/**
 * Whether the file says of itself that its weights are random numbers. The graph is passed over, not decoded: a hundred
 * megabytes cost nothing. What is no ONNX file says nothing; refusing it is the runtime's part.
 */
export function hasRandomWeights(bytes: Uint8Array): boolean {
  const { id, resolvedType: entry } = modelProto.fields.metadataProps!.resolve();
  const reader = protobuf.Reader.create(bytes);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 !== id) {
        reader.skipType(tag & 7);
        continue;
      }
      const { key, value } = (entry as protobuf.Type).decode(reader.bytes()) as protobuf.Message & MetadataEntry;
      if (key === KEY && value === RANDOM) return true;
    }
  } catch {
    return false;
  }
  return false;
}

interface MetadataEntry {
  readonly key?: string;
  readonly value?: string;
}
