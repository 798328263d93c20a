import { describe, expect, it } from 'vitest';
import { apply, fitSimilarity, invert } from '../../../models/embedders/similarity-transform.ts';
import { TEMPLATES } from '../../../models/embedders/templates.ts';
import type { Point } from '../../../pipeline/face.ts';

const face = TEMPLATES.arcface.points;

function moved(degrees: number, scale: number, [tx, ty]: Point): Point[] {
  const turn = (degrees * Math.PI) / 180;
  return face.map((point) => apply({ a: scale * Math.cos(turn), b: scale * Math.sin(turn), tx, ty }, point));
}

describe('fitSimilarity', () => {
  it.each([
    [0, 1, [0, 0]],
    [30, 1, [0, 0]],
    [-90, 2.5, [100, -40]],
    [179, 0.1, [3000, 2000]],
    [12, 40, [-7, 9]],
  ] as [number, number, Point][])('finds a turn of %d°, a scale of %d and a shift of %j', (degrees, scale, shift) => {
    const found = fitSimilarity(face, moved(degrees, scale, shift))!;
    expect(Math.hypot(found.a, found.b)).toBeCloseTo(scale, 9);
    expect(Math.cos(Math.atan2(found.b, found.a) - (degrees * Math.PI) / 180)).toBeCloseTo(1, 12);
    expect(found.tx).toBeCloseTo(shift[0], 6);
    expect(found.ty).toBeCloseTo(shift[1], 6);
  });

  it('has the least squared error: every small change of it is worse', () => {
    const noisy = moved(20, 1.7, [50, 60]).map(
      ([x, y], i): Point => [x + Math.sin(i * 9) * 4, y + Math.cos(i * 5) * 3],
    );
    const found = fitSimilarity(face, noisy)!;
    const errorOf = (t: typeof found) =>
      face.reduce((sum, point, i) => {
        const [x, y] = apply(t, point);
        return sum + (x - noisy[i]![0]) ** 2 + (y - noisy[i]![1]) ** 2;
      }, 0);
    const least = errorOf(found);
    for (const key of ['a', 'b', 'tx', 'ty'] as const) {
      for (const step of [1e-3, -1e-3]) expect(errorOf({ ...found, [key]: found[key] + step })).toBeGreaterThan(least);
    }
  });

  it.each<[string, Point[]]>([
    ['on one spot', face.map(() => [5, 5])],
    ['on a level line', face.map((_, i) => [i * 10, 7])],
    ['on an upright line', face.map((_, i) => [7, i * 10])],
    ['on a slanted line', face.map((_, i) => [i * 10, i * 3 + 1])],
    ['nearly on a line', face.map((_, i) => [i * 10, i * 3 + (i % 2) * 0.05])],
    ['not numbers', face.map(() => [Number.NaN, 1])],
    ['one of them not a number', face.map(([x, y], i) => (i === 3 ? [x, Number.NaN] : [x, y]))],
    ['infinite', face.map(([x], i) => [x, i === 0 ? Number.POSITIVE_INFINITY : i])],
  ])('finds none for points %s', (_, points) => {
    expect(fitSimilarity(points, face)).toBeNull();
  });

  it('still finds one for a strong half profile', () => {
    const profile: Point[] = [
      [20, 20],
      [26, 20],
      [34, 35],
      [22, 50],
      [27, 50],
    ];
    expect(fitSimilarity(profile, face)).not.toBeNull();
  });
});

describe('invert', () => {
  it('undoes the transform', () => {
    const there = { a: 1.2, b: -0.7, tx: 30, ty: -4 };
    for (const point of face) {
      const [x, y] = apply(invert(there), apply(there, point));
      expect(x).toBeCloseTo(point[0], 9);
      expect(y).toBeCloseTo(point[1], 9);
    }
  });
});
