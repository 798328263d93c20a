import { describe, expect, it } from 'vitest';
import { cropAround } from '../../../models/scorers/crop-around.ts';
import type { Box } from '../../../pipeline/face.ts';

const picture = { width: 640, height: 480 };

describe('cropAround', () => {
  // By hand from the publisher's rule.
  it.each<[string, Box, number, [number, number, number, number]]>([
    ['enlarges the box around its middle', [300, 200, 340, 260], 2, [280, 170, 360, 290]],
    ['keeps the shape of the box', [300, 200, 340, 260], 3, [260, 140, 380, 320]],
    ['moves what stands over the left and the top inside', [0, 0, 40, 60], 3, [0, 0, 120, 180]],
    ['moves what stands over the right and the bottom inside', [600, 420, 640, 480], 3, [520, 300, 640, 480]],
    ['takes what the picture has of a box that is large', [200, 100, 400, 340], 4, [100, 1, 500, 480]],
  ])('%s', (_, box, times, [x1, y1, x2, y2]) => {
    const crop = cropAround(box, picture, times)!;
    for (const [got, expected] of [
      [crop.x1, x1],
      [crop.y1, y1],
      [crop.x2, x2],
      [crop.y2, y2],
    ] as const) {
      expect(Math.abs(got - expected)).toBeLessThanOrEqual(1);
    }
  });

  it('never leaves the picture', () => {
    for (const box of [
      [0, 0, 640, 480],
      [639, 479, 640, 480],
      [0, 200, 1, 202],
      [10.7, 3.2, 629.9, 477.1],
    ] as const) {
      for (const times of [1, 2.7, 4]) {
        const { x1, y1, x2, y2 } = cropAround(box, picture, times)!;
        expect([x1 >= 0, y1 >= 0, x2 <= 640, y2 <= 480, x2 > x1, y2 > y1]).toEqual(Array(6).fill(true));
      }
    }
  });

  it.each<[string, Box]>([
    ['no width', [5, 5, 5, 9]],
    ['not a number', [Number.NaN, 5, 9, 9]],
  ])('is nothing for a box of %s', (_, box) => {
    expect(cropAround(box, picture, 2.7)).toBeNull();
  });
});
