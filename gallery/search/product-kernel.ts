import { type Bytes, op, type WasmFunction, wasmBytes } from './wasm-bytes.ts';
import { type WasmMemory, type WasmModule, webAssembly } from './web-assembly.ts';

/** Probes that one pass over a row takes: more would not fit into the processor's registers. */
export const LARGEST_GROUP = 8;
/** Numbers in 16 bytes. */
export const PIECE = 16;
/** Behind a row's numbers: as float32 1 / scale and error, and two words that nobody reads. */
export const ROW_TAIL_BYTES = 16;
const GROUP_SIZES = [1, 2, 4, 8] as const;
export type GroupSize = (typeof GROUP_SIZES)[number];

/**
 * What the product of each row with each probe of a group cannot exceed (quantise.ts), times the probe's scale.
 *
 * @param rows address of the first row, a multiple of 16: its numbers, each plus 64, and its tail.
 * @param end address behind the last.
 * @param probes address of the group: 16-bit sums to begin with for each probe; then their factors, float32, as many words
 * as a row is answered with; then for each 16 bytes of a row the same 16 numbers of each probe, side by side.
 * @param out address of the answer, float32, in {@link wordsOf} words: the greatest values, word i for probe i modulo the
 * group's size; then for each row as many, laid out likewise.
 */
export type ProductKernel = (rows: number, end: number, probes: number, out: number) => void;

/** By the size of the group. */
export type ProductKernels = Readonly<Record<GroupSize, ProductKernel>>;

/** Words that a group is answered with, for each row. */
export function wordsOf(group: GroupSize): number {
  return Math.max(4, group);
}

const ROWS = 0;
const END = 1;
const PROBES = 2;
const OUT = 3;
const PROBE_AT = 4;
const ROW_END = 5;
const WRITE_AT = 6;
const SUMS = 7;

/** One row after the other: two side by side need fewer instructions, but the processor then fetches from memory half as fast. */
function kernel(group: GroupSize, rowBytes: number): WasmFunction {
  const vectors = wordsOf(group) / 4;
  const sum = (probe: number) => SUMS + (probe % group);
  const numbers = SUMS + group;
  const left = numbers + 1;
  const right = numbers + 2;
  const greatest = (vector: number) => numbers + 3 + vector;
  const probes = Array.from({ length: group }, (_, probe) => probe);
  const fours = Array.from({ length: vectors }, (_, vector) => vector);
  const turns = Array.from({ length: TURNS }, (_, turn) => [
    ...[op.get(ROWS), op.load(turn * 16), op.set(numbers)],
    ...probes.flatMap((probe) => [
      ...[op.get(PROBE_AT), op.load((turn * group + probe) * 16), op.get(numbers), op.dotSixteen],
      ...[op.get(sum(probe)), op.addEight, op.set(sum(probe))],
    ]),
  ]);
  /** The sums of two vectors, by pairs. */
  const pair = (a: number, b: number): Bytes[] => [
    ...[op.get(a), op.get(b), op.words(0, 4, 1, 5), op.get(a), op.get(b), op.words(2, 6, 3, 7)],
    op.addFour,
  ];
  /** At the row's tail: product / scale + error × factor, of four probes. */
  const answer = (vector: number): Bytes[] => [
    ...[...pair(sum(4 * vector), sum(4 * vector + 1)), op.set(left)],
    ...[...pair(sum(4 * vector + 2), sum(4 * vector + 3)), op.set(right)],
    ...[op.get(left), op.get(right), op.words(0, 1, 4, 5), op.get(left), op.get(right), op.words(2, 3, 6, 7)],
    ...[op.addFour, op.toFloats, op.get(ROWS), op.loadFourTimes(0), op.multiplyFourFloats],
    ...[op.get(ROWS), op.loadFourTimes(4), op.get(PROBES), op.load((group + vector) * 16), op.multiplyFourFloats],
    ...[op.addFourFloats, op.set(left), op.get(WRITE_AT), op.get(left), op.store(vector * 16)],
    ...[op.get(greatest(vector)), op.get(left), op.greaterFourFloats, op.set(greatest(vector))],
  ];
  return {
    name: `products${group}`,
    parameters: 4,
    integers: 3,
    vectors: group + 3 + vectors,
    code: [
      ...[op.get(OUT), op.constant(vectors * 16), op.add, op.set(WRITE_AT)],
      ...fours.flatMap((vector) => [op.fourFloats(Number.NEGATIVE_INFINITY), op.set(greatest(vector))]),
      op.loop,
      ...[op.get(PROBES), op.constant((group + vectors) * 16), op.add, op.set(PROBE_AT)],
      ...[op.get(ROWS), op.constant(rowBytes), op.add, op.set(ROW_END)],
      ...probes.flatMap((probe) => [op.get(PROBES), op.load(probe * 16), op.set(sum(probe))]),
      op.loop,
      ...turns.flat(),
      ...[op.get(PROBE_AT), op.constant(TURNS * group * 16), op.add, op.set(PROBE_AT)],
      ...[op.get(ROWS), op.constant(TURNS * 16), op.add, op.tee(ROWS), op.get(ROW_END), op.lessUnsigned, op.repeatIf],
      op.end,
      ...probes.flatMap((probe) => [op.get(sum(probe)), op.widenByPairs, op.set(sum(probe))]),
      ...fours.flatMap(answer),
      ...[op.get(WRITE_AT), op.constant(vectors * 16), op.add, op.set(WRITE_AT)],
      ...[op.get(ROWS), op.constant(ROW_TAIL_BYTES), op.add, op.tee(ROWS), op.get(END), op.lessUnsigned, op.repeatIf],
      op.end,
      ...fours.flatMap((vector) => [op.get(OUT), op.get(greatest(vector)), op.store(vector * 16)]),
    ],
  };
}

/** Pieces of 16 bytes in one turn of the inner loop. */
const TURNS = 4;
/** The bytes of a row's numbers are a multiple of this. */
export const ROW_ALIGNMENT = TURNS * 16;

/** The module for rows of so many bytes without their tail, a multiple of {@link ROW_ALIGNMENT}; null where WebAssembly or its SIMD is missing. */
export function productModule(rowBytes: number): WasmModule | null {
  const bytes = wasmBytes(GROUP_SIZES.map((group) => kernel(group, rowBytes)));
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
    8: exports.products8 as ProductKernel,
  };
}
