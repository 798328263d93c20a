import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { AppError } from '../../config/app-error.ts';
import type { PixelImage } from '../../pipeline/pixel-image.ts';
import { decodeImage } from '../../server/pictures/decode-image.ts';

const WIDTH = 1920;
const HEIGHT = 1080;
const MAX_BYTES = 50_000_000;

/** The 1080p picture that is analysed from end to end, and where it comes from, for people. */
export interface BenchPicture {
  readonly picture: PixelImage;
  readonly origin: string;
}

/**
 * @param file a picture that a person names, scaled and cut to 1920×1080; undefined: one of the demo's, where its package
 *   is there.
 * @returns null where nobody named one and there is none.
 * @throws {AppError} the IMAGE codes of `decodeImage`; USAGE where the file cannot be read.
 */
export async function benchPicture(file: string | undefined): Promise<BenchPicture | null> {
  const path = file ?? demoPicture();
  if (path === null) return null;
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new AppError('USAGE', `the picture ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  const { data, width, height } = await decodeImage(bytes, { name: path, maxBytes: MAX_BYTES });
  const pixels = await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(WIDTH, HEIGHT, { fit: 'cover' })
    .raw()
    .toBuffer();
  return { picture: { width: WIDTH, height: HEIGHT, format: 'rgb24', data: pixels }, origin: path };
}

/** A photograph of several people that comes with the package of the starter set. */
function demoPicture(): string | null {
  try {
    return join(
      dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json')),
      'demo/sample1.jpg',
    );
  } catch {
    return null;
  }
}
