import { type Candidate, fiveLandmarks, hasFiniteValues } from './candidate.ts';
import type { Size } from './letterbox.ts';

/** What the network says of the anchors of one feature map: row by row, a cell's anchors together. */
export interface ScrfdLevel {
  /** Side of a cell, pixels of the network's input. */
  readonly step: number;
  /** Shape [anchors, 1], 0..1. */
  readonly confidence: Float32Array;
  /** Shape [anchors, 4]: from the anchor to the left, top, right and bottom side, in cells. */
  readonly boxes: Float32Array;
  /** Shape [anchors, 10]: points from the anchor, in cells. */
  readonly landmarks: Float32Array;
}

/**
 * Turns the anchors that reach `threshold` into boxes and landmarks. An anchor stands at its cell's top left corner, not in
 * its middle: so the network was trained (insightface, detection/scrfd). What is not finite is no face.
 */
export function decodeScrfd(
  levels: readonly ScrfdLevel[],
  anchorsPerCell: number,
  canvas: Size,
  threshold: number,
): Candidate[] {
  const found: Candidate[] = [];
  for (const { step, confidence, boxes, landmarks } of levels) {
    const columns = Math.ceil(canvas.width / step);
    for (let index = 0; index < confidence.length; index++) {
      const faceConfidence = confidence[index]!;
      if (!(faceConfidence >= threshold)) continue;
      const cell = Math.floor(index / anchorsPerCell);
      const x = (cell % columns) * step;
      const y = Math.floor(cell / columns) * step;
      const b = 4 * index;
      const l = 10 * index;
      const candidate: Candidate = {
        box: [x - boxes[b]! * step, y - boxes[b + 1]! * step, x + boxes[b + 2]! * step, y + boxes[b + 3]! * step],
        landmarks: fiveLandmarks((k) => [x + landmarks[l + 2 * k]! * step, y + landmarks[l + 2 * k + 1]! * step]),
        confidence: faceConfidence,
      };
      if (hasFiniteValues(candidate)) found.push(candidate);
    }
  }
  return found;
}
