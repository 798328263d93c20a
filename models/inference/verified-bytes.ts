import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AppError } from '../../config/app-error.ts';
import type { CatalogEntry } from '../catalog.ts';

/**
 * The weights' bytes, checked once more: the store verified the file, but these are the bytes that will run.
 *
 * @throws {AppError} MODEL_NOT_FOUND where the file cannot be read; MODEL_CHECKSUM_MISMATCH where it is another one.
 */
export async function readVerifiedBytes(
  entry: Pick<CatalogEntry, 'name' | 'sha256'>,
  path: string,
): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new AppError('MODEL_NOT_FOUND', `the weights of ${entry.name} cannot be read from ${path}`, { cause });
  }
  const got = createHash('sha256').update(bytes).digest('hex');
  if (entry.sha256 !== null && got !== entry.sha256) {
    throw new AppError(
      'MODEL_CHECKSUM_MISMATCH',
      `${path} is not ${entry.name}: expected SHA-256 ${entry.sha256}, got ${got}; delete the file to have it fetched again`,
    );
  }
  return bytes;
}
