import { describe, expect, it } from 'vitest';
import { frameLatencyMs } from '../../bench/live/frame-latency.ts';

describe('the latency of a numbered frame', () => {
  const film = { zeroMs: 5000, periodFrames: 420, filmFps: 25 };

  it.each([
    ['the first frame', { number: 0, atMs: 5090 }, 90],
    ['a frame of the first round', { number: 100, atMs: 5000 + 4000 + 120 }, 120],
    ['a frame of the third round', { number: 419, atMs: 5000 + 2 * 16_800 + 16_760 + 75.5 }, 75.5],
    ['the last frame of a round, seen in the next one', { number: 419, atMs: 5000 + 16_760 + 100 }, 100],
  ])('of %s is what passed since it was due', (_, { number, atMs }, latency) => {
    expect(frameLatencyMs({ ...film, number, atMs })).toBeCloseTo(latency);
  });
});
