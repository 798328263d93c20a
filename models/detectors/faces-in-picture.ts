import type { Detection, Point } from '../../pipeline/face.ts';
import { type Candidate, fiveLandmarks } from './candidate.ts';
import { clampBox } from './clamp-box.ts';
import type { DetectOptions } from './face-detector.ts';
import type { Letterbox, Size } from './letterbox.ts';
import { suppressOverlaps } from './suppress-overlaps.ts';

/**
 * What is left of the candidates of one picture when each face is there once, in pixels of the picture.
 *
 * @returns best first; boxes are clamped to the picture, landmarks are not.
 */
export function facesInPicture(
  candidates: readonly Candidate[],
  picture: Size,
  boxed: Letterbox,
  options: Pick<DetectOptions, 'nms' | 'maxFaces'>,
): Detection[] {
  const scaleX = picture.width / boxed.content.width;
  const scaleY = picture.height / boxed.content.height;
  const scaled = ([x, y]: Point): Point => [x * scaleX, y * scaleY];
  const found: Detection[] = [];
  for (const { box, landmarks, confidence } of suppressOverlaps(candidates, options.nms, options.maxFaces)) {
    const clamped = clampBox([...scaled([box[0], box[1]]), ...scaled([box[2], box[3]])], picture);
    const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
    const points = [leftEye, rightEye, nose, mouthLeft, mouthRight];
    if (clamped) found.push({ box: clamped, landmarks: fiveLandmarks((k) => scaled(points[k]!)), confidence });
  }
  return found;
}
