import { describe, expect, it } from 'vitest';
import { judgeFitness, unfitByGeometry } from '../../../models/embedders/fitness.ts';
import { appearanceParts, geometryParts } from '../../../models/embedders/fitness-parts.ts';
import { apply } from '../../../models/embedders/similarity-transform.ts';
import { TEMPLATES } from '../../../models/embedders/templates.ts';
import type { Detection, Landmarks, Point, QualityParts } from '../../../pipeline/face.ts';

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
    expect(unfitByGeometry(geometryParts(detection, picture, 24))).toBe(reason);
  });
});

describe('geometryParts', () => {
  it('are 1 for a large face from the front', () => {
    expect(geometryParts(face(), picture, 24)).toEqual({ size: 1, whole: 1, pose: 1 });
  });

  it('put the smallest face that counts at the gate, whatever it is', () => {
    const sizeOf = (width: number, least: number) =>
      geometryParts(face(undefined, undefined, width), picture, least).size;
    expect([sizeOf(24, 24), sizeOf(60, 60), sizeOf(120, 60)]).toEqual([0.4, 0.4, 1]);
    expect(sizeOf(30, 24)).toBeGreaterThan(0.4);
    expect(sizeOf(59, 60)).toBeLessThan(0.4);
  });

  it('call a face worse the further it turns away, on either side, and do not mind a tilted head', () => {
    const poseOf = (points: readonly Point[]) => geometryParts(face(points), picture, 24).pose!;
    const turned = (by: number): Point[] =>
      TEMPLATES.arcface.points.map(([x, y], i) => (i === 2 ? [x + by, y] : [x, y]));
    const poses = [0, 12, 25, 40, 60].map((by) => poseOf(turned(by)));
    expect(poses).toEqual(poses.toSorted((a, b) => b - a));
    expect(new Set(poses).size).toBe(5);
    expect(poseOf(turned(-25))).toBeCloseTo(poseOf(turned(25)), 1);
    expect(poseOf(TEMPLATES.arcface.points.map(([x, y]) => [112 - y, x]))).toBeCloseTo(poses[0]!, 6);
  });

  it('know no pose of landmarks on one spot', () => {
    expect(geometryParts(face(profile.map(() => [50, 50])), picture, 24)).not.toHaveProperty('pose');
  });
});

describe('appearanceParts', () => {
  const clear = { brightness: 130, contrast: 35, evenness: 0.9, sharpness: 4.5 };

  it('are 1 for a clear face in even light', () => {
    expect(appearanceParts(clear)).toEqual({ light: 1, glare: 1, evenness: 1, sharpness: 1 });
  });

  it.each<[string, Partial<typeof clear>, keyof QualityParts]>([
    ['in the dark', { brightness: 9 }, 'light'],
    ['of one dark shade', { brightness: 60, contrast: 2 }, 'light'],
    ['over-exposed', { brightness: 246 }, 'glare'],
    ['of one light shade', { brightness: 200, contrast: 2 }, 'glare'],
    ['with one half in the dark', { evenness: 0.05 }, 'evenness'],
    ['blurred', { sharpness: 0.9 }, 'sharpness'],
    ['with nothing on it', { sharpness: Number.NaN }, 'sharpness'],
  ])('of a face %s: one is below the gate', (_, look, part) => {
    const parts = appearanceParts({ ...clear, ...look });
    const below = Object.entries(parts).flatMap(([name, value]) => (value < 0.4 ? [name] : []));
    expect(below).toEqual([part]);
  });
});

describe('judgeFitness', () => {
  const fit: QualityParts = {
    size: 1,
    whole: 1,
    pose: 0.9,
    light: 1,
    glare: 1,
    evenness: 1,
    sharpness: 0.8,
    norm: 0.7,
  };

  it.each<[string, QualityParts, number, [number, string, string | null]]>([
    ['a fit face by its least part', fit, 0.4, [0.7, 'norm', null]],
    ['a face at the gate as fit', { ...fit, norm: 0.4 }, 0.4, [0.4, 'norm', null]],
    ['what no part explains as low quality', { ...fit, norm: 0.39 }, 0.4, [0.39, 'norm', 'low_quality']],
    ['a cause before the signal that it lowers', { ...fit, sharpness: 0.3, norm: 0.1 }, 0.4, [0.1, 'norm', 'blurred']],
    ['the worse of two causes', { ...fit, sharpness: 0.3, light: 0.2 }, 0.4, [0.2, 'light', 'too_dark']],
    ['a face with one half in the dark', { ...fit, evenness: 0.3 }, 0.4, [0.3, 'evenness', 'too_dark']],
    ['an over-exposed face', { ...fit, glare: 0.3 }, 0.4, [0.3, 'glare', 'too_bright']],
    ['a small face where the gate is strict', { ...fit, size: 0.5 }, 0.6, [0.5, 'size', 'too_small']],
    ['everything as fit where there is no gate', { ...fit, norm: 0 }, 0, [0, 'norm', null]],
    ['RTS like a norm', { size: 1, rts: 0.2 }, 0.4, [0.2, 'rts', 'low_quality']],
  ])('judges %s', (_, parts, gate, [quality, qualitySignal, unfit]) => {
    expect(judgeFitness(parts, gate)).toEqual({ quality, qualitySignal, unfit });
  });
});
