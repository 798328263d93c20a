import { describe, expect, it } from 'vitest';
import { theilSen } from '../../soak/theil-sen.ts';
import { randomNumbers } from '../support/random-numbers.ts';

describe('the slope through points', () => {
  it('is that of a line, exactly', () => {
    const { slope, low, high } = theilSen(Array.from({ length: 20 }, (_, x) => [x, 3 + 0.5 * x] as const));
    expect([slope, low, high]).toEqual([0.5, 0.5, 0.5]);
  });

  it('is not moved by a quarter of outliers', () => {
    const points = Array.from({ length: 40 }, (_, x) => [x, x % 4 === 3 ? 10_000 - 300 * x : 2 * x] as const);
    expect(theilSen(points).slope).toBe(2);
  });

  it('lies in its interval, which holds the truth 19 times of 20', () => {
    const random = randomNumbers(1);
    let held = 0;
    for (let run = 0; run < 200; run += 1) {
      const { slope, low, high } = theilSen(
        Array.from({ length: 30 }, (_, x) => [x, 0.3 * x + 20 * random()] as const),
      );
      expect(low).toBeLessThanOrEqual(slope);
      expect(high).toBeGreaterThanOrEqual(slope);
      if (low <= 0.3 && high >= 0.3) held += 1;
    }
    expect(held).toBeGreaterThan(180);
    expect(held).toBeLessThan(200);
  });

  it.each([
    [
      'too few points',
      [
        [0, 1],
        [1, 2],
      ],
      'a slope needs at least 3 points, got 2',
    ],
    [
      'two at one place',
      [
        [0, 1],
        [1, 2],
        [1, 3],
      ],
      'two points at 1',
    ],
  ] as [string, [number, number][], string][])('is not there for %s', (_, points, message) => {
    expect(() => theilSen(points)).toThrow(message);
  });
});
