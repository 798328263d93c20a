import { AppError } from '../../config/app-error.ts';
import type { Landmarks } from '../../pipeline/face.ts';
import { fitSimilarity, invert, type SimilarityTransform } from './similarity-transform.ts';
import type { AlignmentTemplate } from './templates.ts';

/**
 * Where the pixels of an aligned crop lie in the picture: the least-squares similarity of the five landmarks to the
 * template (ArcFace, Deng et al. 2019), inverted.
 *
 * @param landmarks pixels of the picture, image-left eye first.
 * @param side of the crop, pixels; the template is scaled to it.
 * @throws {AppError} ALIGN_DEGENERATE when the landmarks are collinear, on one spot or not numbers.
 */
export function align(landmarks: Landmarks, template: AlignmentTemplate, side: number): SimilarityTransform {
  const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
  const scale = side / template.side;
  const toCrop = fitSimilarity(
    [leftEye, rightEye, nose, mouthLeft, mouthRight],
    template.points.map(([x, y]) => [x * scale, y * scale] as const),
  );
  if (toCrop) return invert(toCrop);
  const points = [leftEye, rightEye, nose, mouthLeft, mouthRight].map(
    (p) => `(${p.map((v) => v.toFixed(1)).join(', ')})`,
  );
  throw new AppError('ALIGN_DEGENERATE', `the five landmarks do not span a face: ${points.join(' ')}`);
}
