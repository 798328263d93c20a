import type { Polygon } from '../pipeline/polygon.ts';

/** A rectangle in shares of width and height, 0..1. */
export interface MaskBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** More filters than this make a picture late, and a command line long. */
const MOST_BOXES = 400;
/** Bands of a polygon that no few rectangles cover. */
const MOST_BANDS = 90;

/**
 * Rectangles that cover polygons: every point of a polygon lies in one, and where its edges are slanted a little more than
 * the polygon is covered. A rectangle becomes one, anything else a stack of bands from its leftmost to its rightmost point.
 */
export function maskBoxes(polygons: readonly Polygon[]): MaskBox[] {
  const bands = Math.max(4, Math.min(MOST_BANDS, Math.floor(MOST_BOXES / Math.max(1, polygons.length))));
  return polygons.flatMap((polygon) => boxesOf(polygon, bands));
}

function boxesOf(polygon: Polygon, bands: number): MaskBox[] {
  const ys = polygon.map(([, y]) => y);
  const [top, bottom] = [Math.min(...ys), Math.max(...ys)];
  const boxes: MaskBox[] = [];
  for (let band = 0; band < bands; band += 1) {
    const y = top + ((bottom - top) * band) / bands;
    const end = top + ((bottom - top) * (band + 1)) / bands;
    const [left, right] = extent(polygon, y, end);
    if (left >= right) continue;
    const above = boxes.at(-1);
    if (above && above.x === left && above.width === right - left) {
      boxes[boxes.length - 1] = { ...above, height: end - above.y };
    } else boxes.push({ x: left, y, width: right - left, height: end - y });
  }
  return boxes;
}

/** Leftmost and rightmost x of the polygon's edges between two heights. */
function extent(polygon: Polygon, top: number, bottom: number): [left: number, right: number] {
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (const [i, [x2, y2]] of polygon.entries()) {
    const [x1, y1] = polygon[(i + polygon.length - 1) % polygon.length]!;
    if (Math.max(y1, y2) < top || Math.min(y1, y2) > bottom) continue;
    const at = (y: number) => (y1 === y2 ? x1 : x1 + ((clamp(y, y1, y2) - y1) * (x2 - x1)) / (y2 - y1));
    const ends = y1 === y2 ? [x1, x2] : [at(top), at(bottom)];
    left = Math.min(left, ...ends);
    right = Math.max(right, ...ends);
  }
  return [left, right];
}

function clamp(value: number, a: number, b: number): number {
  return Math.min(Math.max(value, Math.min(a, b)), Math.max(a, b));
}
