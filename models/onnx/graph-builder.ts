import { writeOnnx } from './onnx-file.ts';
import { ATTRIBUTE_TYPE, DATA_TYPE, type OnnxAttribute, type OnnxGraph, type OnnxValueInfo } from './onnx-schema.ts';

/** The name under which a node's result, an input or a constant is known in the graph. */
export type Value = string;

/** A whole number becomes an int attribute, a list an ints attribute, text a string attribute; a fraction says so. */
export type Attributes = Readonly<Record<string, number | readonly number[] | string | { readonly float: number }>>;

const OPSET = 17;
const IR_VERSION = 8;

/** Puts together a float32 ONNX graph, node by node, in the order in which they run. */
export class GraphBuilder {
  readonly #graph: OnnxGraph;
  readonly #metadata: { key: string; value: string }[] = [];
  #count = 0;

  /** @param name the graph's name. */
  constructor(name: string) {
    this.#graph = { name, node: [], initializer: [], input: [], output: [] };
  }

  /** Shapes hold sizes, or names of sizes that the caller chooses. */
  input(name: string, shape: readonly (number | string)[]): Value {
    this.#graph.input.push(valueInfo(name, shape));
    return name;
  }

  /** @param data row-major, as many values as `dims` multiply to; copied. */
  floats(data: Float32Array | readonly number[], dims: readonly number[]): Value {
    return this.#constant(DATA_TYPE.float, new Float32Array(data), dims);
  }

  /** A vector of 64-bit integers: shapes, axes, pads. */
  ints(data: readonly number[]): Value {
    return this.#constant(DATA_TYPE.int64, BigInt64Array.from(data, BigInt), [data.length]);
  }

  /** A single 64-bit integer: as an index it drops its axis. */
  scalarInt(value: number): Value {
    return this.#constant(DATA_TYPE.int64, BigInt64Array.of(BigInt(value)), []);
  }

  /** Adds a node with one result and returns it. */
  node(opType: string, input: readonly Value[], attributes: Attributes = {}): Value {
    const output = this.#name(opType.toLowerCase());
    const attribute = Object.entries(attributes).map(([name, value]) => attributeOf(name, value));
    this.#graph.node.push({ name: output, opType, input: [...input], output: [output], attribute });
    return output;
  }

  output(name: string, value: Value, shape: readonly (number | string)[]): void {
    this.#graph.node.push({ opType: 'Identity', input: [value], output: [name], attribute: [] });
    this.#graph.output.push(valueInfo(name, shape));
  }

  /** Says something about the file; what reads it need not know the graph. */
  metadata(key: string, value: string): void {
    this.#metadata.push({ key, value });
  }

  /** The bytes of the file; the same calls give the same bytes. */
  build(): Uint8Array {
    return writeOnnx({
      irVersion: IR_VERSION,
      producerName: 'facegate',
      opsetImport: [{ domain: '', version: OPSET }],
      metadataProps: this.#metadata,
      graph: this.#graph,
    });
  }

  #constant(dataType: number, data: Float32Array | BigInt64Array, dims: readonly number[]): Value {
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (data.length !== size) throw new RangeError(`expected ${size} values for [${dims}], got ${data.length}`);
    const name = this.#name('constant');
    const rawData = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    this.#graph.initializer.push({ name, dims: [...dims], dataType, rawData });
    return name;
  }

  #name(kind: string): Value {
    this.#count += 1;
    return `${kind}_${this.#count}`;
  }
}

function valueInfo(name: string, shape: readonly (number | string)[]): OnnxValueInfo {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: DATA_TYPE.float, shape: { dim } } } };
}

function attributeOf(name: string, value: Attributes[string]): OnnxAttribute {
  if (typeof value === 'string') return { name, type: ATTRIBUTE_TYPE.string, s: Buffer.from(value) };
  if (typeof value === 'number') return { name, type: ATTRIBUTE_TYPE.int, i: value };
  if ('float' in value) return { name, type: ATTRIBUTE_TYPE.float, f: value.float };
  return { name, type: ATTRIBUTE_TYPE.ints, ints: [...value] };
}
