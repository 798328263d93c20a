import type { Detection } from '../../pipeline/face.ts';
import type { RetinaFaceEntry } from '../catalog.ts';
import type { Session } from '../runtime/session.ts';
import { facesInPicture } from './faces-in-picture.ts';
import { type DetectedPicture, LetterboxedDetector } from './letterboxed-detector.ts';
import { type InputShapes, LetterboxedInput } from './letterboxed-input.ts';
import { decodeRetinaFace } from './retinaface-decode.ts';

/** The mean colour: what a convolution's own zero padding looks like. */
const PADDING = [0, 0, 0] as const;

/** RetinaFace (Deng et al. 2019), letterboxed at the picture's own aspect ratio. */
export class RetinaFaceDetector extends LetterboxedDetector {
  readonly #entry: RetinaFaceEntry;

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: RetinaFaceEntry, longestSide: number, shapes?: InputShapes) {
    super(session, new LetterboxedInput(session, entry.input, { longestSide, padding: PADDING, shapes }));
    this.#entry = entry;
  }

  protected decode({ image, options, outputs, boxed }: DetectedPicture): Detection[] {
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
