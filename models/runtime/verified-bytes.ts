import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { AppError } from '../../config/app-error.ts';
import type { CatalogEntry } from '../catalog.ts';
import { HEAD_BYTES } from '../file-head.ts';
import { MODEL_BYTES_LIMIT } from '../model-limits.ts';
import { refuseExternalData } from '../onnx/refuse-external-data.ts';
import { foreignBytes, tooLarge } from '../unusable-file.ts';

/**
 * The weights' bytes, checked once more: the store verified the file, but these are the bytes that will run.
 *
 * @throws {AppError} MODEL_NOT_FOUND where the file cannot be read; MODEL_CHECKSUM_MISMATCH where it is another one;
 * MODEL_INVALID where it is too large, empty, a PyTorch checkpoint, no ONNX model, or keeps tensors in other files.
 */
export async function readVerifiedBytes(
  entry: Pick<CatalogEntry, 'name' | 'sha256'>,
  path: string,
): Promise<Uint8Array> {
  const bytes = await readModelFile(entry.name, path);
  const got = createHash('sha256').update(bytes).digest('hex');
  if (entry.sha256 !== null && got !== entry.sha256) {
    throw new AppError(
      'MODEL_CHECKSUM_MISMATCH',
      `${path} is not ${entry.name}: expected SHA-256 ${entry.sha256}, got ${got}; delete the file to have it fetched again`,
    );
  }
  const foreign = await foreignBytes(path, bytes.subarray(0, HEAD_BYTES));
  if (foreign !== null) throw new AppError('MODEL_INVALID', foreign);
  try {
    refuseExternalData(bytes);
  } catch (error) {
    throw new AppError('MODEL_INVALID', `${path}: ${AppError.from(error).message}`, { cause: error });
  }
  return bytes;
}

async function readModelFile(name: string, path: string): Promise<Uint8Array> {
  try {
    const { size } = await stat(path);
    if (size >= MODEL_BYTES_LIMIT) throw tooLarge(path, size);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('MODEL_NOT_FOUND', `the weights of ${name} cannot be read from ${path}`, { cause });
  }
}
