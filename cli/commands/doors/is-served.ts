import { AppError } from '../../../config/app-error.ts';
import { lockFolder } from '../../../storage/folder-lock.ts';

/** Whether a facegate runs on the data folder. */
export function isServed(dataDir: string): boolean {
  return whileNobodyServes(dataDir, () => {}) === 'served';
}

/** Runs `work` with the data folder to itself, or not at all where a facegate runs on it. */
export function whileNobodyServes(dataDir: string, work: () => void): 'done' | 'served' {
  let lock: ReturnType<typeof lockFolder>;
  try {
    lock = lockFolder(dataDir);
  } catch (error) {
    if (error instanceof AppError && error.code === 'DATA_FOLDER_IN_USE') return 'served';
    throw error;
  }
  try {
    work();
    return 'done';
  } finally {
    lock.release();
  }
}
