/**
 * Unit vectors in bytes, so that a product of two of them can be bounded from a quarter of the memory.
 *
 * A row x becomes whole numbers x̂ of −63..63, a probe p whole numbers p̂ of −127..127, each with a scale of its own: x̂/s is
 * nearly x, and how far it is from it is measured, not assumed. Products are summed in 16 bits, in {@link LANES_OF_SUM}
 * sums of every eighth pair of numbers. None of these sums overflows: scales are chosen so that the numbers of each lane
 * have a length of at most 181, and then |Σ x̂p̂| ≤ 181² < 2¹⁵ (Cauchy–Schwarz).
 */

/** What is added to each number of a row: the kernel's instruction wants one of its two factors in 0..127. */
export const ROW_OFFSET = 64;
/** 16-bit sums side by side. */
export const LANES_OF_SUM = 8;

const ROW_MOST = 63;
const PROBE_MOST = 127;
const LANE_MOST = 181 ** 2;
/** float32: lengths that are 1 only as far as it goes, and the kernel's two multiplications and one addition. */
const ROUNDING = 4e-6;

export interface QuantisedVector {
  /** Whole numbers, shape [width]. */
  readonly numbers: Int8Array;
  /** Number / scale is nearly the vector's. */
  readonly scale: number;
  /** Length of the difference between the vector and its numbers / scale: 0..1. */
  readonly error: number;
}

export function quantiseRow(unit: Float32Array): QuantisedVector {
  return quantise(unit, ROW_MOST);
}

export function quantiseProbe(unit: Float32Array): QuantisedVector {
  return quantise(unit, PROBE_MOST);
}

/**
 * What the true product of two vectors cannot exceed, by that of their numbers. With x̃ = x̂/s, and likewise p̃:
 * x·p − x̃·p̃ = (x − x̃)·p + x̃·(p − p̃) ≤ εₓ + (1 + εₓ)εₚ, where |x − x̃| = εₓ and |x| = |p| = 1.
 *
 * The same in the words of the kernel, which has x̂·p̂/sₓ and εₓ for each row, and for a probe `factor` and `least`: a row
 * may have a product above `floor` only where x̂·p̂/sₓ + εₓ·factor exceeds least(floor).
 */
export function boundOf({ scale, error }: QuantisedVector): {
  readonly factor: number;
  readonly least: (floor: number) => number;
} {
  return {
    factor: Math.fround(scale * (1 + error) * (1 + ROUNDING)),
    least: (floor) => scale * (floor - error - ROUNDING),
  };
}

/** Lane of the 16-bit sums that a number's product goes to: neighbours share one. */
export function laneOf(i: number): number {
  return (i >> 1) % LANES_OF_SUM;
}

function quantise(unit: Float32Array, most: number): QuantisedVector {
  const squares = new Float64Array(LANES_OF_SUM);
  let greatest = 0;
  for (let i = 0; i < unit.length; i += 1) {
    const value = unit[i] as number;
    greatest = Math.max(greatest, Math.abs(value));
    squares[laneOf(i)]! += value * value;
  }
  const numbers = new Int8Array(unit.length);
  let scale = Math.min(most / greatest, Math.sqrt(LANE_MOST / Math.max(...squares)));
  for (; ; scale *= 0.995) {
    squares.fill(0);
    let wrong = 0;
    for (let i = 0; i < unit.length; i += 1) {
      numbers[i] = Math.round((unit[i] as number) * scale);
      const number = numbers[i] as number;
      squares[laneOf(i)]! += number * number;
      wrong += ((unit[i] as number) - number / scale) ** 2;
    }
    // Rounding may have made them longer than they were.
    if (squares.every((square) => square <= LANE_MOST)) return { numbers, scale, error: Math.sqrt(wrong) };
  }
}
