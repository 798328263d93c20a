import type { Detection } from '../../pipeline/face.ts';
import type { ScrfdEntry } from '../catalog.ts';
import type { Session } from '../runtime/session.ts';
import { facesInPicture } from './faces-in-picture.ts';
import { type DetectedPicture, LetterboxedDetector } from './letterboxed-detector.ts';
import { type InputShapes, LetterboxedInput } from './letterboxed-input.ts';
import { decodeScrfd } from './scrfd-decode.ts';

/** SCRFD (Guo et al. 2021) with landmarks, letterboxed at the picture's own aspect ratio. */
export class ScrfdDetector extends LetterboxedDetector {
  readonly #entry: ScrfdEntry;

  /** @param longestSide of the network's input, pixels, a multiple of 32. */
  constructor(session: Session, entry: ScrfdEntry, longestSide: number, shapes?: InputShapes) {
    const { mean, std } = entry.input;
    // Black, as in the authors' own detector.
    const padding = [-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]] as const;
    super(session, new LetterboxedInput(session, entry.input, { longestSide, padding, shapes }));
    this.#entry = entry;
  }

  protected decode({ image, options, outputs, boxed }: DetectedPicture): Detection[] {
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
