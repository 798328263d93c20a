export interface Slope {
  /** Median of the slopes of all pairs (Theil 1950, Sen 1968): up to 29 % of the points may lie anywhere. Units of y per unit of x. */
  readonly slope: number;
  /** 95 % interval (Sen 1968, by Kendall's variance). It takes the points for independent of each other. */
  readonly low: number;
  readonly high: number;
}

const Z_95 = 1.96;

/**
 * The slope of a straight line through points, as good as untouched by outliers.
 *
 * @param points pairs [x, y] of distinct x, in any order; at least 3.
 */
export function theilSen(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  if (n < 3) throw new RangeError(`a slope needs at least 3 points, got ${n}`);
  const slopes: number[] = [];
  for (const [i, [x, y]] of points.entries()) {
    for (const [otherX, otherY] of points.slice(i + 1)) {
      if (x === otherX) throw new RangeError(`two points at ${x}`);
      slopes.push((otherY - y) / (otherX - x));
    }
  }
  slopes.sort((a, b) => a - b);
  const pairs = slopes.length;
  const middle = (pairs - 1) / 2;
  const half = (Z_95 * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)) / 2;
  const at = (place: number) => slopes[Math.min(pairs - 1, Math.max(0, place))]!;
  return {
    slope: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    low: at(Math.floor(middle - half)),
    high: at(Math.ceil(middle + half)),
  };
}
