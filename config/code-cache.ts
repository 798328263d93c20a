import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of the data folder that anybody may empty: compiled code. It counts for no limit. */
export const codeCacheFolder = (dataDir: string): string => join(dataDir, 'code-cache');

/**
 * For the environment of a process of ours: Node keeps there what it compiled of our modules, so that the next one starts in half the
 * time. What lies there is run: each data folder has its own, which nobody but its owner gets at. None where there cannot be such a one.
 */
export function codeCache(dataDir: string): Record<string, string> {
  const folder = codeCacheFolder(dataDir);
  try {
    // Node would make what is missing for everybody to read.
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    if (!found.isDirectory() || found.uid !== (process.getuid?.() ?? found.uid)) return {};
    chmodSync(folder, 0o700);
  } catch {
    return {};
  }
  return { NODE_COMPILE_CACHE: folder };
}
