import { closeSync, fsyncSync, openSync } from 'node:fs';

/** What was renamed, made or removed in a folder is on disk when this returns. */
export function syncFolder(folder: string): void {
  // Windows knows no such thing.
  if (process.platform === 'win32') return;
  syncFile(folder);
}

/** What was written to a file is on disk when this returns. */
export function syncFile(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
