import type { AnalysedFace } from '../pipeline/face.ts';
import type { PixelImage } from '../pipeline/pixel-image.ts';

/**
 * Whom an LFW picture is of: large and in the middle, area less twice the squared distance of the centres (pixels²), as
 * InsightFace's evaluation has it. Others stand at its edges.
 */
export function portrayedFace<T extends Pick<AnalysedFace, 'box'>>(
  faces: readonly T[],
  picture: Pick<PixelImage, 'width' | 'height'>,
): T | null {
  const worth = ({ box: [x1, y1, x2, y2] }: T) =>
    (x2 - x1) * (y2 - y1) - 2 * (((x1 + x2 - picture.width) / 2) ** 2 + ((y1 + y2 - picture.height) / 2) ** 2);
  return faces.reduce<T | null>((best, face) => (best === null || worth(face) > worth(best) ? face : best), null);
}
