import type { Detection } from '../../pipeline/face.ts';
import type { YuNetEntry } from '../catalog.ts';
import type { Session } from '../runtime/session.ts';
import { facesInPicture } from './faces-in-picture.ts';
import { type DetectedPicture, LetterboxedDetector } from './letterboxed-detector.ts';
import { type InputShapes, LetterboxedInput } from './letterboxed-input.ts';
import { decodeYuNet } from './yunet-decode.ts';

/** Black, as OpenCV's FaceDetectorYN pads; the network takes pixels as they are. */
const PADDING = [0, 0, 0] as const;

/** YuNet (Wu et al. 2023): the smallest of the detectors, letterboxed at the picture's own aspect ratio. */
export class YuNetDetector extends LetterboxedDetector {
  readonly #entry: YuNetEntry;

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: YuNetEntry, longestSide: number, shapes?: InputShapes) {
    super(session, new LetterboxedInput(session, entry.input, { longestSide, padding: PADDING, shapes }));
    this.#entry = entry;
  }

  protected decode({ image, options, outputs, boxed }: DetectedPicture): Detection[] {
    const levels = this.#entry.levels.map(({ step, outputs: names }) => ({
      step,
      face: outputs[names.face]!,
      object: outputs[names.object]!,
      boxes: outputs[names.boxes]!,
      landmarks: outputs[names.landmarks]!,
    }));
    return facesInPicture(decodeYuNet(levels, boxed.canvas, options.confidence), image, boxed, options);
  }
}
