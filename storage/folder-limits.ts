import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../config/app-error.ts';

/** What may be in a data folder at most; null: as much as there is room for. */
export interface FolderLimits {
  readonly subjects: number | null;
  /** Of the folder as a whole. */
  readonly diskBytes: number | null;
}

export const NO_LIMITS: FolderLimits = { subjects: null, diskBytes: null };
const FILE = 'limits.json';
const schema = z.object({ subjects: z.int().nullable(), diskBytes: z.number().nullable() });

/**
 * Leaves the limits in the folder, for the command line, which works on the same databases and knows nothing of the settings
 * that they stand in.
 */
export function noteFolderLimits(dataDir: string, { subjects, diskBytes }: FolderLimits): void {
  const file = join(dataDir, FILE);
  if (subjects === null && diskBytes === null) {
    rmSync(file, { force: true });
    return;
  }
  writeFileSync(`${file}.part`, `${JSON.stringify({ subjects, diskBytes })}\n`, { mode: 0o600 });
  renameSync(`${file}.part`, file);
}

/** @throws {AppError} CONFIG_INVALID for a file that is no longer what was written: a limit that cannot be read is not none. */
export function folderLimits(dataDir: string): FolderLimits {
  const file = join(dataDir, FILE);
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return NO_LIMITS;
    throw new AppError('CONFIG_INVALID', `${file} is damaged; starting facegate on this folder writes it anew`, {
      cause,
    });
  }
}
