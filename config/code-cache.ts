import { join } from 'node:path';

/** A folder of the data folder that anybody may empty: compiled code. It counts for no limit. */
export const codeCacheFolder = (dataDir: string): string => join(dataDir, 'code-cache');

/**
 * For the environment of a process of ours: Node keeps there what it compiled of our modules, so that the next one starts in half the
 * time. Never a folder of several tenants, nor one where others may write: what lies there is run.
 */
export const codeCache = (dataDir: string): Record<string, string> => ({
  NODE_COMPILE_CACHE: codeCacheFolder(dataDir),
});
