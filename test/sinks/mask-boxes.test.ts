import { describe, expect, it } from 'vitest';
import { isInside, type Polygon } from '../../pipeline/polygon.ts';
import { maskBoxes } from '../../sinks/mask-boxes.ts';
import { randomNumbers } from '../support/random-numbers.ts';

const covered = (boxes: ReturnType<typeof maskBoxes>, x: number, y: number) =>
  boxes.some((box) => x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height);

describe('the rectangles of a mask', () => {
  it('are one for a rectangle', () => {
    const [box, ...more] = maskBoxes([
      [
        [0.1, 0.2],
        [0.5, 0.2],
        [0.5, 0.6],
        [0.1, 0.6],
      ],
    ]);
    expect(more).toEqual([]);
    expect(box).toEqual({ x: 0.1, y: 0.2, width: 0.4, height: expect.closeTo(0.4) });
  });

  it('are none for nothing', () => {
    expect(maskBoxes([])).toEqual([]);
  });

  it('cover every point of any polygon', () => {
    const random = randomNumbers(7);
    for (let n = 0; n < 60; n += 1) {
      const polygon: Polygon = Array.from({ length: 3 + (n % 6) }, () => [random(), random()]);
      const boxes = maskBoxes([polygon]);
      for (let i = 0; i < 400; i += 1) {
        const [x, y] = [random(), random()];
        if (isInside(polygon, x, y)) expect(covered(boxes, x, y), JSON.stringify({ polygon, x, y })).toBe(true);
      }
    }
  });

  it('cover little more than a triangle', () => {
    const area = maskBoxes([
      [
        [0, 0],
        [1, 0],
        [0, 1],
      ],
    ]).reduce((sum, { width, height }) => sum + width * height, 0);
    expect(area).toBeGreaterThanOrEqual(0.5);
    expect(area).toBeLessThan(0.52);
  });

  it('stay few for many polygons', () => {
    const triangle: Polygon = [
      [0, 0],
      [1, 0],
      [0, 1],
    ];
    expect(maskBoxes(Array.from({ length: 50 }, () => triangle)).length).toBeLessThanOrEqual(400);
  });
});
