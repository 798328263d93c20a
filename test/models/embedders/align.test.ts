import { describe, expect, it } from 'vitest';
import { align } from '../../../models/embedders/align.ts';
import { apply } from '../../../models/embedders/similarity-transform.ts';
import { TEMPLATES } from '../../../models/embedders/templates.ts';
import type { Landmarks, Point } from '../../../pipeline/face.ts';

function landmarks([leftEye, rightEye, nose, mouthLeft, mouthRight]: readonly Point[]): Landmarks {
  return { leftEye: leftEye!, rightEye: rightEye!, nose: nose!, mouthLeft: mouthLeft!, mouthRight: mouthRight! };
}

describe('align', () => {
  it.each(['arcface', 'dlib'] as const)('maps the points of the %s template to the landmarks', (name) => {
    const { points, side } = TEMPLATES[name];
    const inPicture = points.map((point) => apply({ a: 0.8, b: 0.6, tx: 200, ty: 100 }, point));
    const toPicture = align(landmarks(inPicture), TEMPLATES[name], side);
    for (const [i, point] of points.entries()) {
      const [x, y] = apply(toPicture, point);
      expect(x).toBeCloseTo(inPicture[i]![0], 6);
      expect(y).toBeCloseTo(inPicture[i]![1], 6);
    }
  });

  it('scales the template to another crop', () => {
    const { points } = TEMPLATES.arcface;
    const half = align(landmarks(points), TEMPLATES.arcface, 56);
    expect(Math.hypot(half.a, half.b)).toBeCloseTo(2, 9);
  });

  it.each([
    [
      'collinear',
      [
        [0, 0],
        [10, 10],
        [20, 20],
        [30, 30],
        [40, 40],
      ],
    ],
    [
      'not numbers',
      [
        [Number.NaN, 0],
        [10, 0],
        [5, 5],
        [0, 10],
        [10, 10],
      ],
    ],
    [
      'on one spot',
      [
        [3, 3],
        [3, 3],
        [3, 3],
        [3, 3],
        [3, 3],
      ],
    ],
  ] as [string, Point[]][])('refuses landmarks that are %s', (_, points) => {
    expect(() => align(landmarks(points), TEMPLATES.arcface, 112)).toThrow(
      expect.objectContaining({ code: 'ALIGN_DEGENERATE' }),
    );
  });
});
