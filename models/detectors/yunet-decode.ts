import { type Candidate, fiveLandmarks, hasFiniteValues } from './candidate.ts';
import type { Size } from './letterbox.ts';

/** What the network says of the cells of one feature map, row by row. */
export interface YuNetLevel {
  /** Side of a cell, pixels of the network's input. */
  readonly step: number;
  /** Shape [cells, 1]: a face rather than anything else, 0..1. */
  readonly face: Float32Array;
  /** Shape [cells, 1]: how well the box sits, 0..1. */
  readonly object: Float32Array;
  /** Shape [cells, 4]: centre from the cell's corner in cells, logarithm of width and height in cells. */
  readonly boxes: Float32Array;
  /** Shape [cells, 10]: points from the cell's corner, in cells. */
  readonly landmarks: Float32Array;
}

/**
 * Turns the cells whose confidence √(face · object) reaches `threshold` into boxes and landmarks, as OpenCV's FaceDetectorYN
 * does. What is not finite is no face.
 */
export function decodeYuNet(levels: readonly YuNetLevel[], canvas: Size, threshold: number): Candidate[] {
  const found: Candidate[] = [];
  for (const { step, face, object, boxes, landmarks } of levels) {
    const columns = Math.ceil(canvas.width / step);
    for (let cell = 0; cell < face.length; cell++) {
      const confidence = Math.sqrt(clamp01(face[cell]!) * clamp01(object[cell]!));
      if (!(confidence >= threshold)) continue;
      const column = cell % columns;
      const row = Math.floor(cell / columns);
      const b = 4 * cell;
      const centreX = (column + boxes[b]!) * step;
      const centreY = (row + boxes[b + 1]!) * step;
      const halfWidth = (Math.exp(boxes[b + 2]!) * step) / 2;
      const halfHeight = (Math.exp(boxes[b + 3]!) * step) / 2;
      const l = 10 * cell;
      const candidate: Candidate = {
        box: [centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight],
        landmarks: fiveLandmarks((k) => [
          (column + landmarks[l + 2 * k]!) * step,
          (row + landmarks[l + 2 * k + 1]!) * step,
        ]),
        confidence,
      };
      if (hasFiniteValues(candidate)) found.push(candidate);
    }
  }
  return found;
}

function clamp01(value: number): number {
  return Math.min(1, Math.max(0, value));
}
