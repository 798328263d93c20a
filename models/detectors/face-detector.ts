import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { StageLaps } from '../inference/stage-laps.ts';

export interface DetectOptions {
  /** Smallest detection confidence that counts, 0..1. */
  readonly confidence: number;
  /** IoU above which two boxes are one face, 0..1. */
  readonly nms: number;
  /** The best so many faces. */
  readonly maxFaces: number;
}

export interface PictureToSearch {
  readonly image: PixelImage;
  readonly options: DetectOptions;
}

/** Finds faces in a picture, in the process that runs the networks. Calls must not overlap: input tensors are reused. */
export interface FaceDetector {
  /** Pictures that it gains from being given at once; 1: none. */
  readonly most: number;
  /**
   * @param image not retained.
   * @returns best first; boxes are clamped to the picture, landmarks are not (that is how a cut off face shows).
   */
  detect(image: PixelImage, options: DetectOptions): Promise<Detection[]>;
  /**
   * The same for several, in as few runs as they fit.
   *
   * @param laps told of `preprocess`, `detect` and `postprocess`.
   * @returns for each picture, in order.
   */
  detectAll(pictures: readonly PictureToSearch[], laps?: StageLaps): Promise<Detection[][]>;
}
