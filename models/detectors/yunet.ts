import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { YuNetEntry } from '../catalog.ts';
import type { Session } from '../inference/session.ts';
import type { DetectOptions, FaceDetector } from './face-detector.ts';
import { facesInPicture } from './faces-in-picture.ts';
import { LetterboxedInput } from './letterboxed-input.ts';
import { decodeYuNet } from './yunet-decode.ts';

/** Black, as OpenCV's FaceDetectorYN pads; the network takes pixels as they are. */
const PADDING = [0, 0, 0] as const;

/** YuNet (Wu et al. 2023): the smallest of the detectors, letterboxed at the picture's own aspect ratio. */
export class YuNetDetector implements FaceDetector {
  readonly #session: Session;
  readonly #entry: YuNetEntry;
  readonly #input: LetterboxedInput;

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: YuNetEntry, longestSide: number) {
    this.#session = session;
    this.#entry = entry;
    this.#input = new LetterboxedInput(session, entry.input, { longestSide, padding: PADDING });
  }

  async detect(image: PixelImage, options: DetectOptions): Promise<Detection[]> {
    const { boxed, input } = this.#input.write(image);
    const outputs = await this.#session.run(input);
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
