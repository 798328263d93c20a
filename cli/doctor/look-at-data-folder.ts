import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DataFolderFacts } from './check-data-folder.ts';

/** Makes nothing. */
export async function lookAtDataFolder(path: string): Promise<DataFolderFacts> {
  const above = await nearestFolder(dirname(path));
  const modes = process.platform !== 'win32';
  const common = { path, modes, above: { path: above, writable: await mayWrite(above) } };
  const found = await stat(path).catch(() => null);
  if (!found) return { ...common, folder: null };
  return { ...common, folder: { isFolder: found.isDirectory(), mode: found.mode, writable: await mayWrite(path) } };
}

/** MiB that may still be written where that folder lies, or would lie; the reason where the system does not tell. */
export async function freeDisk(path: string): Promise<number | Error> {
  try {
    const { bavail, bsize } = await statfs(await nearestFolder(path));
    return Math.floor((bavail * bsize) / 2 ** 20);
  } catch (error) {
    return error as Error;
  }
}

async function nearestFolder(path: string): Promise<string> {
  const found = await stat(path).catch(() => null);
  const above = dirname(path);
  return found || above === path ? path : nearestFolder(above);
}

function mayWrite(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
