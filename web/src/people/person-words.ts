import type { EnrolledFaceView, SubjectView } from '../api/api-types.ts';
import { agoWords } from '../ui/time-words.ts';

const count = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** `2 pictures`, or why nobody is found by them. */
export function picturesWords({ templates, notSearched }: Pick<SubjectView, 'templates' | 'notSearched'>): string {
  if (templates > 0) return count(templates, 'picture', 'pictures');
  return notSearched > 0 ? 'pictures of another model only: not recognised' : 'no picture: cannot be recognised';
}

export function lastSeenWords({ lastSeenAt }: Pick<SubjectView, 'lastSeenAt'>, nowMs: number): string {
  return lastSeenAt === null ? 'never seen' : `seen ${agoWords(Date.parse(lastSeenAt), nowMs)}`;
}

/** Everything that goes with a person, as items of a list. */
export function whatGoes(subject: SubjectView, faces: readonly EnrolledFaceView[] | null): string[] {
  const { groups, notes, consent, templates, notSearched } = subject;
  const enrolled = faces?.length ?? templates + notSearched;
  const kept = faces?.filter(({ image }) => image).length ?? 0;
  return [
    enrolled === 0
      ? 'the name'
      : `the name and ${enrolled === 1 ? 'the one enrolled face' : `all ${enrolled} enrolled faces`}`,
    kept > 0 ? count(kept, 'kept picture', 'kept pictures') : '',
    [
      groups.length > 0 ? `membership of ${groups.join(', ')}` : '',
      notes !== '' ? 'notes' : '',
      consent ? 'the record of consent' : '',
    ]
      .filter(Boolean)
      .join(', '),
  ].filter(Boolean);
}
