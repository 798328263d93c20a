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
