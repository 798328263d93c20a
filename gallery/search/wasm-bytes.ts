// Bytes of a WebAssembly module as the core specification lays them down ("Binary Format"); opcodes from its index of
// instructions. Only what the search's kernels need.

export type Bytes = readonly number[];

const I32 = 0x7f;
const V128 = 0x7b;
const NO_RESULT = 0x40;
const SIMD = 0xfd;

/** LEB128. */
function unsigned(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function signed(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  for (; rest < -0x40 || rest >= 0x40; rest >>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest & 0x7f];
}

const vector = (items: readonly Bytes[]): Bytes => [...unsigned(items.length), ...items.flat()];
const sized = (bytes: Bytes): Bytes => [...unsigned(bytes.length), ...bytes];
const section = (id: number, content: Bytes): Bytes => [id, ...sized(content)];
const text = (value: string): Bytes => sized([...new TextEncoder().encode(value)]);

/** Instructions. Vectors are 16 bytes; addresses are bytes in the one memory. */
export const op = {
  get: (local: number): Bytes => [0x20, ...unsigned(local)],
  set: (local: number): Bytes => [0x21, ...unsigned(local)],
  tee: (local: number): Bytes => [0x22, ...unsigned(local)],
  constant: (value: number): Bytes => [0x41, ...signed(value)],
  add: [0x6a],
  lessUnsigned: [0x49],
  loop: [0x03, NO_RESULT],
  /** To the head of the innermost loop. */
  repeatIf: [0x0d, 0],
  end: [0x0b],
  /** From the address on the stack plus `offset`, aligned to 16. */
  load: (offset: number): Bytes => [SIMD, 0x00, 4, ...unsigned(offset)],
  store: (offset: number): Bytes => [SIMD, 0x0b, 4, ...unsigned(offset)],
  /** Four float32, all of them `value`. */
  fourFloats: (value: number): Bytes => [
    SIMD,
    0x0c,
    ...new Uint8Array(Float32Array.of(value, value, value, value).buffer),
  ],
  /** Four of the eight words of two vectors, 0–3 of the first and 4–7 of the second. */
  words: (...picked: [number, number, number, number]): Bytes => [
    SIMD,
    0x0d,
    ...picked.flatMap((word) => [0, 1, 2, 3].map((byte) => word * 4 + byte)),
  ],
  /** One word of memory, four times. */
  loadFourTimes: (offset: number): Bytes => [SIMD, 0x09, 2, ...unsigned(offset)],
  /** int16 of eight; wraps. */
  addEight: [SIMD, 0x8e, 0x01],
  /** Eight int16 to four int32: neighbours added. */
  widenByPairs: [SIMD, 0x7e],
  /** int32 of four. */
  addFour: [SIMD, 0xae, 0x01],
  /** Sixteen int8 times sixteen of 0..127, neighbours added: eight int16, exact where no pair overflows ("relaxed SIMD"). */
  dotSixteen: [SIMD, 0x92, 0x02],
  /** Four int32 to float32. */
  toFloats: [SIMD, 0xfa, 0x01],
  /** float32 of four. */
  addFourFloats: [SIMD, 0xe4, 0x01],
  multiplyFourFloats: [SIMD, 0xe6, 0x01],
  /** The second where it is greater than the first, else the first: what is no number never becomes the greatest. */
  greaterFourFloats: [SIMD, 0xeb, 0x01],
} as const;

export interface WasmFunction {
  readonly name: string;
  /** int32 parameters; locals are numbered after them, first `integers`, then `vectors`. */
  readonly parameters: number;
  readonly integers: number;
  readonly vectors: number;
  readonly code: readonly Bytes[];
}

/** A module whose functions answer nothing and work on one shared memory, imported as `gallery.rows`. */
export function wasmBytes(functions: readonly WasmFunction[]): Uint8Array {
  const bodies = functions.map(({ integers, vectors, code }) =>
    sized([
      ...vector([
        [...unsigned(integers), I32],
        [...unsigned(vectors), V128],
      ]),
      ...code.flat(),
      ...op.end,
    ]),
  );
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector(functions.map(({ parameters }) => [0x60, ...vector(Array(parameters).fill([I32])), 0]))),
    // A memory, shared, of one page or more.
    ...section(2, vector([[...text('gallery'), ...text('rows'), 0x02, 0x03, ...unsigned(1), ...unsigned(65_536)]])),
    ...section(3, vector(functions.map((_, i) => unsigned(i)))),
    ...section(7, vector(functions.map(({ name }, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, vector(bodies)),
  ]);
}
