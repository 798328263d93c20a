import { stat } from 'node:fs/promises';
import { AppError } from '../config/app-error.ts';
import type { CatalogEntry } from './catalog.ts';
import { checkpointKind } from './checkpoint-file.ts';
import { fileHead } from './file-head.ts';
import { MODEL_BYTES_LIMIT } from './model-limits.ts';

/**
 * Why a file cannot be a model, as far as its size and its first bytes tell; null where nothing speaks against it.
 *
 * @param meant what it is to be, where that is known: names the export of a checkpoint.
 * @returns MODEL_NOT_FOUND (not there, not a file, cannot be read) or MODEL_INVALID (empty, too large, something else).
 */
export async function unusableFile(path: string, meant?: CatalogEntry): Promise<AppError | null> {
  try {
    const found = await stat(path);
    // Opening a pipe would wait for somebody to write into it.
    if (!found.isFile()) {
      return new AppError('MODEL_NOT_FOUND', `${path} is ${found.isDirectory() ? 'a folder' : 'not a file'}`);
    }
    if (found.size >= MODEL_BYTES_LIMIT) return tooLarge(path, found.size);
    const foreign = await foreignBytes(path, await fileHead(path), meant);
    return foreign === null ? null : new AppError('MODEL_INVALID', foreign);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const absent = code === 'ENOENT' || code === 'ENOTDIR';
    const why = absent ? 'is not there' : `cannot be read (${code})`;
    return new AppError('MODEL_NOT_FOUND', `the model file ${path} ${why}`, { cause, details: { absent } });
  }
}

export function tooLarge(path: string, bytes: number): AppError {
  return new AppError('MODEL_INVALID', `${path} has ${bytes} bytes; a model has fewer than ${MODEL_BYTES_LIMIT}`);
}

/**
 * What a file is instead of a model, and what to do about it, in a sentence; null where its beginning does not tell. What
 * people take for a model most often: a checkpoint, and what a download left instead of the file.
 *
 * @param head the first `HEAD_BYTES`, or all there are.
 */
export async function foreignBytes(path: string, head: Uint8Array, meant?: CatalogEntry): Promise<string | null> {
  if (head.length === 0) return `${path} is empty`;
  const checkpoint = checkpointKind(head);
  if (checkpoint) {
    // Only then: inference processes come here with every model, and need neither the catalog nor what reads it.
    const { exportHint } = await import('./export-hint.ts');
    return exportHint(path, checkpoint, meant);
  }
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  if (text.startsWith('version https://git-lfs.github.com/')) {
    return `${path} is a Git LFS pointer, not the model that it stands for; fetch that: git lfs pull`;
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(text)) {
    return `${path} is a web page, not a model; download the file itself`;
  }
  return /^[\t\n\r -~]*$/.test(text) ? `${path} is a text file, not a model` : null;
}
