/** What 1 becomes. Two unit vectors then have a product below 2³¹, whatever they are (Cauchy–Schwarz). */
const SCALE = 32_767;

/** A product of two quantised vectors that stands for a similarity of 1. */
export const FULL_PRODUCT = SCALE * SCALE;

/** Writes a unit vector as int16: each number to the nearest 1/32767. */
export function quantise(unit: Float32Array, target: Int16Array): void {
  for (let i = 0; i < unit.length; i += 1) target[i] = Math.round((unit[i] as number) * SCALE);
}

/**
 * How far the product of two quantised unit vectors can be from the product of the vectors. Each is moved by at most
 * e = √width · ½/32767, and |x·p − x̂·p̂| ≤ |x − x̂||p| + |x̂||p − p̂| ≤ e + (1 + e)e. The millionth is for lengths that
 * are 1 only as far as float32 goes.
 */
export function quantisationError(width: number): number {
  const moved = (Math.sqrt(width) * 0.5) / SCALE;
  return moved * (2 + moved) + 1e-6;
}
