import { describe, expect, it } from 'vitest';
import { Confirmation } from '../../access/confirmation.ts';
import { fakeFrame } from '../support/fake-frame.ts';

/** [taken at, ms], then what is out of the ordinary: PTS (seconds; by default as taken), sequence, connection, age. */
type Picture = [takenMs: number, o?: { pts?: number | null; sequence?: number; connection?: number; ageMs?: number }];

/** Whether each picture in turn completed a confirmation of 3 within 1000 ms. */
function confirmations(pictures: Picture[], o = { matches: 3, withinMs: 1000, maxAgeMs: 500 }): boolean[] {
  const confirmation = new Confirmation(o);
  return pictures.map(([takenMs, fields = {}], i) => {
    const { pts = takenMs / 1000, sequence = i + 1, connection = 1, ageMs = 20 } = fields;
    const frame = fakeFrame({ sequence, connection, ptsSeconds: pts, ageMs, arrivedAtMs: takenMs + ageMs });
    return confirmation.note('ada', frame, takenMs + ageMs);
  });
}

describe('Confirmation', () => {
  it.each<[string, Picture[], boolean[]]>([
    ['three pictures in the window', [[0], [200], [400]], [false, false, true]],
    ['three exactly as long as the window', [[0], [500], [1000]], [false, false, true]],
    ['three a little longer than the window', [[0], [500], [1001]], [false, false, false]],
    ['the last three of many', [[0], [900], [1300], [1700]], [false, false, false, true]],
    ['the same PTS again', [[0], [200], [200], [210, { pts: 0.2 }]], [false, false, false, false]],
    ['the same frame again, under another PTS', [[0], [200], [400, { sequence: 2 }]], [false, false, false]],
    [
      'no PTS: by sequence',
      [
        [0, { pts: null }],
        [200, { pts: null }],
        [400, { pts: null }],
      ],
      [false, false, true],
    ],
    [
      'no PTS, and one frame twice',
      [
        [0, { pts: null }],
        [200, { pts: null, sequence: 2 }],
        [400, { pts: null, sequence: 2 }],
      ],
      [false, false, false],
    ],
    ['a PTS that is not a number: by sequence', [[0, { pts: Number.NaN }], [200], [400]], [false, false, true]],
    ['over a new connection', [[0], [200], [400, { connection: 2 }]], [false, false, false]],
    [
      'anew over the new connection',
      [[0], [200], [400, { connection: 2 }], [600, { connection: 2 }], [800, { connection: 2 }]],
      [false, false, false, false, true],
    ],
    // A connection's first frames are their own measure of delay: a backlog of 10 s may arrive with an age of nothing.
    [
      'a burst that was filmed over longer than the window',
      [
        [0, { pts: 0 }],
        [10, { pts: 2 }],
        [20, { pts: 4 }],
        [30, { pts: 6 }],
      ],
      [false, false, false, false],
    ],
    [
      'pictures whose PTS leaps back',
      [
        [0, { pts: 50 }],
        [200, { pts: 50.2 }],
        [400, { pts: 0 }],
      ],
      [false, false, false],
    ],
    ['pictures out of order', [[400], [200], [0]], [false, false, false]],
    ['each picture once only', [[0], [200], [400], [600], [800], [1000]], [false, false, true, false, false, true]],
    [
      'a picture that confirmed already, again',
      [[0], [200], [400], [400], [200], [0]],
      [false, false, true, false, false, false],
    ],
  ])('%s', (_, pictures, expected) => {
    expect(confirmations(pictures)).toEqual(expected);
  });

  it('takes one picture where one is asked for, and not the same one twice', () => {
    const one = { matches: 1, withinMs: 1000, maxAgeMs: 500 };
    expect(confirmations([[0], [0], [10, { pts: 0 }], [200]], one)).toEqual([true, false, false, true]);
  });

  it('keeps apart who is seen, and by which camera', () => {
    const confirmation = new Confirmation({ matches: 2, withinMs: 1000, maxAgeMs: 500 });
    const frame = (cameraId: string, atMs: number) =>
      fakeFrame({ cameraId, sequence: atMs, ptsSeconds: atMs / 1000, arrivedAtMs: atMs });
    expect(confirmation.note('ada', frame('front', 100), 100)).toBe(false);
    expect(confirmation.note('bob', frame('front', 200), 200)).toBe(false);
    expect(confirmation.note('ada', frame('back', 300), 300)).toBe(false);
    expect(confirmation.note('ada', frame('front', 400), 400)).toBe(true);
    expect(confirmation.note('bob', frame('front', 500), 500)).toBe(true);
    expect(confirmation.note('ada', frame('back', 600), 600)).toBe(true);
  });
});
