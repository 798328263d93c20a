import type { Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** Of `stat`'s blocks, whatever the file system's own are. */
const BLOCK_BYTES = 512;
/** What a backup needs for a moment is not what a folder takes. */
const PASSING = /^\.facegate-backup-/;

/**
 * What a folder takes on the disk, bytes: blocks, not lengths, of regular files; links are not followed. What comes or goes
 * meanwhile may be counted or not.
 *
 * @param o.without folders in it that do not count, e.g. models that others use as well.
 */
export async function folderSize(folder: string, o: { without?: readonly string[] } = {}): Promise<number> {
  const without = o.without?.map((each) => resolve(each)) ?? [];
  let bytes = 0;
  for (const entry of await entriesOf(folder)) {
    const path = join(folder, entry.name);
    if (PASSING.test(entry.name) || without.includes(resolve(path))) continue;
    if (entry.isDirectory()) bytes += await folderSize(path, o);
    else if (entry.isFile()) bytes += await sizeOf(path);
  }
  return bytes;
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    return ifGone(error, []);
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).blocks * BLOCK_BYTES;
  } catch (error) {
    return ifGone(error, 0);
  }
}

function ifGone<T>(error: unknown, otherwise: T): T {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
  throw error;
}
