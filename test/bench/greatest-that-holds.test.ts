import { describe, expect, it } from 'vitest';
import { greatestThatHolds } from '../../bench/live/greatest-that-holds.ts';

describe('the greatest number that holds', () => {
  it('is found from every guess', async () => {
    for (let most = 1; most <= 20; most += 1)
      for (let truth = 0; truth <= most; truth += 1)
        for (let guess = 0; guess <= most + 2; guess += 1)
          expect(await greatestThatHolds({ guess, most, holds: async (n) => n <= truth })).toBe(truth);
  });

  it('asks about no number twice and none outside', async () => {
    for (let truth = 0; truth <= 30; truth += 1) {
      const asked: number[] = [];
      await greatestThatHolds({
        guess: 11,
        most: 30,
        holds: async (n) => {
          asked.push(n);
          return n <= truth;
        },
      });
      expect(new Set(asked).size).toBe(asked.length);
      expect(Math.min(...asked)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...asked)).toBeLessThanOrEqual(30);
    }
  });

  it('asks twice when the guess is right', async () => {
    let asked = 0;
    const holds = async (n: number) => {
      asked += 1;
      return n <= 5;
    };
    expect(await greatestThatHolds({ guess: 5, most: 100, holds })).toBe(5);
    expect(asked).toBe(2);
  });
});
