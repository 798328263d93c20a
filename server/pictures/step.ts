import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';

/** A post-processing step: `POST /detect_and_<name>`. */
export interface Step {
  /** a–z, 0–9, `_` and `-`; stands in the address. */
  readonly name: string;
  /**
   * @param image the picture, the step's own to change.
   * @param faces every face found, best first, in pixels of `image`.
   * @returns the picture to answer with: `image` itself or another one, of any size.
   */
  apply(image: PixelImage, faces: readonly Detection[]): PixelImage | Promise<PixelImage>;
}
