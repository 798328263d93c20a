import { ApiError, errorText } from '../api/api-error.ts';

/** Why there is no picture of an event. */
export function pictureWords(error: unknown): string {
  const code = error instanceof ApiError ? error.code : null;
  if (code === 'SNAPSHOT_NOT_FOUND') return 'The picture is no longer kept.';
  if (code === 'IMAGE_CORRUPT') return 'The picture is damaged.';
  return errorText(error);
}
