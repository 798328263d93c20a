import type { Detection } from '../../pipeline/face.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { ScorerEntry } from '../catalog.ts';
import { PLAIN_CHANNELS, packPlanes } from '../crop-sheet.ts';
import { cropAround } from './crop-around.ts';
import { resizeRegion } from './resize-region.ts';

/** Side of a scorer's crops, pixels. */
export function scorerSide({ input }: Pick<ScorerEntry, 'input'>): number {
  return input.size?.[0] ?? 80;
}

/**
 * A face as a scorer in another process wants it, pixels rounded to whole numbers.
 *
 * @param entries the scorer's networks.
 * @returns a crop for each network, side² pixels of RGB24; null where the box holds no pixel.
 */
export function scorerCrops(
  entries: readonly ScorerEntry[],
  image: PixelImage,
  { box }: Detection,
): Uint8Array[] | null {
  const crops: Uint8Array[] = [];
  for (const entry of entries) {
    const region = cropAround(box, image, entry.crop);
    if (!region) return null;
    const side = scorerSide(entry);
    const planes = new Float32Array(3 * side * side);
    resizeRegion(image, region, side, PLAIN_CHANNELS, planes);
    crops.push(packPlanes(planes));
  }
  return crops;
}
