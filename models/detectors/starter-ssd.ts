import type { Box, Detection } from '../../pipeline/face.ts';
import type { StarterDetectorEntry } from '../catalog.ts';
import type { Session } from '../runtime/session.ts';
import { clampBox } from './clamp-box.ts';
import { type DetectedPicture, LetterboxedDetector } from './letterboxed-detector.ts';
import { LetterboxedInput } from './letterboxed-input.ts';
import type { StarterLandmarks } from './starter-landmarks.ts';
import { suppressOverlaps } from './suppress-overlaps.ts';

/**
 * The starter set's detector: SSD MobileNet v1 for the boxes, then the landmarks network on each. Slower and coarser than
 * RetinaFace, but built from what the npm registry alone can give.
 */
export class StarterSsdDetector extends LetterboxedDetector {
  readonly #landmarks: StarterLandmarks;
  readonly #entry: StarterDetectorEntry;

  constructor(session: Session, entry: StarterDetectorEntry, landmarks: StarterLandmarks) {
    const { mean, std, size } = entry.input;
    const input = new LetterboxedInput(session, entry.input, {
      longestSide: size?.[0] ?? 512,
      // Black, as in training.
      padding: [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]],
      // Enlarged, this network misses a face in ten of LFW's pictures of 250 px.
      enlarge: false,
    });
    super(session, input);
    this.#landmarks = landmarks;
    this.#entry = entry;
  }

  protected async decode({ image, options, outputs, boxed }: DetectedPicture): Promise<Detection[]> {
    const boxes = outputs[this.#entry.outputs.boxes]!;
    const confidence = outputs[this.#entry.outputs.confidence]!;
    const scaleX = image.width / boxed.content.width;
    const scaleY = image.height / boxed.content.height;
    const candidates: { box: Box; confidence: number }[] = [];
    for (let i = 0; i < confidence.length; i++) {
      if (!(confidence[i]! >= options.confidence)) continue;
      const [x1, y1, x2, y2] = boxes.subarray(4 * i, 4 * i + 4) as unknown as Box;
      const box = clampBox([x1 * scaleX, y1 * scaleY, x2 * scaleX, y2 * scaleY], image);
      if (box) candidates.push({ box, confidence: confidence[i]! });
    }
    const found: Detection[] = [];
    for (const face of suppressOverlaps(candidates, options.nms, options.maxFaces)) {
      const landmarks = await this.#landmarks.locate(image, face.box);
      if (landmarks) found.push({ ...face, landmarks });
    }
    return found;
  }
}
