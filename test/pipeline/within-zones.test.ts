import { describe, expect, it } from 'vitest';
import type { Polygon } from '../../pipeline/polygon.ts';
import { withinZones } from '../../pipeline/within-zones.ts';

const SIZE = { width: 200, height: 100 };
const LEFT: Polygon = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
];
/** A box around a point, in pixels. */
const around = (x: number, y: number) => ({ box: [x - 10, y - 10, x + 10, y + 10] as const });

describe('the faces within the zones', () => {
  it('are all of them where there is no zone', () => {
    const faces = [around(10, 10), around(190, 90)];
    expect(withinZones(faces, SIZE, [])).toBe(faces);
  });

  it('are those whose box has its centre in one, in their order', () => {
    const [a, b, c] = [around(95, 50), around(105, 50), around(20, 99)];
    expect(withinZones([a!, b!, c!], SIZE, [LEFT])).toEqual([a, c]);
  });

  it('may be in any of several', () => {
    const right: Polygon = [
      [0.9, 0.9],
      [1, 0.9],
      [1, 1],
    ];
    const [a, b] = [around(198, 92), around(150, 50)];
    expect(withinZones([a!, b!], SIZE, [LEFT, right])).toEqual([a]);
  });

  it.each<[string, Polygon, [number, number], boolean]>([
    [
      'a notch of a concave zone',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0.2],
        [0, 1],
      ],
      [100, 60],
      false,
    ],
    [
      'beside the notch',
      [
        [0, 0],
        [1, 0],
        [1, 1],
        [0.5, 0.2],
        [0, 1],
      ],
      [100, 10],
      true,
    ],
    [
      'on the level of a corner',
      [
        [0, 0.5],
        [0.5, 0],
        [1, 0.5],
        [0.5, 1],
      ],
      [100, 50],
      true,
    ],
    [
      'on that level, outside',
      [
        [0.2, 0.5],
        [0.5, 0],
        [0.8, 0.5],
        [0.5, 1],
      ],
      [10, 50],
      false,
    ],
    [
      'where a zone crosses itself',
      [
        [0, 0],
        [1, 1],
        [1, 0],
        [0, 1],
      ],
      [100, 20],
      false,
    ],
  ])('a centre in %s', (_, zone, [x, y], inside) => {
    expect(withinZones([around(x, y)], SIZE, [zone])).toHaveLength(inside ? 1 : 0);
  });
});
