import type { ErrorCode } from '../config/error-codes.ts';

/** What somebody has to do something about; all else may be another time. */
const REFUSED: ReadonlySet<ErrorCode> = new Set([
  'CONFIG_INVALID',
  'CONFIG_NOT_FOUND',
  'CONFIG_SECRET_MISSING',
  'FFMPEG_NOT_FOUND',
  'FFMPEG_TOO_OLD',
  'SOURCE_URL_INVALID',
  'MODEL_UNKNOWN',
  'MODEL_NOT_FOUND',
  'MODEL_CHECKSUM_MISMATCH',
  'MODEL_INVALID',
  'MODEL_CONTRACT_MISMATCH',
  'MODEL_RANDOM_WEIGHTS',
  'MODEL_PROVIDER_UNAVAILABLE',
  'DEVICE_UNAVAILABLE',
  'GALLERY_KEY_MISSING',
  'GALLERY_KEY_WRONG',
  'EMBEDDING_MISMATCH',
]);

/** True where a tenant that failed with `code` is not to be started again until something was changed. */
export function isRefusal(code: ErrorCode): boolean {
  return REFUSED.has(code);
}
