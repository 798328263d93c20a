import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { AppError } from '../../../config/app-error.ts';
import type { PixelImage } from '../../../pipeline/pixel-image.ts';
import { decodeImage } from '../../../server/pictures/decode-image.ts';

const MAX_BYTES = 50_000_000;

/**
 * The picture with a face on which a model is tried.
 *
 * @param file as a person names it; undefined: a photograph of several people in the package of the starter set.
 * @throws {AppError} USAGE where there is none, or it cannot be read; the IMAGE codes.
 */
export async function facePicture(file: string | undefined): Promise<{ image: PixelImage; origin: string }> {
  const path = file ?? samplePicture();
  if (path === null) {
    throw new AppError('USAGE', 'name a picture with a face that the model can be tried on: --picture FACE.jpg');
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new AppError('USAGE', `the picture ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
  return { image: await decodeImage(bytes, { name: path, maxBytes: MAX_BYTES }), origin: path };
}

function samplePicture(): string | null {
  try {
    const root = dirname(createRequire(import.meta.url).resolve('@vladmandic/face-api/package.json'));
    return join(root, 'demo', 'sample1.jpg');
  } catch {
    return null;
  }
}
