import { AppError } from '../config/app-error.ts';

/**
 * A face looks like another subject than the one it was to go to.
 *
 * @param o.name whose it was to become; `other` whom it looks like (without id while that one is only planned).
 */
export function subjectCollision(o: {
  name: string;
  other: { readonly id: string | null; readonly name: string };
  similarity: number;
  threshold: number;
}): AppError {
  const { name, other, similarity, threshold } = o;
  return new AppError(
    'SUBJECT_COLLISION',
    `the face that was to become "${name}" looks like "${other.name}": similarity ${similarity.toFixed(2)}, from ${threshold.toFixed(2)} on they are taken for one person; if they are two, insist with --force (in the API: force=true)`,
    { details: { subject: other, similarity } },
  );
}
