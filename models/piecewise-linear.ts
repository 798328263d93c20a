/** Ascending by x: [x, y]. */
export type CurvePoints = readonly (readonly [x: number, y: number])[];

/** Linear between the points, flat outside them; 0 for what is not a number. @param points at least one. */
export function piecewiseLinear(points: CurvePoints, x: number): number {
  if (Number.isNaN(x)) return 0;
  let [fromX, fromY] = points[0]!;
  if (x <= fromX) return fromY;
  for (const [toX, toY] of points) {
    if (x <= toX) return fromY + ((x - fromX) / (toX - fromX)) * (toY - fromY);
    fromX = toX;
    fromY = toY;
  }
  return fromY;
}
