import { describe, expect, it } from 'vitest';
import { intersectionOverUnion, suppressOverlaps } from '../../../models/detectors/suppress-overlaps.ts';
import type { Box } from '../../../pipeline/face.ts';

describe('intersectionOverUnion', () => {
  it.each<[string, Box, Box, number]>([
    ['the same box', [0, 0, 10, 10], [0, 0, 10, 10], 1],
    ['half of it', [0, 0, 10, 10], [5, 0, 10, 10], 0.5],
    ['a quarter shared', [0, 0, 10, 10], [5, 5, 15, 15], 25 / 175],
    ['one inside the other', [0, 0, 10, 10], [4, 4, 6, 6], 0.04],
    ['boxes that touch', [0, 0, 10, 10], [10, 0, 20, 10], 0],
    ['boxes apart', [0, 0, 1, 1], [5, 5, 6, 6], 0],
    ['boxes without area', [3, 3, 3, 3], [3, 3, 3, 3], 0],
  ])('of %s', (_, a, b, expected) => {
    expect(intersectionOverUnion(a, b)).toBeCloseTo(expected, 12);
    expect(intersectionOverUnion(b, a)).toBeCloseTo(expected, 12);
  });
});

describe('suppressOverlaps', () => {
  const face = (name: string, box: Box, confidence: number) => ({ name, box, confidence });
  const table = [
    face('weak copy', [1, 0, 11, 10], 0.7),
    face('best', [0, 0, 10, 10], 0.9),
    face('neighbour', [6, 0, 16, 10], 0.8),
    face('far', [100, 100, 110, 110], 0.6),
  ];
  it.each([
    [0.4, 99, ['best', 'neighbour', 'far']],
    [0.2, 99, ['best', 'far']],
    [0.95, 99, ['best', 'neighbour', 'weak copy', 'far']],
    [0.4, 2, ['best', 'neighbour']],
    [0.4, 0, []],
  ])('at IoU %d and at most %d', (nms, most, names) => {
    expect(suppressOverlaps(table, nms, most).map((kept) => kept.name)).toEqual(names);
  });

  it('does not let a suppressed box suppress another', () => {
    const chain = [face('a', [0, 0, 10, 10], 0.9), face('b', [4, 0, 14, 10], 0.8), face('c', [8, 0, 18, 10], 0.7)];
    expect(suppressOverlaps(chain, 0.3, 9).map((kept) => kept.name)).toEqual(['a', 'c']);
  });

  it('keeps equals in their order and nothing of nothing', () => {
    const equals = [face('first', [0, 0, 1, 1], 0.5), face('second', [5, 5, 6, 6], 0.5)];
    expect(suppressOverlaps(equals, 0.4, 9).map((kept) => kept.name)).toEqual(['first', 'second']);
    expect(suppressOverlaps([], 0.4, 9)).toEqual([]);
  });
});
