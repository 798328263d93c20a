/**
 * The slope of a logistic curve that is 0.5 at `threshold`, by greatest likelihood (Newton's method). Genuine and impostor
 * pairs weigh alike in sum, however many there are: the curve then says how likely it is that two faces are one person
 * where both were equally likely before.
 *
 * @param genuine similarities of pairs that were compared, likewise `impostor`.
 * @throws {Error} where the two kinds lie on their own sides of the threshold, without one exception: no slope is best then.
 */
export function fitSlope(genuine: Float64Array, impostor: Float64Array, threshold: number): number {
  if ((genuine[0] ?? 1) >= threshold && (impostor.at(-1) ?? -1) <= threshold) {
    throw new Error(`no pair lies on the wrong side of ${threshold}: there is no best slope`);
  }
  let slope = 10;
  for (let round = 0; round < 100; round += 1) {
    const a = derivatives(genuine, threshold, slope, 1);
    const b = derivatives(impostor, threshold, slope, -1);
    const step = (a.first + b.first) / (a.second + b.second);
    // A whole step may jump past zero, where the curve is upside down.
    slope = Math.max(slope / 2, slope - step);
    if (Math.abs(step) < 1e-6 * slope) return slope;
  }
  throw new Error('the slope does not settle');
}

/** Of the mean of log(1 + exp(−side · slope · (similarity − threshold))) by the slope. */
function derivatives(values: Float64Array, threshold: number, slope: number, side: 1 | -1) {
  let [first, second] = [0, 0];
  for (const value of values) {
    const x = side * (value - threshold);
    const wrong = 1 / (1 + Math.exp(slope * x));
    first -= x * wrong;
    second += x * x * wrong * (1 - wrong);
  }
  return { first: first / values.length, second: second / values.length };
}
