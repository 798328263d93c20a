import { AppError } from '../config/app-error.ts';
import { asInt8 } from './int8.ts';
import type { ModelStore, ResolvedModel } from './store.ts';

export interface ChoosePreviousOptions {
  /** As in the settings: a catalog name, that name with `-int8`, or the absolute path of a file. */
  previous: string | undefined;
  /** Name of the embedder that it is to run beside. */
  embedder: string;
  store: ModelStore;
  onProgress?: (model: string, done: number, total: number | null) => void;
}

const SETTING = 'models.embedder.previous';
const INT8 = '-int8';

/**
 * The embedder that a gallery is being moved away from, with its weights on this machine; null where there is none.
 *
 * @throws {AppError} CONFIG_INVALID when it is no embedder, or the present one; what `ModelStore.resolve` throws.
 */
export async function choosePrevious(options: ChoosePreviousOptions): Promise<ResolvedModel | null> {
  const { previous, embedder, store, onProgress } = options;
  if (previous === undefined) return null;
  const int8 = previous.endsWith(INT8);
  const name = int8 ? previous.slice(0, -INT8.length) : previous;
  const found = await store.resolve(name, {
    task: 'embedder',
    ...(onProgress && { onProgress: (done: number, total: number | null) => onProgress(name, done, total) }),
  });
  const { task } = found.entry;
  if (task !== 'embedder') {
    throw new AppError('CONFIG_INVALID', `${SETTING} must name an embedder, got "${previous}" of task "${task}"`);
  }
  const model = int8 ? asInt8(found, SETTING) : found;
  if (model.entry.name === embedder) {
    throw new AppError(
      'CONFIG_INVALID',
      `${SETTING} names ${embedder}, which is the embedder in use: leave it out, or name the one before`,
    );
  }
  return model;
}
