import type { Box } from '../../pipeline/face.ts';

/** A part of a picture in whole pixels: x1, y1 inclusive, x2, y2 exclusive. */
export interface Region {
  readonly x1: number;
  readonly y1: number;
  readonly x2: number;
  readonly y2: number;
}

/**
 * The part of a picture around a face that an anti-spoofing network was trained on: the box `times` as large, as far as
 * the picture allows, pushed inside where it would stand over the edge (minivision, Silent-Face-Anti-Spoofing). The
 * shape of the box is kept, so the crop is seldom square.
 *
 * @param box inside the picture.
 * @returns null where the box holds no pixel.
 */
export function cropAround(
  [x1, y1, x2, y2]: Box,
  picture: { readonly width: number; readonly height: number },
  times: number,
): Region | null {
  const [boxWidth, boxHeight] = [x2 - x1, y2 - y1];
  if (!(boxWidth > 0 && boxHeight > 0)) return null;
  const scale = Math.min(times, (picture.width - 1) / boxWidth, (picture.height - 1) / boxHeight);
  const [left, right] = inside((x1 + x2) / 2, boxWidth * scale, picture.width);
  const [top, bottom] = inside((y1 + y2) / 2, boxHeight * scale, picture.height);
  return right > left && bottom > top ? { x1: left, y1: top, x2: right, y2: bottom } : null;
}

/** A stretch of `length` around `middle`, moved so that it lies within 0..`most`, in whole pixels. */
function inside(middle: number, length: number, most: number): [from: number, to: number] {
  const from = Math.min(Math.max(0, middle - length / 2), most - length);
  return [Math.floor(from), Math.floor(from + length)];
}
