import { describe, expect, it } from 'vitest';
import { windowMinima } from '../../soak/window-minima.ts';

describe('the lowest of each window', () => {
  it('is the floor under saw teeth', () => {
    const teeth = Array.from({ length: 41 }, (_, x) => [x, 100 + (x % 10)] as const);
    expect(windowMinima(teeth, 10)).toEqual([
      [5, 100],
      [15, 100],
      [25, 100],
      [35, 100],
    ]);
  });

  it('counts from the first point, and leaves out what fills no window at the end', () => {
    const points = [7, 8, 9, 10, 11, 12, 13].map((x) => [x, x] as const);
    expect(windowMinima(points, 2)).toEqual([
      [8, 7],
      [10, 9],
      [12, 11],
    ]);
    expect(windowMinima([], 2)).toEqual([]);
  });
});
