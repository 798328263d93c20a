import type { Detection, Point, UnfitReason } from '../../pipeline/face.ts';
import type { Size } from '../detectors/letterbox.ts';

/**
 * Why a face is not worth embedding, from its box and landmarks alone; null where nothing speaks against it.
 *
 * @param minFacePx narrowest box that counts, pixels of the picture.
 */
export function unfitByGeometry(face: Detection, picture: Size, minFacePx: number): UnfitReason | null {
  if (face.box[2] - face.box[0] < minFacePx) return 'too_small';
  const { leftEye, rightEye, nose, mouthLeft, mouthRight } = face.landmarks;
  const inside = ([x, y]: Point) => x >= 0 && y >= 0 && x <= picture.width && y <= picture.height;
  if (![leftEye, rightEye, nose, mouthLeft, mouthRight].every(inside)) return 'cut_off';
  return isTurnedAway(face) ? 'turned_away' : null;
}

/** How far, in distances between the eyes, the nose may stand outside them. */
const NOSE_OUTSIDE = 0.75;
/** Distance between the eyes over the distance from eyes to mouth: about 1 from the front, near 0 in profile. */
const NARROWEST_EYES = 0.25;

/**
 * Profiles only: a nose clearly outside the eyes, or eyes nearly in line. Deliberately lenient: what it lets through is
 * still judged by the embedder's own quality.
 */
function isTurnedAway({ landmarks }: Detection): boolean {
  const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
  const [eyesX, eyesY] = [rightEye[0] - leftEye[0], rightEye[1] - leftEye[1]];
  const eyes = Math.hypot(eyesX, eyesY);
  const down = Math.hypot(
    (mouthLeft[0] + mouthRight[0] - leftEye[0] - rightEye[0]) / 2,
    (mouthLeft[1] + mouthRight[1] - leftEye[1] - rightEye[1]) / 2,
  );
  if (eyes < NARROWEST_EYES * down) return true;
  const along = ((nose[0] - leftEye[0]) * eyesX + (nose[1] - leftEye[1]) * eyesY) / (eyes * eyes);
  return along < -NOSE_OUTSIDE || along > 1 + NOSE_OUTSIDE;
}
