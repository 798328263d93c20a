export interface Size {
  readonly width: number;
  readonly height: number;
}

/** left, top, width, height. */
export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** How a picture lies in an area: picture pixels times `scale`, moved by dx and dy. */
export interface Fit {
  readonly scale: number;
  readonly dx: number;
  readonly dy: number;
}

/** The whole picture, as large as the area takes it, in the middle. */
export function fitPicture(picture: Size, area: Size): Fit {
  const scale = Math.min(area.width / picture.width, area.height / picture.height);
  return { scale, dx: (area.width - picture.width * scale) / 2, dy: (area.height - picture.height * scale) / 2 };
}

/** x1, y1, x2, y2 of the picture as a rectangle of the area. */
export function boxInArea(box: readonly [number, number, number, number], fit: Fit): Rect {
  const [x1, y1, x2, y2] = box;
  return {
    x: fit.dx + x1 * fit.scale,
    y: fit.dy + y1 * fit.scale,
    width: (x2 - x1) * fit.scale,
    height: (y2 - y1) * fit.scale,
  };
}

export function pointInArea(point: readonly [number, number], fit: Fit): [x: number, y: number] {
  return [fit.dx + point[0] * fit.scale, fit.dy + point[1] * fit.scale];
}

/** Area that two rectangles share. */
export function overlap(a: Rect, b: Rect): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return width > 0 && height > 0 ? width * height : 0;
}

/** Square pixels of another face that a label may cover. */
const TOUCH = 30;

/**
 * Where a face's label goes: above its box, below, or inside; wholly within the area, and clear of the labels that are
 * there already, and of other faces, as far as there is room.
 */
export function placeLabel(
  box: Rect,
  label: Size,
  area: Size,
  taken: readonly Rect[],
  otherFaces: readonly Rect[] = [],
): Rect {
  const right = box.x + box.width - label.width;
  const below = box.y + box.height;
  const places: [number, number][] = [
    [box.x, box.y - label.height],
    [box.x, below],
    [right, box.y - label.height],
    [right, below],
    [box.x, below - label.height],
    [box.x, box.y],
    [box.x - label.width, box.y],
    [box.x + box.width, box.y],
    [box.x - label.width, below - label.height],
    [box.x + box.width, below - label.height],
    [box.x, below + label.height],
    [box.x, box.y - 2 * label.height],
  ];
  let best: Rect | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, [x, y]] of places.entries()) {
    const rect = {
      x: Math.max(0, Math.min(x, area.width - label.width)),
      y: Math.max(0, Math.min(y, area.height - label.height)),
      ...label,
    };
    // A label that had to be pushed back into the area covers its own face: worse than one beside it.
    const pushed = Math.abs(rect.x - x) + Math.abs(rect.y - y) > 0.5 ? overlap(rect, box) : 0;
    const onLabels = taken.reduce((sum, other) => sum + overlap(rect, other), 0);
    const onFaces = otherFaces.reduce((sum, other) => sum + overlap(rect, other), 0);
    // A touch is no reason to move: labels that jump from frame to frame cannot be read.
    const cost = onLabels * 4 + Math.max(0, onFaces - TOUCH) + pushed + index * 0.01;
    if (cost < least) {
      least = cost;
      best = rect;
    }
  }
  return best!;
}

/** The part of a picture around a face: the box grown by `margin` of its size on each side, within the picture. */
export function cropAround(box: readonly [number, number, number, number], picture: Size, margin: number): Rect {
  const [x1, y1, x2, y2] = box;
  const left = Math.max(0, Math.floor(x1 - (x2 - x1) * margin));
  const top = Math.max(0, Math.floor(y1 - (y2 - y1) * margin));
  const right = Math.min(picture.width, Math.ceil(x2 + (x2 - x1) * margin));
  const bottom = Math.min(picture.height, Math.ceil(y2 + (y2 - y1) * margin));
  return { x: left, y: top, width: Math.max(1, right - left), height: Math.max(1, bottom - top) };
}
