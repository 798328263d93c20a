import type { Box, Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { StarterDetectorEntry } from '../catalog.ts';
import type { NetworkInput, Session } from '../inference/session.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import { clampBox } from './clamp-box.ts';
import type { DetectOptions, FaceDetector } from './face-detector.ts';
import { squareLetterbox } from './letterbox.ts';
import { PlanarResize } from './planar-resize.ts';
import type { StarterLandmarks } from './starter-landmarks.ts';
import { suppressOverlaps } from './suppress-overlaps.ts';

const SIDE = 512;

/**
 * The starter set's detector: SSD MobileNet v1 for the boxes, then the landmarks network on each. Slower and coarser than
 * RetinaFace, but built from what the npm registry alone can give.
 */
export class StarterSsdDetector implements FaceDetector {
  readonly #session: Session;
  readonly #landmarks: StarterLandmarks;
  readonly #entry: StarterDetectorEntry;
  readonly #channels: InputChannels;
  readonly #padding: readonly [number, number, number];
  readonly #input: NetworkInput;
  #resize: { key: string; resize: PlanarResize } | null = null;

  constructor(session: Session, entry: StarterDetectorEntry, landmarks: StarterLandmarks) {
    this.#session = session;
    this.#landmarks = landmarks;
    this.#entry = entry;
    this.#channels = inputChannels(entry.input);
    // Black, as in training.
    const { mean, std } = entry.input;
    this.#padding = [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]];
    this.#input = session.input([1, 3, SIDE, SIDE]);
  }

  async detect(image: PixelImage, options: DetectOptions): Promise<Detection[]> {
    // A picture smaller than the input keeps its size: enlarged to 512, this network misses a face in ten of LFW's 250 px.
    const { content } = squareLetterbox(image, Math.min(SIDE, Math.max(image.width, image.height)));
    const boxed = { canvas: { width: SIDE, height: SIDE }, content };
    const key = `${image.width}x${image.height}`;
    if (this.#resize?.key !== key) {
      const size = { width: image.width, height: image.height };
      this.#resize = { key, resize: new PlanarResize(size, boxed, this.#channels, this.#padding) };
    }
    this.#resize.resize.write(image.data, this.#input.data);
    const outputs = await this.#session.run(this.#input);
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
