import type { Settings } from '../config/settings-schema.ts';

/** What a face must have to become a template under these settings; told to whoever is refused. */
export function enrolmentMinimum({ models, recognition }: Settings): { minFacePx: number; quality: number } {
  return { minFacePx: models.detector.minFacePx, quality: recognition.oodThreshold };
}
