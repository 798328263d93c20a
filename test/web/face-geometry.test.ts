import { describe, expect, it } from 'vitest';
import {
  boxInArea,
  cropAround,
  fitPicture,
  overlap,
  placeLabel,
  pointInArea,
} from '../../web/src/wall/face-geometry.ts';

describe('fitPicture', () => {
  it.each([
    ['the same shape', { width: 1280, height: 720 }, { width: 640, height: 360 }, { scale: 0.5, dx: 0, dy: 0 }],
    [
      'a taller area: bars above and below',
      { width: 1280, height: 720 },
      { width: 640, height: 640 },
      { scale: 0.5, dx: 0, dy: 140 },
    ],
    [
      'a wider area: bars at the sides',
      { width: 640, height: 480 },
      { width: 640, height: 240 },
      { scale: 0.5, dx: 160, dy: 0 },
    ],
    [
      'a small picture in a large area',
      { width: 320, height: 180 },
      { width: 640, height: 360 },
      { scale: 2, dx: 0, dy: 0 },
    ],
  ])('%s', (_, picture, area, fit) => {
    expect(fitPicture(picture, area)).toEqual(fit);
  });
});

it('puts boxes and points where the picture lies', () => {
  const fit = { scale: 0.5, dx: 10, dy: 140 };
  expect(boxInArea([100, 200, 180, 300], fit)).toEqual({ x: 60, y: 240, width: 40, height: 50 });
  expect(pointInArea([100, 200], fit)).toEqual([60, 240]);
});

it('knows how much two rectangles share', () => {
  const a = { x: 0, y: 0, width: 10, height: 10 };
  expect(overlap(a, { x: 5, y: 6, width: 10, height: 10 })).toBe(20);
  expect(overlap(a, { x: 10, y: 0, width: 5, height: 5 })).toBe(0);
});

describe('placeLabel', () => {
  const area = { width: 400, height: 300 };
  const label = { width: 80, height: 20 };
  const box = { x: 100, y: 100, width: 50, height: 60 };

  it('stands above the box', () => {
    expect(placeLabel(box, label, area, [])).toEqual({ x: 100, y: 80, ...label });
  });

  it('goes below a box at the top edge', () => {
    expect(placeLabel({ ...box, y: 5 }, label, area, [])).toEqual({ x: 100, y: 65, ...label });
  });

  it('keeps clear of another label', () => {
    const other = { x: 90, y: 75, width: 80, height: 20 };
    expect(overlap(placeLabel(box, label, area, [other]), other)).toBe(0);
  });

  it('keeps clear of another face', () => {
    const other = { x: 140, y: 40, width: 50, height: 60 };
    expect(overlap(placeLabel(box, label, area, [], [other]), other)).toBe(0);
  });

  it.each([
    [{ x: 0, y: 0, width: 30, height: 30 }],
    [{ x: 380, y: 0, width: 20, height: 20 }],
    [{ x: 380, y: 280, width: 20, height: 20 }],
    [{ x: 0, y: 0, width: 400, height: 300 }],
  ])('stays within the area for a box at %o', (at) => {
    const place = placeLabel(at, label, area, []);
    expect(place.x).toBeGreaterThanOrEqual(0);
    expect(place.y).toBeGreaterThanOrEqual(0);
    expect(place.x + place.width).toBeLessThanOrEqual(area.width);
    expect(place.y + place.height).toBeLessThanOrEqual(area.height);
  });
});

describe('cropAround', () => {
  it('takes the face with its surroundings', () => {
    expect(cropAround([100, 100, 200, 200], { width: 1000, height: 1000 }, 0.4)).toEqual({
      x: 60,
      y: 60,
      width: 180,
      height: 180,
    });
  });

  it('ends at the picture’s edges', () => {
    expect(cropAround([0, 10, 100, 110], { width: 120, height: 120 }, 0.5)).toEqual({
      x: 0,
      y: 0,
      width: 120,
      height: 120,
    });
  });
});
