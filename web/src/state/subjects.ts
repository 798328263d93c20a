import { nameKey } from '../../../pipeline/name-key.ts';
import type { SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { createLoaded } from './loaded.ts';

const byName = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

const loaded = createLoaded<SubjectView[]>(async () =>
  (await facegateApi.subjects()).sort((a, b) => byName.compare(a.name, b.name)),
);

export const subjects = loaded.value;
export const subjectsError = loaded.error;
export const refreshSubjects = loaded.refresh;

/** The person that the server would take this name for. */
export function subjectNamed(name: string): SubjectView | undefined {
  const key = nameKey(name);
  return subjects.value?.find((subject) => nameKey(subject.name) === key);
}
