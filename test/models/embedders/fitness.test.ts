import { describe, expect, it } from 'vitest';
import { unfitByGeometry } from '../../../models/embedders/fitness.ts';
import { apply } from '../../../models/embedders/similarity-transform.ts';
import { TEMPLATES } from '../../../models/embedders/templates.ts';
import type { Detection, Landmarks, Point } from '../../../pipeline/face.ts';

const picture = { width: 640, height: 360 };

function face(points: readonly Point[] = TEMPLATES.arcface.points, at: Point = [100, 100], width = 80): Detection {
  const [leftEye, rightEye, nose, mouthLeft, mouthRight] = points.map((p) =>
    apply({ a: 1, b: 0, tx: at[0], ty: at[1] }, p),
  );
  const landmarks: Landmarks = {
    leftEye: leftEye!,
    rightEye: rightEye!,
    nose: nose!,
    mouthLeft: mouthLeft!,
    mouthRight: mouthRight!,
  };
  return { box: [at[0], at[1], at[0] + width, at[1] + 112], landmarks, confidence: 0.9 };
}

const profile: Point[] = [
  [30, 50],
  [40, 50],
  [12, 70],
  [32, 92],
  [40, 92],
];
const halfProfile: Point[] = [
  [25, 50],
  [60, 50],
  [17, 72],
  [28, 92],
  [55, 92],
];

describe('unfitByGeometry', () => {
  it.each<[string, Detection, string | null]>([
    ['a face from the front', face(), null],
    ['a face as wide as the limit', face(undefined, undefined, 24), null],
    ['a face narrower than the limit', face(undefined, undefined, 23.9), 'too_small'],
    ['a face with an eye left of the picture', face(undefined, [-50, 100]), 'cut_off'],
    ['a face with its mouth below the picture', face(undefined, [100, 270]), 'cut_off'],
    ['a profile', face(profile), 'turned_away'],
    ['a half profile, which the embedder still knows', face(halfProfile), null],
    ['a face on its side', face(TEMPLATES.arcface.points.map(([x, y]) => [112 - y, x])), null],
    ['landmarks on one spot, which aligning will refuse', face(profile.map(() => [50, 50])), null],
  ])('of %s', (_, detection, reason) => {
    expect(unfitByGeometry(detection, picture, 24)).toBe(reason);
  });
});
