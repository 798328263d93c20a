import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { cameraSchema } from '../../config/settings-schema.ts';
import type { Corner, Polygon } from '../../pipeline/polygon.ts';
import {
  type AreaKind,
  areasOf,
  beginArea,
  cancel,
  closeArea,
  type Drawing,
  draftProblem,
  MOST_AREAS,
  MOST_CORNERS,
  moveCorner,
  placeCorner,
  removeSelected,
  select,
  startDrawing,
  undo,
} from '../../web/src/areas/area-drawing.ts';
import { areasYaml } from '../../web/src/areas/areas-yaml.ts';

const SQUARE: Polygon = [
  [0.1, 0.1],
  [0.5, 0.1],
  [0.5, 0.5],
  [0.1, 0.5],
];
const TRIANGLE: Polygon = SQUARE.slice(0, 3);
const place = (drawing: Drawing, corners: Polygon) => corners.reduce<Drawing>(placeCorner, drawing);
const drawn = (kind: AreaKind, corners: Polygon, on = startDrawing([], [])) =>
  closeArea(place(beginArea(on, kind), corners));

describe('drawing', () => {
  it('makes an area of the corners, of the kind that was begun, and selects it', () => {
    const drawing = drawn('mask', SQUARE);
    expect(areasOf(drawing, 'mask')).toEqual([SQUARE]);
    expect(areasOf(drawing, 'zone')).toEqual([]);
    expect(drawing).toMatchObject({ draft: null, selected: { area: 0, corner: null } });
  });

  it('keeps several of both kinds apart', () => {
    const drawing = drawn('zone', TRIANGLE, drawn('mask', SQUARE, startDrawing([SQUARE], [])));
    expect(areasOf(drawing, 'zone')).toEqual([SQUARE, TRIANGLE]);
    expect(areasOf(drawing, 'mask')).toEqual([SQUARE]);
  });

  it('places nothing where nothing was begun', () => {
    const drawing = startDrawing([], []);
    expect(placeCorner(drawing, [0.5, 0.5])).toBe(drawing);
  });

  it('keeps corners within the picture, finer than a pixel', () => {
    const { draft } = place(beginArea(startDrawing([], []), 'zone'), [
      [-0.2, 1.3],
      [0.123456789, 0.5],
    ]);
    expect(draft?.corners).toEqual([
      [0, 1],
      [0.1235, 0.5],
    ]);
  });

  it('takes a double click for one corner', () => {
    const drawing = place(beginArea(startDrawing([], []), 'zone'), [
      [0.1, 0.1],
      [0.1, 0.1],
    ]);
    expect(drawing.draft?.corners).toHaveLength(1);
  });

  it.each<[string, Polygon, RegExp]>([
    ['two corners', SQUARE.slice(0, 2), /three corners/],
    [
      'three on a line',
      [
        [0.1, 0.1],
        [0.2, 0.2],
        [0.3, 0.3],
      ],
      /enclose nothing/,
    ],
  ])('does not close %s, and says why', (_, corners, why) => {
    const drawing = place(beginArea(startDrawing([], []), 'zone'), corners);
    expect(draftProblem(drawing)).toMatch(why);
    expect(closeArea(drawing)).toBe(drawing);
  });

  it('has no more areas and corners than the server takes', () => {
    const full = startDrawing(Array(MOST_AREAS).fill(SQUARE), []);
    expect(beginArea(full, 'zone')).toBe(full);
    expect(beginArea(full, 'mask').draft).not.toBeNull();
    const around = (i: number) => (2 * Math.PI * i) / (MOST_CORNERS + 5);
    const many = Array.from(
      { length: MOST_CORNERS + 5 },
      (_, i): Corner => [0.5 + 0.4 * Math.cos(around(i)), 0.5 + 0.4 * Math.sin(around(i))],
    );
    expect(place(beginArea(startDrawing([], []), 'zone'), many).draft?.corners).toHaveLength(MOST_CORNERS);
    const schema = cameraSchema.pick({ zones: true });
    expect(schema.safeParse({ zones: Array(MOST_AREAS).fill(SQUARE) }).success).toBe(true);
    expect(schema.safeParse({ zones: Array(MOST_AREAS + 1).fill(SQUARE) }).success).toBe(false);
    expect(schema.safeParse({ zones: [many.slice(0, MOST_CORNERS)] }).success).toBe(true);
    expect(schema.safeParse({ zones: [many] }).success).toBe(false);
  });
});

describe('changing', () => {
  const both = startDrawing([SQUARE], [TRIANGLE]);

  it('moves one corner, and no other', () => {
    const drawing = moveCorner(both, 0, 2, [0.9, 2], true);
    expect(areasOf(drawing, 'zone')).toEqual([SQUARE.with(2, [0.9, 1])]);
    expect(areasOf(drawing, 'mask')).toEqual([TRIANGLE]);
  });

  it('removes the selected corner, and the area where too few are left', () => {
    const three = removeSelected(select(both, 0, 3));
    expect(areasOf(three, 'zone')).toEqual([TRIANGLE]);
    expect(areasOf(removeSelected(select(three, 0, 0)), 'zone')).toEqual([]);
  });

  it('removes the selected area as a whole', () => {
    expect(removeSelected(select(both, 1)).areas).toEqual(both.areas.slice(0, 1));
  });

  it('removes nothing where nothing is selected', () => {
    expect(removeSelected(both)).toBe(both);
  });

  it('takes back the last corner of what is drawn, then none', () => {
    const one = place(beginArea(both, 'zone'), [[0.2, 0.2]]);
    const none = removeSelected(one);
    expect(none.draft?.corners).toEqual([]);
    expect(removeSelected(none)).toBe(none);
  });

  it('drops what is drawn, or else the selection', () => {
    const drawing = place(beginArea(both, 'zone'), SQUARE);
    expect(cancel(drawing)).toMatchObject({ draft: null, areas: both.areas });
    expect(cancel(select(both, 0)).selected).toBeNull();
  });
});

describe('undo', () => {
  it('goes back step by step, to how it was', () => {
    const start = startDrawing([SQUARE], []);
    let drawing = removeSelected(select(drawn('mask', TRIANGLE, start), 0));
    expect(drawing.areas).toHaveLength(1);
    drawing = undo(drawing);
    expect(drawing.areas).toHaveLength(2);
    drawing = undo(drawing);
    expect(drawing.draft?.corners).toEqual(TRIANGLE);
    for (let i = 0; i < 5; i += 1) drawing = undo(drawing);
    expect(drawing.areas).toEqual(start.areas);
    expect(undo(drawing)).toBe(drawing);
  });

  it('takes a whole movement back, not its steps', () => {
    let drawing = moveCorner(startDrawing([SQUARE], []), 0, 0, [0.2, 0.2], true);
    for (const x of [0.21, 0.22, 0.23]) drawing = moveCorner(drawing, 0, 0, [x, 0.2], false);
    expect(areasOf(undo(drawing), 'zone')).toEqual([SQUARE]);
  });

  it('brings back what was dropped', () => {
    const drawing = place(beginArea(startDrawing([], []), 'zone'), SQUARE);
    expect(undo(cancel(drawing)).draft?.corners).toEqual(SQUARE);
  });
});

it('writes lines that the configuration takes', () => {
  const yaml = areasYaml('front', [SQUARE, TRIANGLE], []);
  const { cameras } = parse(yaml);
  expect(cameras).toEqual([{ id: 'front', zones: [SQUARE, TRIANGLE], masks: [] }]);
  expect(cameraSchema.safeParse({ ...cameras[0], url: 'rtsp://h/s' }).success).toBe(true);
});
