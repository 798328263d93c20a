import type { Detection, Point, QualityParts } from '../../pipeline/face.ts';
import type { Size } from '../detectors/letterbox.ts';
import { type CurvePoints, piecewiseLinear } from '../piecewise-linear.ts';
import type { CropAppearance } from './crop-appearance.ts';

/** On every part's scale: from here down it speaks against the face. */
export const PART_GATE = 0.4;

/** A box so wide, pixels, fills an embedder's crop without being enlarged. */
const AMPLE_PX = 80;

/**
 * What the box and the landmarks say, before anything is embedded. No `pose` where the landmarks lie on one spot: aligning
 * refuses such a face.
 *
 * @param minFacePx narrowest box that counts, pixels of the picture; it lies at the gate.
 */
export function geometryParts(face: Detection, picture: Size, minFacePx: number): QualityParts {
  const { leftEye, rightEye, nose, mouthLeft, mouthRight } = face.landmarks;
  const inside = ([x, y]: Point) => x >= 0 && y >= 0 && x <= picture.width && y <= picture.height;
  const size: CurvePoints = [
    [0, 0],
    [minFacePx, PART_GATE],
    [Math.max(AMPLE_PX, 2 * minFacePx), 1],
  ];
  const pose = poseOf(face);
  return {
    size: piecewiseLinear(size, face.box[2] - face.box[0]),
    whole: [leftEye, rightEye, nose, mouthLeft, mouthRight].every(inside) ? 1 : 0,
    ...(pose !== null && { pose }),
  };
}

/** By how far, in distances between the eyes, the nose stands from their middle: a profile at the gate. */
const TURNED: CurvePoints = [
  [0.25, 1],
  [1.25, PART_GATE],
  [2.5, 0],
];
/** By the distance between the eyes over that from eyes to mouth: about 0.9 from the front, near 0 in profile. */
const NARROWED: CurvePoints = [
  [0, 0],
  [0.25, PART_GATE],
  [0.65, 1],
];

/** Deliberately lenient: what it lets through is still judged by the embedder's own signal. */
function poseOf({ landmarks }: Detection): number | null {
  const { leftEye, rightEye, nose, mouthLeft, mouthRight } = landmarks;
  const [eyesX, eyesY] = [rightEye[0] - leftEye[0], rightEye[1] - leftEye[1]];
  const eyes = Math.hypot(eyesX, eyesY);
  const down = Math.hypot(
    (mouthLeft[0] + mouthRight[0] - leftEye[0] - rightEye[0]) / 2,
    (mouthLeft[1] + mouthRight[1] - leftEye[1] - rightEye[1]) / 2,
  );
  if (!(eyes + down > 0)) return null;
  if (eyes === 0) return 0;
  // Along the line of the eyes, so that a tilted head does not count.
  const along = ((nose[0] - leftEye[0]) * eyesX + (nose[1] - leftEye[1]) * eyesY) / (eyes * eyes);
  const narrowed = down === 0 ? 1 : piecewiseLinear(NARROWED, eyes / down);
  return Math.min(piecewiseLinear(TURNED, Math.abs(along - 0.5)), narrowed);
}

// Where the points come from: docs/accuracy.md, "Fit to be recognised".

const DARK: CurvePoints = [
  [0, 0],
  [12, PART_GATE],
  [40, 0.8],
  [60, 1],
];
const BRIGHT: CurvePoints = [
  [205, 1],
  [242, PART_GATE],
  [255, 0],
];
const CONTRAST: CurvePoints = [
  [0, 0],
  [3, PART_GATE],
  [12, 1],
];
const EVENNESS: CurvePoints = [
  [0, 0],
  [0.1, PART_GATE],
  [0.55, 0.8],
  [0.8, 1],
];
const SHARPNESS: CurvePoints = [
  [0.3, 0],
  [1.3, PART_GATE],
  [2.8, 0.8],
  [4.5, 1],
];

/** What the pixels of the face say, whichever embedder looks at them. */
export function appearanceParts({ brightness, contrast, evenness, sharpness }: CropAppearance): QualityParts {
  // A face without contrast has drowned in the dark or in the light.
  const faint = piecewiseLinear(CONTRAST, contrast);
  const dark = brightness < 128;
  return {
    light: Math.min(piecewiseLinear(DARK, brightness), dark ? faint : 1),
    glare: Math.min(piecewiseLinear(BRIGHT, brightness), dark ? 1 : faint),
    evenness: piecewiseLinear(EVENNESS, evenness),
    sharpness: piecewiseLinear(SHARPNESS, sharpness),
  };
}
