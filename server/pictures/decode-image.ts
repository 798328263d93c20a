import sharp from 'sharp';
import { AppError } from '../../config/app-error.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';

export type ImageFormat = 'jpeg' | 'png' | 'webp';

export interface DecodedImage extends PixelImage {
  /** What the bytes were, whatever their name said. */
  readonly source: ImageFormat;
}

/** Largest picture, pixels: 48 MB of RGB. A PNG of 600 kB can hold far more than that. */
export const MAX_PIXELS = 16_000_000;

/**
 * A picture that somebody sent, as it is meant to be seen: EXIF orientation applied, sRGB, transparency on white, the
 * first picture of an animation. What it is says its content, never its name or type.
 *
 * @param o.name what the request calls it, for messages.
 * @throws {AppError} IMAGE_UNSUPPORTED, IMAGE_TOO_LARGE or IMAGE_CORRUPT.
 */
export async function decodeImage(bytes: Buffer, o: { name: string; maxBytes: number }): Promise<DecodedImage> {
  const { name, maxBytes } = o;
  if (bytes.length > maxBytes) {
    throw new AppError('IMAGE_TOO_LARGE', `${name} has ${bytes.length} bytes, at most ${maxBytes} are taken`);
  }
  const source = formatOf(bytes);
  if (!source) {
    const got = bytes.length === 0 ? 'is empty' : 'is none of these';
    throw new AppError('IMAGE_UNSUPPORTED', `${name} must be a JPEG, PNG or WebP picture; it ${got}`);
  }
  try {
    // The header alone, so that the answer can say how large it is.
    const { width, height } = await sharp(bytes, { limitInputPixels: false }).metadata();
    if (width * height > MAX_PIXELS) {
      throw new AppError(
        'IMAGE_TOO_LARGE',
        `${name} is ${width}×${height} pixels, at most ${MAX_PIXELS / 1e6} million pixels are taken`,
      );
    }
    const { data, info } = await sharp(bytes, { limitInputPixels: MAX_PIXELS, failOn: 'error' })
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`decoded to ${info.channels} channels`);
    return { width: info.width, height: info.height, format: 'rgb24', data, source };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('IMAGE_CORRUPT', `${name} is a damaged or truncated ${source.toUpperCase()} picture`, { cause });
  }
}

/** By the first bytes. sharp would also open SVG, TIFF, GIF and whatever else its libraries can. */
function formatOf(bytes: Buffer): ImageFormat | null {
  if (bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff]))) return 'jpeg';
  if (bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))) return 'png';
  const tag = (at: number) => bytes.toString('latin1', at, at + 4);
  if (tag(0) === 'RIFF' && tag(8) === 'WEBP') return 'webp';
  return null;
}
