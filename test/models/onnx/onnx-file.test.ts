import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { readOnnx, writeOnnx } from '../../../models/onnx/onnx-file.ts';
import { DATA_LOCATION_EXTERNAL, type Int64, modelProto, type OnnxModel } from '../../../models/onnx/onnx-schema.ts';
import { requirement, sharedDir } from '../../support/requirements.ts';

const shared = requirement('shared');

/** The 64-bit integer of two 32-bit halves. */
const long = (low: number, high: number) => new protobuf.util.Long(low, high, false) as unknown as Int64;

/** Adds one float to a vector. */
function smallModel(): OnnxModel {
  const value = (name: string) => ({
    name,
    type: { tensorType: { elemType: 1, shape: { dim: [{ dimParam: 'n' }] } } },
  });
  return {
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: {
      name: 'small',
      node: [{ opType: 'Add', input: ['x', 'one'], output: ['y'], attribute: [] }],
      initializer: [{ name: 'one', dims: [1], dataType: 1, rawData: new Uint8Array(Float32Array.of(1).buffer) }],
      input: [value('x')],
      output: [value('y')],
    },
  };
}

describe('readOnnx and writeOnnx', () => {
  it.skipIf(!shared.met)('write every published model byte for byte as it was read', () => {
    const files = readdirSync(join(sharedDir, 'models'), { recursive: true, encoding: 'utf8' });
    const models = files.filter((file) => file.endsWith('.onnx'));
    expect(models.length).toBeGreaterThan(0);
    for (const model of models) {
      const bytes = readFileSync(join(sharedDir, 'models', model));
      expect(Buffer.compare(writeOnnx(readOnnx(bytes)), bytes), model).toBe(0);
    }
  });

  it('keep 64-bit integers that a double cannot hold', () => {
    const model = smallModel();
    model.graph.node[0]!.attribute = [
      { name: 'big', type: 2, i: long(-1, 0x7fffffff) },
      { name: 'low', type: 2, i: long(0, -0x80000000) },
    ];
    const read = readOnnx(writeOnnx(model));
    expect(read.graph.node[0]!.attribute.map((attribute) => String(attribute.i))).toEqual([
      '9223372036854775807',
      '-9223372036854775808',
    ]);
  });

  it('keep fields of a later ONNX version', () => {
    // Field 200 of ModelProto, length-delimited: no such field as of IR version 14.
    const future = protobuf.Writer.create()
      .uint32(((200 << 3) | 2) >>> 0)
      .string('from the future')
      .finish();
    const bytes = Buffer.concat([writeOnnx(smallModel()), future]);
    expect(Buffer.from(writeOnnx(readOnnx(bytes))).includes('from the future')).toBe(true);
  });

  const node = (attribute: object) => ({
    opType: 'If',
    input: [],
    output: ['z'],
    attribute: [{ name: 'a', ...attribute }],
  });
  const outside = { name: 'weights', dims: [1], dataType: 1, dataLocation: DATA_LOCATION_EXTERNAL };
  it.each<[string, (model: OnnxModel) => void]>([
    ['an initializer', (model) => void model.graph.initializer.push(outside)],
    [
      'an initializer that only names a file',
      (model) =>
        void model.graph.initializer.push({
          name: 'weights',
          dims: [],
          externalData: [{ key: 'location', value: '/etc/passwd' }],
        }),
    ],
    ['an attribute', (model) => void model.graph.node.push(node({ type: 4, t: outside }))],
    ['a subgraph', (model) => void model.graph.node.push(node({ type: 5, g: { initializer: [outside] } }))],
    [
      'a function',
      (model) => void Object.assign(model, { functions: [{ name: 'f', node: [node({ type: 4, t: outside })] }] }),
    ],
    ['a sparse initializer', (model) => void Object.assign(model.graph, { sparseInitializer: [{ values: outside }] })],
  ])('refuse a tensor outside the file in %s', (_, change) => {
    const model = smallModel();
    change(model);
    expect(() => readOnnx(writeOnnx(model))).toThrow(
      expect.objectContaining({ code: 'MODEL_INVALID', message: expect.stringContaining('"weights" in another file') }),
    );
  });

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['text', Buffer.from('this is not a model at all')],
    ['a web page', Buffer.from('<!doctype html><title>404</title>')],
    ['a truncated model', writeOnnx(smallModel()).subarray(0, 40)],
    [
      'a model without a graph',
      modelProto.encode({ irVersion: 8, opsetImport: [{ version: 17 }] } as object as protobuf.Message).finish(),
    ],
    ['endless nesting', Buffer.alloc(400_000, Buffer.from([0x3a, 0x7f]))],
  ])('refuse %s', (_, bytes) => {
    expect(() => readOnnx(bytes)).toThrow(expect.objectContaining({ code: 'MODEL_INVALID' }));
  });
});
