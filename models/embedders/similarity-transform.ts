import type { Point } from '../../pipeline/face.ts';

/** Rotation, uniform scale and translation: (x, y) ↦ (a·x − b·y + tx, b·x + a·y + ty). */
export interface SimilarityTransform {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

/** The points lie on a line when their spread across it is below this share of the spread along it. */
const FLAT = 0.02;

/**
 * The similarity that brings `from` onto `to` with the least squared error (Umeyama 1991; without reflections the optimum
 * in two dimensions is linear and closed).
 *
 * @param from at least two points, paired with `to`.
 * @returns null where the points do not determine one: not numbers, on one spot or one line, or mirrored.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): SimilarityTransform | null {
  const [fromX, fromY] = centre(from);
  const [toX, toY] = centre(to);
  let along = 0;
  let turned = 0;
  let [xx, xy, yy] = [0, 0, 0];
  for (const [i, [px, py]] of from.entries()) {
    const [qx, qy] = to[i]!;
    const [x, y, u, v] = [px - fromX, py - fromY, qx - toX, qy - toY];
    along += x * u + y * v;
    turned += x * v - y * u;
    xx += x * x;
    xy += x * y;
    yy += y * y;
  }
  const spread = xx + yy;
  // Eigenvalues of the scatter matrix: squared spreads along and across the line that fits best.
  const root = Math.hypot(xx - yy, 2 * xy);
  const flat = spread - root < FLAT * FLAT * (spread + root);
  if (!(spread > 1e-9) || flat) return null;
  const a = along / spread;
  const b = turned / spread;
  if (!(Math.hypot(a, b) > 1e-6)) return null;
  return { a, b, tx: toX - a * fromX + b * fromY, ty: toY - b * fromX - a * fromY };
}

/** The same mapping the other way round. */
export function invert({ a, b, tx, ty }: SimilarityTransform): SimilarityTransform {
  const d = a * a + b * b;
  return { a: a / d, b: -b / d, tx: -(a * tx + b * ty) / d, ty: (b * tx - a * ty) / d };
}

export function apply({ a, b, tx, ty }: SimilarityTransform, [x, y]: Point): Point {
  return [a * x - b * y + tx, b * x + a * y + ty];
}

function centre(points: readonly Point[]): Point {
  let [x, y] = [0, 0];
  for (const point of points) {
    x += point[0];
    y += point[1];
  }
  return [x / points.length, y / points.length];
}
