import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What stands at a path where weights were looked for. */
export type FileState =
  | { readonly state: 'good'; readonly bytes: number; readonly sha256: string }
  | { readonly state: 'wrong'; readonly bytes: number; readonly sha256: string }
  | { readonly state: 'absent' }
  | { readonly state: 'unusable'; readonly why: string };

/**
 * Tells whether the file at `path` is the one expected, without ever loading it whole.
 *
 * @param expected SHA-256 in hex, or a test of it.
 */
export async function verifyFile(path: string, expected: string | ((sha256: string) => boolean)): Promise<FileState> {
  try {
    const found = await stat(path);
    // Opening a pipe would wait for somebody to write into it.
    if (!found.isFile()) return { state: 'unusable', why: 'is not a file' };
    const sha256 = await sha256Of(path);
    const good = typeof expected === 'string' ? sha256 === expected : expected(sha256);
    return { state: good ? 'good' : 'wrong', bytes: found.size, sha256 };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'absent' };
    return { state: 'unusable', why: `cannot be read (${code ?? message})` };
  }
}

/** SHA-256 of a file in hex, streamed. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
