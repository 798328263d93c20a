import { ApiError, errorText } from '../api/api-error.ts';

const WORDS: Record<string, string> = {
  FACE_NOT_FOUND: 'No face was found in this picture.',
  FACE_NOT_UNIQUE: 'More than one face: crop it to one person.',
  IMAGE_UNSUPPORTED: 'Not a JPEG, PNG or WebP picture.',
  IMAGE_CORRUPT: 'The picture is damaged.',
  IMAGE_TOO_LARGE: 'The picture is too large.',
};

/** Why a picture was refused. FACE_UNFIT says itself what is wrong with the face. */
export function refusalWords(error: unknown): string {
  if (error instanceof ApiError) return WORDS[error.code] ?? error.message;
  return errorText(error);
}
