import type { Box, Landmarks, Point } from '../../pipeline/face.ts';

/** What a network takes for a face, in pixels of the network's input; not clamped. */
export interface Candidate {
  readonly box: Box;
  readonly landmarks: Landmarks;
  /** 0..1. */
  readonly confidence: number;
}

/** @param point the k-th of the five, in the order in which all our detectors give them: eyes, nose, corners of the mouth. */
export function fiveLandmarks(point: (k: number) => Point): Landmarks {
  return { leftEye: point(0), rightEye: point(1), nose: point(2), mouthLeft: point(3), mouthRight: point(4) };
}

/** A box or point that is not finite is no face: numbers of a network may overflow. */
export function hasFiniteValues({ box, landmarks }: Candidate): boolean {
  return [...box, ...Object.values(landmarks).flat()].every(Number.isFinite);
}
