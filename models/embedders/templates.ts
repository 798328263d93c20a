import type { Point } from '../../pipeline/face.ts';
import type { EmbedderEntry } from '../catalog.ts';

/** Where the five points of an upright face lie in the crop that an embedder was trained on. */
export interface AlignmentTemplate {
  /** Side of the crop that the points are given for, pixels. */
  readonly side: number;
  /** Left eye, right eye, nose, mouth left, mouth right. */
  readonly points: readonly [Point, Point, Point, Point, Point];
  /** From the eyebrows to below the mouth, eight ninths as wide as high: where the face is, without what is around it. */
  readonly face: { readonly left: number; readonly top: number; readonly width: number };
}

export const TEMPLATES: Readonly<Record<EmbedderEntry['embedding']['alignment'], AlignmentTemplate>> = {
  /** Deng et al. 2019, as in insightface. */
  arcface: {
    side: 112,
    points: [
      [38.2946, 51.6963],
      [73.5318, 51.5014],
      [56.0252, 71.7366],
      [41.5493, 92.3655],
      [70.7299, 92.2041],
    ],
    face: { left: 24, top: 32, width: 64 },
  },
  /** The mean face of dlib's `get_face_chip_details` with its padding of 0.25: eye centres, points 30, 48 and 54. */
  dlib: {
    side: 150,
    points: [
      [47.55, 46.6],
      [100.48, 46.6],
      [74.01, 76.56],
      [50.41, 103.02],
      [97.61, 103.02],
    ],
    face: { left: 26, top: 17, width: 96 },
  },
};
