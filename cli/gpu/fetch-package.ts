import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../config/app-error.ts';
import { type PublishedPackage, unreachable } from './find-on-nuget.ts';

/** Silence in the middle of a transfer. */
const STALL_MS = 30_000;
/** The largest release so far has a few hundred MB. */
const MOST_BYTES = 2 ** 31;

/**
 * Fetches a package into a file and compares its SHA-512.
 *
 * @throws {AppError} GPU_INSTALL_FAILED.
 */
export async function fetchPackage(
  { url, sha512, bytes }: PublishedPackage,
  to: string,
  onProgress?: (done: number, total: number | null) => void,
): Promise<void> {
  const silence = new AbortController();
  const watch = setTimeout(() => silence.abort(new Error(`nothing came for ${STALL_MS / 1000} s`)), STALL_MS);
  const hash = createHash('sha512');
  let done = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, next) {
      watch.refresh();
      hash.update(chunk);
      done += chunk.length;
      onProgress?.(done, bytes);
      next(done > MOST_BYTES ? new Error(`it has more than ${MOST_BYTES} bytes`) : null, chunk);
    },
  });
  try {
    const response = await fetch(url, { signal: silence.signal });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      throw new AppError('GPU_INSTALL_FAILED', `${url} answered with HTTP ${response.status}`);
    }
    await pipeline(Readable.fromWeb(response.body), count, createWriteStream(to));
  } catch (cause) {
    throw cause instanceof AppError ? cause : unreachable(url, cause);
  } finally {
    clearTimeout(watch);
  }
  expectHash(url, hash.digest('hex'), sha512);
}

/** @throws {AppError} GPU_INSTALL_FAILED where they differ. */
export function expectHash(name: string, got: string, expected: string): void {
  if (got === expected) return;
  throw new AppError('GPU_INSTALL_FAILED', `${name} is another file: expected SHA-512 ${expected}, got ${got}`);
}
