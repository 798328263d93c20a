import { ApiError, errorText } from '../api/api-error.ts';

const WORDS: Record<string, string> = {
  FACE_NOT_FOUND: 'No face was found in this picture.',
  FACE_NOT_UNIQUE: 'More than one face: crop it to one person.',
  IMAGE_UNSUPPORTED: 'Not a JPEG, PNG or WebP picture.',
  IMAGE_CORRUPT: 'The picture is damaged.',
  IMAGE_TOO_LARGE: 'The picture is too large.',
};

/** Whom a picture was taken for, where that is why it was refused. */
export interface Collision {
  readonly name: string;
  /** Cosine. */
  readonly similarity: number | null;
}

export function collisionOf(error: unknown): Collision | null {
  if (!(error instanceof ApiError) || error.code !== 'SUBJECT_COLLISION') return null;
  const { subject, similarity } = error.details as { subject?: { name?: unknown }; similarity?: unknown };
  return {
    name: typeof subject?.name === 'string' ? subject.name : 'somebody else',
    similarity: typeof similarity === 'number' ? similarity : null,
  };
}

/** Both names, how alike they are, and what it would mean. */
export function collisionWords(name: string, { name: other, similarity }: Collision): string {
  const measured = similarity === null ? '' : ` (similarity ${similarity.toFixed(2)})`;
  return `This face, to become ${name}, looks like ${other}${measured}. Under two names nobody would be recognised surely. If it is ${other}, add it there.`;
}

/** Why a picture was refused. FACE_UNFIT says itself what is wrong with the face. */
export function refusalWords(error: unknown): string {
  if (error instanceof ApiError) return WORDS[error.code] ?? error.message;
  return errorText(error);
}
