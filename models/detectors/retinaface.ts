import type { Detection, Landmarks, Point } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { RetinaFaceEntry } from '../catalog.ts';
import type { NetworkInput, Session } from '../inference/session.ts';
import { type InputChannels, inputChannels } from '../input-channels.ts';
import { clampBox } from './clamp-box.ts';
import type { DetectOptions, FaceDetector } from './face-detector.ts';
import { type Letterbox, letterbox, type Size } from './letterbox.ts';
import { PlanarResize } from './planar-resize.ts';
import { decodeRetinaFace } from './retinaface-decode.ts';
import { suppressOverlaps } from './suppress-overlaps.ts';

/** The mean colour: what a convolution's own zero padding looks like. */
const PADDING = [0, 0, 0] as const;

/** Picture sizes whose resize tables are kept: cameras have few, requests bring any. */
const SIZES_KEPT = 8;

interface Path {
  readonly boxed: Letterbox;
  readonly resize: PlanarResize;
  readonly input: NetworkInput;
}

/** RetinaFace (Deng et al. 2019), letterboxed at the picture's own aspect ratio. */
export class RetinaFaceDetector implements FaceDetector {
  readonly #session: Session;
  readonly #entry: RetinaFaceEntry;
  readonly #longestSide: number;
  readonly #channels: InputChannels;
  readonly #inputs = new Map<string, NetworkInput>();
  readonly #paths = new Map<string, Path>();

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: RetinaFaceEntry, longestSide: number) {
    this.#session = session;
    this.#entry = entry;
    this.#longestSide = longestSide;
    this.#channels = inputChannels(entry.input);
  }

  async detect(image: PixelImage, options: DetectOptions): Promise<Detection[]> {
    const { boxed, resize, input } = this.#pathFor(image);
    resize.write(image.data, input.data);
    const outputs = await this.#session.run(input);
    const { outputs: names, anchors } = this.#entry;
    const candidates = decodeRetinaFace(
      {
        boxes: outputs[names.boxes]!,
        confidence: outputs[names.confidence]!,
        landmarks: outputs[names.landmarks]!,
      },
      boxed.canvas,
      anchors,
      options.confidence,
    );
    const scaleX = image.width / boxed.content.width;
    const scaleY = image.height / boxed.content.height;
    const found: Detection[] = [];
    for (const { box, landmarks, confidence } of suppressOverlaps(candidates, options.nms, options.maxFaces)) {
      const clamped = clampBox([box[0] * scaleX, box[1] * scaleY, box[2] * scaleX, box[3] * scaleY], image);
      if (clamped) found.push({ box: clamped, landmarks: scaled(landmarks, scaleX, scaleY), confidence });
    }
    return found;
  }

  #pathFor(picture: Size): Path {
    const key = `${picture.width}x${picture.height}`;
    let path = this.#paths.get(key);
    if (path) {
      this.#paths.delete(key);
    } else {
      const boxed = letterbox(picture, this.#longestSide);
      const size = { width: picture.width, height: picture.height };
      const resize = new PlanarResize(size, boxed, this.#channels, PADDING);
      path = { boxed, resize, input: this.#inputFor(boxed.canvas) };
      if (this.#paths.size >= SIZES_KEPT) this.#paths.delete(this.#paths.keys().next().value!);
    }
    this.#paths.set(key, path);
    return path;
  }

  /** One tensor a canvas: there are at most 2 · longest side / 32 of them. */
  #inputFor(canvas: Size): NetworkInput {
    const key = `${canvas.width}x${canvas.height}`;
    const known = this.#inputs.get(key);
    if (known) return known;
    const input = this.#session.input([1, 3, canvas.height, canvas.width]);
    this.#inputs.set(key, input);
    return input;
  }
}

function scaled(landmarks: Landmarks, scaleX: number, scaleY: number): Landmarks {
  const at = ([x, y]: Point): Point => [x * scaleX, y * scaleY];
  return {
    leftEye: at(landmarks.leftEye),
    rightEye: at(landmarks.rightEye),
    nose: at(landmarks.nose),
    mouthLeft: at(landmarks.mouthLeft),
    mouthRight: at(landmarks.mouthRight),
  };
}
