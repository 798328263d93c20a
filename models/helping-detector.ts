import { AppError } from '../config/app-error.ts';
import { AUTO } from './choose-models.ts';
import type { HelpingDetector } from './inspection/inspect-messages.ts';
import type { ModelStore } from './store.ts';

/**
 * A detector that finds the face on which another network is tried: one that is here, else the starter set, else the one
 * that recognition usually has, fetched.
 *
 * @param store may build starter models.
 * @throws {AppError} MODEL_NOT_FOUND, with what to type.
 */
export async function helpingDetector(store: ModelStore): Promise<HelpingDetector> {
  const here = (await store.list()).filter(({ entry, present }) => present && entry.task === 'detector');
  const names = here.map(({ entry }) => entry.name);
  const preferred = names.includes(AUTO.detector) ? [AUTO.detector] : names.slice(0, 1);
  const failures: string[] = [];
  for (const name of [...preferred, 'starter-ssd-mobilenetv1', AUTO.detector]) {
    try {
      const detector = await store.resolve(name, { task: 'detector' });
      const { entry } = detector;
      return { detector, landmarks: entry.family === 'starter-ssd' ? await store.resolve(entry.landmarks) : null };
    } catch (error) {
      failures.push(AppError.from(error).message.split('\n')[0]!);
    }
  }
  throw new AppError(
    'MODEL_NOT_FOUND',
    `a detector is needed to find the face that the model is tried on (facegate models pull ${AUTO.detector}): ${failures.join('; ')}`,
  );
}
