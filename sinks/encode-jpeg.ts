import sharp, { type Sharp } from 'sharp';
import type { PixelImage } from '../pipeline/pixel-image.ts';

export interface EncodeJpegOptions {
  /** 1..100. Default 80. */
  quality?: number;
}

/**
 * A JPEG of the picture, same size, chroma 4:2:0. Runs on sharp's own threads, which read the pixels where they lie: they
 * must not change until the promise settles.
 */
export function encodeJpeg(image: PixelImage, { quality = 80 }: EncodeJpegOptions = {}): Promise<Buffer> {
  return rawPicture(image).jpeg({ quality, chromaSubsampling: '4:2:0' }).toBuffer();
}

/** sharp on the pixels of `image`, not copied. */
export function rawPicture({ width, height, data }: PixelImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
