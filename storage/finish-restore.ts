import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '../config/app-error.ts';
import { syncFile, syncFolder } from './durable-folder.ts';

const name = z.string().regex(/^\.?[a-z0-9][a-z0-9.-]*$/i);

/** What is to be exchanged; while it lies in the data folder, nothing may be opened there. */
const plan = z.strictObject({
  /** Folder in the data folder with the verified files that come in. */
  staged: name,
  /** Folder in the data folder that the present files go to. */
  former: name,
  /** Files that go. */
  out: z.array(name),
  /** Files that come, in the place of those or as new ones. */
  in: z.array(name),
});

export type RestorePlan = z.infer<typeof plan>;

export const planFileOf = (dataDir: string): string => join(dataDir, 'restore.json');

/** From here on the restore is going to happen, whatever ends this process: `finishRestore` does it. */
export function decideRestore(dataDir: string, decided: RestorePlan): void {
  const file = planFileOf(dataDir);
  writeFileSync(`${file}.new`, JSON.stringify(plan.parse(decided)), { mode: 0o600 });
  syncFile(`${file}.new`);
  renameSync(`${file}.new`, file);
  syncFolder(dataDir);
}

/**
 * Exchanges the files of a restore that was decided, also when it was interrupted before; does nothing where none was.
 * Whoever calls holds the folder's lock.
 *
 * @returns the folder with the former files, absolute; null where there was nothing to do.
 * @throws {AppError} ARCHIVE_FAILED; called again it goes on where it stopped.
 */
export function finishRestore(dataDir: string): string | null {
  const file = planFileOf(dataDir);
  if (!existsSync(file)) return null;
  try {
    const { staged, former, out, in: incoming } = plan.parse(JSON.parse(readFileSync(file, 'utf8')));
    const formerDir = join(dataDir, former);
    mkdirSync(formerDir, { recursive: true, mode: 0o700 });
    const newFiles = new Set(incoming);
    for (const name of out) {
      const present = join(dataDir, name);
      // A file whose successor has been put in its place already is the successor.
      const exchanged = newFiles.has(name) && !existsSync(join(dataDir, staged, name));
      if (existsSync(present) && !exchanged) renameSync(present, join(formerDir, name));
    }
    syncFolder(formerDir);
    for (const name of incoming) {
      const from = join(dataDir, staged, name);
      if (existsSync(from)) renameSync(from, join(dataDir, name));
    }
    syncFolder(dataDir);
    rmSync(file);
    syncFolder(dataDir);
    rmSync(join(dataDir, staged), { recursive: true, force: true });
    return formerDir;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    throw new AppError('ARCHIVE_FAILED', `the restore that was begun in ${dataDir} could not be finished: ${said}`, {
      cause: error,
    });
  }
}
