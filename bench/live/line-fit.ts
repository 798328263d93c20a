export interface LineFit {
  readonly slope: number;
  readonly intercept: number;
  /** Share of y's variance that the line explains, 0..1; 1 where there is none. */
  readonly r2: number;
}

/** The straight line of least squares. @param points [x, y], at least two of them with different x. */
export function lineFit(points: readonly (readonly [x: number, y: number])[]): LineFit {
  const mean = (of: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean((point) => point[0]);
  const y = mean((point) => point[1]);
  const sxx = mean((point) => (point[0] - x) ** 2);
  if (points.length < 2 || sxx === 0) throw new RangeError('a line needs two points with different x');
  const slope = mean((point) => (point[0] - x) * (point[1] - y)) / sxx;
  const intercept = y - slope * x;
  const all = mean((point) => (point[1] - y) ** 2);
  const left = mean((point) => (point[1] - intercept - slope * point[0]) ** 2);
  return { slope, intercept, r2: all === 0 ? 1 : 1 - left / all };
}
