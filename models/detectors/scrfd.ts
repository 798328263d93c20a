import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { ScrfdEntry } from '../catalog.ts';
import type { Session } from '../inference/session.ts';
import type { DetectOptions, FaceDetector } from './face-detector.ts';
import { facesInPicture } from './faces-in-picture.ts';
import { LetterboxedInput } from './letterboxed-input.ts';
import { decodeScrfd } from './scrfd-decode.ts';

/** SCRFD (Guo et al. 2021) with landmarks, letterboxed at the picture's own aspect ratio. */
export class ScrfdDetector implements FaceDetector {
  readonly #session: Session;
  readonly #entry: ScrfdEntry;
  readonly #input: LetterboxedInput;

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: ScrfdEntry, longestSide: number) {
    this.#session = session;
    this.#entry = entry;
    const { mean, std } = entry.input;
    // Black, as in the authors' own detector.
    const padding = [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]] as const;
    this.#input = new LetterboxedInput(session, entry.input, { longestSide, padding });
  }

  async detect(image: PixelImage, options: DetectOptions): Promise<Detection[]> {
    const { boxed, input } = this.#input.write(image);
    const outputs = await this.#session.run(input);
    const levels = this.#entry.levels.map(({ step, outputs: names }) => ({
      step,
      confidence: outputs[names.confidence]!,
      boxes: outputs[names.boxes]!,
      landmarks: outputs[names.landmarks]!,
    }));
    const candidates = decodeScrfd(levels, this.#entry.anchorsPerCell, boxed.canvas, options.confidence);
    return facesInPicture(candidates, image, boxed, options);
  }
}
