import type { Box } from '../../pipeline/face.ts';
import type { Size } from './letterbox.ts';

/** The part of `box` inside the picture; null where there is none. */
export function clampBox(box: Box, picture: Size): Box | null {
  const x1 = Math.max(0, box[0]);
  const y1 = Math.max(0, box[1]);
  const x2 = Math.min(picture.width, box[2]);
  const y2 = Math.min(picture.height, box[3]);
  return x2 > x1 && y2 > y1 ? [x1, y1, x2, y2] : null;
}
