import sharp from 'sharp';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { ImageFormat } from './decode-image.ts';

const QUALITY = 90;

/** The picture as a file of that format, no wider than `maxWidth` pixels. Holds pixels only: no EXIF, no location. */
export function encodeImage(image: PixelImage, format: ImageFormat, o: { maxWidth?: number } = {}): Promise<Buffer> {
  const { width, height, data } = image;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (o.maxWidth) picture.resize({ width: o.maxWidth, withoutEnlargement: true });
  return picture.toFormat(format, format === 'png' ? {} : { quality: QUALITY }).toBuffer();
}
