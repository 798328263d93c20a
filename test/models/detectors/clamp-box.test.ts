import { expect, it } from 'vitest';
import { clampBox } from '../../../models/detectors/clamp-box.ts';
import type { Box } from '../../../pipeline/face.ts';

it.each<[Box, Box | null]>([
  [
    [1, 2, 3, 4],
    [1, 2, 3, 4],
  ],
  [
    [-5, -5, 50, 50],
    [0, 0, 50, 50],
  ],
  [
    [90, 40, 120, 80],
    [90, 40, 100, 50],
  ],
  [[-20, 10, -1, 20], null],
  [[100, 10, 120, 20], null],
  [[10, 50, 20, 60], null],
])('clampBox leaves of %j in a 100×50 picture %j', (box, inside) => {
  expect(clampBox(box, { width: 100, height: 50 })).toEqual(inside);
});
