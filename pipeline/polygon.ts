/** A corner, in shares of the picture: [0, 0] is its top left, [1, 1] its bottom right. */
export type Corner = readonly [x: number, y: number];

/** A closed area: the last corner is joined to the first. Where it crosses itself, the even-odd rule decides. */
export type Polygon = readonly Corner[];

/** Whether a point, in shares of the picture like the corners, lies inside (even-odd rule; an edge on the left or top counts as inside). */
export function isInside(polygon: Polygon, x: number, y: number): boolean {
  let inside = false;
  let before = polygon.at(-1);
  for (const corner of polygon) {
    const [x1, y1] = before!;
    const [x2, y2] = corner;
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) * (x2 - x1)) / (y2 - y1)) inside = !inside;
    before = corner;
  }
  return inside;
}
