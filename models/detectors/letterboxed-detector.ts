import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { outputsOf } from '../inference/batch-runs.ts';
import type { StageLaps } from '../inference/stage-laps.ts';
import type { NetworkOutputs, Session } from '../runtime/session.ts';
import type { DetectOptions, FaceDetector, PictureToSearch } from './face-detector.ts';
import type { Letterbox } from './letterbox.ts';
import type { LetterboxedInput } from './letterboxed-input.ts';

/** One picture's share of a run: what the network said of it, and how it stood in the network's input. */
export interface DetectedPicture extends PictureToSearch {
  readonly outputs: NetworkOutputs;
  readonly boxed: Letterbox;
}

/** A detector that puts pictures, letterboxed, through one network; what its family makes of the outputs is `decode`. */
export abstract class LetterboxedDetector implements FaceDetector {
  readonly most: number;
  readonly #session: Session;
  readonly #input: LetterboxedInput;

  constructor(session: Session, input: LetterboxedInput) {
    this.most = input.most;
    this.#session = session;
    this.#input = input;
  }

  async detect(image: PixelImage, options: DetectOptions): Promise<Detection[]> {
    return (await this.detectAll([{ image, options }]))[0]!;
  }

  async detectAll(pictures: readonly PictureToSearch[], laps?: StageLaps): Promise<Detection[][]> {
    const found: Detection[][] = [];
    for (const { input, members } of this.#input.runs(pictures.map(({ image }) => image))) {
      laps?.lap('preprocess');
      const outputs = await this.#session.run(input);
      laps?.lap('detect');
      for (const [at, { picture, boxed }] of members.entries()) {
        const own = outputsOf(outputs, at, members.length);
        found[picture] = await this.decode({ ...pictures[picture]!, outputs: own, boxed });
      }
      laps?.lap('postprocess');
    }
    return found;
  }

  /** @returns best first. */
  protected abstract decode(picture: DetectedPicture): Detection[] | Promise<Detection[]>;
}
