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
  const inside = candidates.flatMap((candidate) => {
    const [x1, y1, x2, y2] = candidate.box;
    const clamped = clampBox([...scaled([x1, y1]), ...scaled([x2, y2])], picture);
    // Seen in the padding, or without an area: it must not take the place of a face.
    return clamped ? [{ ...candidate, clamped }] : [];
  });
  return suppressOverlaps(inside, options.nms, options.maxFaces).map(({ clamped, landmarks, confidence }) => {
    const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
    const points = [leftEye, rightEye, nose, mouthLeft, mouthRight];
    return { box: clamped, landmarks: fiveLandmarks((k) => scaled(points[k]!)), confidence };
  });
}
