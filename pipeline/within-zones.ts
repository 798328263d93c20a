import type { Detection } from './face.ts';
import type { PixelImage } from './pixel-image.ts';
import { isInside, type Polygon } from './polygon.ts';

/**
 * The faces that count: those whose box has its centre in one of the zones. Without a zone all do.
 *
 * @param faces boxes in pixels of a picture of `size`; their order is kept.
 */
export function withinZones<Face extends Pick<Detection, 'box'>>(
  faces: readonly Face[],
  size: Pick<PixelImage, 'width' | 'height'>,
  zones: readonly Polygon[],
): readonly Face[] {
  if (zones.length === 0) return faces;
  return faces.filter(({ box: [x1, y1, x2, y2] }) => {
    const x = (x1 + x2) / 2 / size.width;
    const y = (y1 + y2) / 2 / size.height;
    return zones.some((zone) => isInside(zone, x, y));
  });
}
