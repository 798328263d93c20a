export { randomNumbers } from '../../gallery/calibration/random-numbers.ts';

/** A vector of length 1 in a random direction. */
export function randomUnitVector(random: () => number, width: number): Float32Array {
  const vector = Float32Array.from({ length: width }, () => random() + random() + random() - 1.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}
