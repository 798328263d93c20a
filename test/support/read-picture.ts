import sharp, { type Sharp } from 'sharp';
import type { PixelImage } from '../../pipeline/pixel-image.ts';

/** A picture file as the networks get it. */
export async function readPicture(
  file: string,
  change: (picture: Sharp) => Sharp = (same) => same,
): Promise<PixelImage> {
  const { data, info } = await change(sharp(file).removeAlpha().toColourspace('srgb'))
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, format: 'rgb24', data };
}
