import { describe, expect, it } from 'vitest';
import { missedFrames } from '../../bench/live/viewer-crowd.ts';

const counts = (clients: readonly number[]) => new Map(clients.map((got, i) => [100 + i, got]));

describe('frames that clients missed', () => {
  it('are none where each got all', () => {
    const frames = new Map([['a', counts([3, 3, 3, 3, 3, 3])]]);
    expect(missedFrames(frames, () => 3)).toEqual({ sent: 6, missed: 0 });
  });

  it('are counted for each client, of each camera', () => {
    const frames = new Map([
      ['a', counts([3, 3, 2, 3, 0, 3, 3])],
      ['b', counts([5, 5, 4, 5, 5])],
    ]);
    expect(missedFrames(frames, (camera) => (camera === 'a' ? 3 : 5))).toEqual({ sent: 14, missed: 5 });
  });

  it('do not count where counting began or ended', () => {
    const frames = new Map([['a', counts([1, 2, 3, 3, 2, 1])]]);
    expect(missedFrames(frames, () => 3)).toEqual({ sent: 6, missed: 0 });
  });
});
