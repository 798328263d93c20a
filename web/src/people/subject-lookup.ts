import { effect, type Signal, signal } from '@preact/signals';
import { looksLikeId, nameKey } from '../../../pipeline/name-key.ts';
import type { SubjectsQuery, SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { galleryVersion } from '../state/gallery-changes.ts';

/** The first one that fits, through all pages; null where there is none. */
async function find(
  fits: (subject: SubjectView) => boolean,
  query: SubjectsQuery,
  signal?: AbortSignal,
): Promise<SubjectView | null> {
  let after: string | null = null;
  do {
    const page = await facegateApi.subjects({ ...query, ...(after !== null && { after }) }, signal);
    const found = page.subjects.find(fits);
    if (found) return found;
    after = page.next;
  } while (after !== null);
  return null;
}

/** The person that the server would take this name for; null where there is none. */
export async function subjectNamed(name: string, signal?: AbortSignal): Promise<SubjectView | null> {
  const key = nameKey(name);
  return key === '' ? null : find((subject) => nameKey(subject.name) === key, { query: key }, signal);
}

/** Out of the list: whoever asks for one subject by its id stands in the audit log as having looked at it. */
const subjectWithId = (id: string) => find((subject) => subject.id === id, { limit: 10_000 });

const asked = new Map<string, Signal<SubjectView | null | undefined>>();

async function ask(entry: string, answer: Signal<SubjectView | null | undefined>): Promise<void> {
  try {
    answer.value = looksLikeId(entry) ? await subjectWithId(entry.trim().toLowerCase()) : await subjectNamed(entry);
  } catch {
    // It stays as it was; the next change of the gallery, or the next connection, asks again.
  }
}

/** Who stands behind a name or an id, as doors' lists have them: null where nobody, undefined while it is not known. */
export function subjectOf(entry: string): SubjectView | null | undefined {
  let answer = asked.get(entry);
  if (!answer) {
    answer = signal(undefined);
    asked.set(entry, answer);
    void ask(entry, answer);
  }
  return answer.value;
}

effect(() => {
  if (galleryVersion.value > 0) for (const [entry, answer] of asked) void ask(entry, answer);
});
