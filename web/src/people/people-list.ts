import { effect, signal } from '@preact/signals';
import type { SubjectView } from '../api/api-types.ts';
import { facegateApi } from '../api/facegate-api.ts';
import { galleryVersion } from '../state/gallery-changes.ts';
import { createPagedList } from '../state/paged-list.ts';

/** Rows that come at once. */
const PAGE = 100;
/** As the server: it gives no more than this in one answer. */
const MOST = 10_000;

/** What is searched for; it outlives the page, so that one comes back to it. */
export const wantedName = signal('');
export const wantedGroup = signal<string | null>(null);

export const people = createPagedList<SubjectView>({
  async load(after, least, signal) {
    const { subjects, next } = await facegateApi.subjects(
      {
        query: wantedName.peek().trim(),
        ...(wantedGroup.peek() !== null && { group: wantedGroup.peek()! }),
        limit: Math.min(MOST, Math.max(PAGE, least)),
        ...(after !== null && { after }),
      },
      signal,
    );
    return { items: subjects, next };
  },
  keyOf: ({ id }) => id,
});

const AFTER_TYPING_MS = 200;

/** While the page of people is open. @returns ends it. */
export function keepPeople(): () => void {
  let typing: ReturnType<typeof setTimeout> | undefined;
  let first = true;
  let version = galleryVersion.peek();
  const stop = effect(() => {
    // Read, so that each of them wakes this.
    const question = [wantedName.value, wantedGroup.value, galleryVersion.value];
    clearTimeout(typing);
    const changed = version !== question[2];
    version = galleryVersion.peek();
    if (first || changed) void people.refresh();
    else typing = setTimeout(people.restart, AFTER_TYPING_MS);
    first = false;
  });
  return () => {
    clearTimeout(typing);
    stop();
  };
}
