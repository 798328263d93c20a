/**
 * The vector of length 1 in that direction; null for zero and for what holds something that is not a finite number.
 *
 * @param values of any length; also so large or small that their squares leave the range of a double.
 */
export function unitVector(values: readonly number[]): Float32Array | null {
  let largest = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) return null;
    largest = Math.max(largest, Math.abs(value));
  }
  if (largest === 0) return null;
  let squares = 0;
  for (const value of values) squares += (value / largest) ** 2;
  const length = Math.sqrt(squares);
  return Float32Array.from(values, (value) => value / largest / length);
}
