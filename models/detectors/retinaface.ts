import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { RetinaFaceEntry } from '../catalog.ts';
import type { Session } from '../inference/session.ts';
import type { DetectOptions, FaceDetector } from './face-detector.ts';
import { facesInPicture } from './faces-in-picture.ts';
import { LetterboxedInput } from './letterboxed-input.ts';
import { decodeRetinaFace } from './retinaface-decode.ts';

/** The mean colour: what a convolution's own zero padding looks like. */
const PADDING = [0, 0, 0] as const;

/** RetinaFace (Deng et al. 2019), letterboxed at the picture's own aspect ratio. */
export class RetinaFaceDetector implements FaceDetector {
  readonly #session: Session;
  readonly #entry: RetinaFaceEntry;
  readonly #input: LetterboxedInput;

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: RetinaFaceEntry, longestSide: number) {
    this.#session = session;
    this.#entry = entry;
    this.#input = new LetterboxedInput(session, entry.input, { longestSide, padding: PADDING });
  }

  async detect(image: PixelImage, options: DetectOptions): Promise<Detection[]> {
    const { boxed, input } = this.#input.write(image);
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
    return facesInPicture(candidates, image, boxed, options);
  }
}
