import { AppError } from '../config/app-error.ts';
import type { CatalogEntry } from './catalog.ts';

/** @throws {AppError} MODEL_CONTRACT_MISMATCH where the entry is of a model for something else. */
export function expectTask<T extends CatalogEntry['task']>(
  entry: CatalogEntry,
  task: T,
): Extract<CatalogEntry, { task: T }> {
  if (entry.task === task) return entry as Extract<CatalogEntry, { task: T }>;
  throw new AppError(
    'MODEL_CONTRACT_MISMATCH',
    `${entry.name} was given as ${task}; the catalog says it is ${entry.task}`,
  );
}
