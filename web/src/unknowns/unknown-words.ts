import { ApiError, errorText } from '../api/api-error.ts';
import type { UnknownView } from '../api/api-types.ts';
import { agoWords } from '../ui/time-words.ts';

/** `seen 12 times at Entrance and Yard, last 3 s ago` */
export function seenWords(
  { faces, cameras, lastSeenAt }: UnknownView,
  nameOf: (camera: string) => string,
  nowMs: number,
): string {
  const often = faces === 1 ? 'seen once' : `seen ${faces} times`;
  const names = cameras.map(nameOf);
  const last = names.pop();
  const where = last === undefined ? '' : ` at ${names.length > 0 ? `${names.join(', ')} and ${last}` : last}`;
  return `${often}${where}, last ${agoWords(Date.parse(lastSeenAt), nowMs)}`;
}

/** `most like Ada (0.31)`; null where nobody is like it. */
export function resemblesWords({ resembles }: UnknownView): string | null {
  return resembles ? `most like ${resembles.subject.name} (${resembles.similarity.toFixed(2)})` : null;
}

/** Why no name could be given. Whom a dialog shows may have gone from the list meanwhile: then, how to go on. */
export function namingProblem(error: unknown): string {
  if (!(error instanceof ApiError && error.code === 'UNKNOWN_NOT_FOUND')) return errorText(error);
  return 'Not enrolled: this face has just left the list. It was recognised, joined with another one, or forgotten. Close this and see who is there now.';
}
