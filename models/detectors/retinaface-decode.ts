import type { RetinaFaceEntry } from '../catalog.ts';
import { type Candidate, fiveLandmarks, hasFiniteValues } from './candidate.ts';
import type { Size } from './letterbox.ts';

/** What the network says of every anchor: shapes [anchors, 4], [anchors, 2] (column 1: face) and [anchors, 10]. */
export interface RetinaFaceOutputs {
  readonly boxes: Float32Array;
  readonly confidence: Float32Array;
  readonly landmarks: Float32Array;
}

/** How many anchors the network has for an input of that size. */
export function anchorCount(anchors: RetinaFaceEntry['anchors'], canvas: Size): number {
  return levelsOf(anchors, canvas).reduce((sum, level) => sum + level.count, 0);
}

/**
 * Turns the outputs of the anchors above `threshold` into boxes and landmarks (Deng et al. 2019; SSD's encoding with
 * variances). Anchors lie level by level, row by row, a cell's sizes together; each is computed from its index, so that
 * nothing is kept per shape. What is not finite is no face.
 */
export function decodeRetinaFace(
  outputs: RetinaFaceOutputs,
  canvas: Size,
  anchors: RetinaFaceEntry['anchors'],
  threshold: number,
): Candidate[] {
  const { boxes, confidence, landmarks } = outputs;
  const [positionVariance, sizeVariance] = anchors.variances;
  const found: Candidate[] = [];
  let index = 0;
  for (const { step, sizes, columns, count } of levelsOf(anchors, canvas)) {
    for (const last = index + count, first = index; index < last; index++) {
      const faceConfidence = confidence[2 * index + 1]!;
      if (!(faceConfidence >= threshold)) continue;
      const cell = Math.floor((index - first) / sizes.length);
      const size = sizes[(index - first) % sizes.length]!;
      const anchorX = ((cell % columns) + 0.5) * step;
      const anchorY = (Math.floor(cell / columns) + 0.5) * step;
      const reach = positionVariance * size;
      const b = 4 * index;
      const centreX = anchorX + boxes[b]! * reach;
      const centreY = anchorY + boxes[b + 1]! * reach;
      const halfWidth = (size * Math.exp(boxes[b + 2]! * sizeVariance)) / 2;
      const halfHeight = (size * Math.exp(boxes[b + 3]! * sizeVariance)) / 2;
      const l = 10 * index;
      const candidate: Candidate = {
        box: [centreX - halfWidth, centreY - halfHeight, centreX + halfWidth, centreY + halfHeight],
        landmarks: fiveLandmarks((k) => [
          anchorX + landmarks[l + 2 * k]! * reach,
          anchorY + landmarks[l + 2 * k + 1]! * reach,
        ]),
        confidence: faceConfidence,
      };
      if (hasFiniteValues(candidate)) found.push(candidate);
    }
  }
  return found;
}

interface Level {
  readonly step: number;
  readonly sizes: readonly number[];
  readonly columns: number;
  readonly count: number;
}

function levelsOf(anchors: RetinaFaceEntry['anchors'], canvas: Size): Level[] {
  return anchors.steps.map((step, at) => {
    const sizes = anchors.minSizes[at]!;
    const columns = Math.ceil(canvas.width / step);
    return { step, sizes, columns, count: columns * Math.ceil(canvas.height / step) * sizes.length };
  });
}
