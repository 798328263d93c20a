import sharp from 'sharp';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import type { ImageFormat } from './decode-image.ts';

const QUALITY = 90;

export interface EncodeImageOptions {
  /** Wider pictures are scaled down. Default: as it is. */
  maxWidth?: number;
  /** 1..100; a PNG has none. Default 90. */
  quality?: number;
}

/** The picture as a file of that format. Holds pixels only: no EXIF, no location. */
export function encodeImage(image: PixelImage, format: ImageFormat, o: EncodeImageOptions = {}): Promise<Buffer> {
  const { width, height, data } = image;
  const picture = sharp(data, { raw: { width, height, channels: 3 } });
  if (o.maxWidth) picture.resize({ width: o.maxWidth, withoutEnlargement: true });
  return picture.toFormat(format, format === 'png' ? {} : { quality: o.quality ?? QUALITY }).toBuffer();
}
