import type { Box } from '../pipeline/face.ts';
import type { Frame } from '../pipeline/frame.ts';
import { takenAtMs } from './judge-frame.ts';

/** A face that walks moves by more than half its width between two frames of a slow camera. */
const SAME_PLACE_IOU = 0.2;

/** Where, in the pictures of a short while, there were faces that somebody was recognised by. */
export class RecentBoxes {
  readonly #withinMs: number;
  #boxes: { readonly cameraId: string; readonly takenAtMs: number; readonly box: Box }[] = [];

  /** @param withinMs how long a face's place is remembered, in the time the pictures were taken. */
  constructor(withinMs: number) {
    this.#withinMs = withinMs;
  }

  note(frame: Frame, box: Box): void {
    const at = takenAtMs(frame);
    this.#boxes = this.#boxes.filter((other) => at - other.takenAtMs <= this.#withinMs);
    this.#boxes.push({ cameraId: frame.cameraId, takenAtMs: at, box });
  }

  /** Whether `box` overlaps a noted one of that camera, taken at most `withinMs` apart. */
  covers(frame: Frame, box: Box): boolean {
    const at = takenAtMs(frame);
    return this.#boxes.some(
      (other) =>
        other.cameraId === frame.cameraId &&
        Math.abs(at - other.takenAtMs) <= this.#withinMs &&
        intersectionOverUnion(other.box, box) >= SAME_PLACE_IOU,
    );
  }
}

/** 0..1; NaN for boxes of no area or with coordinates that are not numbers. */
function intersectionOverUnion(a: Box, b: Box): number {
  const width = Math.max(0, Math.min(a[2], b[2]) - Math.max(a[0], b[0]));
  const height = Math.max(0, Math.min(a[3], b[3]) - Math.max(a[1], b[1]));
  const both = width * height;
  return both / (areaOf(a) + areaOf(b) - both);
}

function areaOf([x1, y1, x2, y2]: Box): number {
  return (x2 - x1) * (y2 - y1);
}
