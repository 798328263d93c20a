/**
 * Scales a vector to length 1.
 *
 * @returns a copy, and the norm it had; null where there is no direction: all zeros, or a value that is not finite.
 */
export function unitVector(values: Float32Array): { vector: Float32Array | null; norm: number } {
  let squares = 0;
  for (const value of values) squares += value * value;
  const norm = Math.sqrt(squares);
  if (!Number.isFinite(norm) || norm === 0) return { vector: null, norm };
  return { vector: values.map((value) => value / norm), norm };
}
