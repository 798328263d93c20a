import { setImmediate } from 'node:timers/promises';
import { AppError } from '../../config/app-error.ts';

/**
 * Does something to each of many people or faces and lets everything else have its turn in between: each removal is on disk
 * before the next one, and the cameras must not wait for all of them. Whoever is gone by then is passed over.
 *
 * @returns what `work` gave, of those that were there.
 */
export async function oneByOne<T, R>(items: readonly T[], work: (item: T) => R): Promise<R[]> {
  const done: R[] = [];
  for (const item of items) {
    try {
      done.push(work(item));
    } catch (error) {
      const gone = error instanceof AppError && GONE.includes(error.code);
      if (!gone) throw error;
    }
    await setImmediate();
  }
  return done;
}

const GONE: readonly string[] = ['SUBJECT_NOT_FOUND', 'TEMPLATE_NOT_FOUND'];
