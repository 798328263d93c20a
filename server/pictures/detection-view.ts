import type { AnalysedFace, Box, Point } from '../../pipeline/face.ts';

type IntPoint = [number, number];
type IntBox = [number, number, number, number];

export interface DetectionView {
  bbox: IntBox;
  keypoints: Record<'left_eye' | 'right_eye' | 'nose' | 'mouth_left' | 'mouth_right', IntPoint>;
  confidence: number;
  /** What the configured scorers said; there where there are any. */
  scores?: AnalysedFace['scores'];
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** A face in the words of `/detect` (SHAPES.md §1): whole pixels, the box within the picture. */
export function detectionView(face: AnalysedFace, size: Size): DetectionView {
  const { box, landmarks, confidence } = face;
  return {
    bbox: intBox(box, size),
    keypoints: {
      left_eye: intPoint(landmarks.leftEye),
      right_eye: intPoint(landmarks.rightEye),
      nose: intPoint(landmarks.nose),
      mouth_left: intPoint(landmarks.mouthLeft),
      mouth_right: intPoint(landmarks.mouthRight),
    },
    confidence,
    ...scoresOf(face),
  };
}

export function scoresOf({ scores }: Pick<AnalysedFace, 'scores'>): Pick<DetectionView, 'scores'> {
  return Object.keys(scores).length > 0 ? { scores } : {};
}

export function intBox([x1, y1, x2, y2]: Box, { width, height }: Size): IntBox {
  const within = (value: number, max: number) => Math.min(Math.max(Math.round(value), 0), max);
  return [within(x1, width), within(y1, height), within(x2, width), within(y2, height)];
}

// Not clamped: a mouth beyond the edge is where it is. Adding 0 turns −0 into 0.
const intPoint = ([x, y]: Point): IntPoint => [Math.round(x) + 0, Math.round(y) + 0];
