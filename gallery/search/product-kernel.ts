import { type Bytes, op, type WasmFunction, wasmBytes } from './wasm-bytes.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** Probes that one pass over a row takes: more would not fit into the processor's registers. */
export const LARGEST_GROUP = 4;
/** int16 numbers in 16 bytes. */
export const PIECE = 8;
/** Bytes of the highest products, which stand before the products. */
export const HIGHEST_BYTES = 16;

/**
 * Products of quantised rows with a group of probes.
 *
 * @param rows address of the first row, a multiple of 16.
 * @param end address behind the last.
 * @param probes address of the group: for each 16 bytes of a row the same 16 bytes of each probe, side by side.
 * @param out address of the answer, int32: 4 highest products, word i for probe i modulo the group's size; then for each
 * row 4 words, laid out likewise.
 */
export type ProductKernel = (rows: number, end: number, probes: number, out: number) => void;

/** By the size of the group. */
export type ProductKernels = Readonly<Record<1 | 2 | 4, ProductKernel>>;

const ROWS = 0;
const END = 1;
const PROBES = 2;
const OUT = 3;
const PROBE_AT = 4;
const ROW_END = 5;
const WRITE_AT = 6;
const SUMS = 7;

/** Several sums for one probe: an addition need not wait for the one before it. */
function kernel(group: 1 | 2 | 4, rowBytes: number): WasmFunction {
  const sumsEach = 4 / group;
  const sum = (probe: number, turn: number) => SUMS + (probe % group) * sumsEach + (turn % sumsEach);
  const row = SUMS + 4;
  const left = row + 1;
  const right = row + 2;
  const highest = row + 3;
  const probes = Array.from({ length: group }, (_, probe) => probe);
  /** The sums of four vectors as one vector: by pairs, then pairs of pairs. */
  const pair = (a: number, b: number): Bytes[] => [
    ...[op.get(a), op.get(b), op.words(0, 4, 1, 5), op.get(a), op.get(b), op.words(2, 6, 3, 7)],
    op.addFour,
  ];
  const turns = Array.from({ length: TURNS }, (_, turn) => [
    ...[op.get(ROWS), op.load(turn * 16), op.set(row)],
    ...probes.flatMap((probe) => [
      ...[op.get(row), op.get(PROBE_AT), op.load((turn * group + probe) * 16), op.dotEight],
      ...[op.get(sum(probe, turn)), op.addFour, op.set(sum(probe, turn))],
    ]),
  ]);
  return {
    name: `products${group}`,
    parameters: 4,
    integers: 3,
    vectors: 8,
    code: [
      ...[op.get(OUT), op.constant(HIGHEST_BYTES), op.add, op.set(WRITE_AT)],
      ...[op.fourOf(-0x8000_0000), op.set(highest)],
      op.loop,
      ...[op.get(PROBES), op.set(PROBE_AT), op.get(ROWS), op.constant(rowBytes), op.add, op.set(ROW_END)],
      ...[0, 1, 2, 3].flatMap((i) => [op.fourOf(0), op.set(SUMS + i)]),
      op.loop,
      ...turns.flat(),
      ...[op.get(PROBE_AT), op.constant(TURNS * group * 16), op.add, op.set(PROBE_AT)],
      ...[op.get(ROWS), op.constant(TURNS * 16), op.add, op.tee(ROWS), op.get(ROW_END), op.lessUnsigned, op.repeatIf],
      op.end,
      ...probes.flatMap((probe) =>
        Array.from({ length: sumsEach - 1 }, (_, i) => [
          ...[op.get(sum(probe, 0)), op.get(sum(probe, i + 1)), op.addFour, op.set(sum(probe, 0))],
        ]).flat(),
      ),
      ...[...pair(sum(0, 0), sum(1, 0)), op.set(left), ...pair(sum(2, 0), sum(3, 0)), op.set(right)],
      ...[op.get(left), op.get(right), op.words(0, 1, 4, 5), op.get(left), op.get(right), op.words(2, 3, 6, 7)],
      ...[op.addFour, op.set(left), op.get(WRITE_AT), op.get(left), op.store(0)],
      ...[op.get(highest), op.get(left), op.maxFour, op.set(highest)],
      ...[op.get(WRITE_AT), op.constant(16), op.add, op.set(WRITE_AT)],
      ...[op.get(ROWS), op.get(END), op.lessUnsigned, op.repeatIf],
      op.end,
      ...[op.get(OUT), op.get(highest), op.store(0)],
    ],
  };
}

/** Pieces of 16 bytes in one turn of the inner loop. */
const TURNS = 4;
/** A row's bytes are a multiple of this. */
export const ROW_ALIGNMENT = TURNS * 16;

/** The module for rows of so many bytes, a multiple of {@link ROW_ALIGNMENT}; null where WebAssembly or its SIMD is missing. */
export function productModule(rowBytes: number): WasmModule | null {
  const bytes = wasmBytes([kernel(1, rowBytes), kernel(2, rowBytes), kernel(4, rowBytes)]);
  return webAssembly?.validate(bytes) ? new webAssembly.Module(bytes) : null;
}

/** The module's kernels at work on `memory`. */
export function productKernels(module: WasmModule, memory: WasmMemory): ProductKernels {
  if (!webAssembly) throw new TypeError('WebAssembly is not there');
  const { exports } = new webAssembly.Instance(module, { gallery: { rows: memory } });
  return {
    1: exports.products1 as ProductKernel,
    2: exports.products2 as ProductKernel,
    4: exports.products4 as ProductKernel,
  };
}
