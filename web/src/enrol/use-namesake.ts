import { useEffect, useState } from 'preact/hooks';
import { nameKey } from '../../../pipeline/name-key.ts';
import type { SubjectView } from '../api/api-types.ts';
import { subjectNamed } from '../people/subject-lookup.ts';

const AFTER_TYPING_MS = 250;

/** Who has the name that is being typed already; null where nobody, or not known yet. */
export function useNamesake(name: string, asks: boolean): SubjectView | null {
  const [found, setFound] = useState<SubjectView | null>(null);
  const key = nameKey(name);
  useEffect(() => {
    if (!asks || key === '') return;
    const asking = new AbortController();
    const typing = setTimeout(() => {
      // Where it cannot be asked now, the server says so when the pictures are sent.
      subjectNamed(key, asking.signal).then(
        (subject) => !asking.signal.aborted && setFound(subject),
        () => {},
      );
    }, AFTER_TYPING_MS);
    return () => {
      clearTimeout(typing);
      asking.abort();
    };
  }, [asks, key]);
  return asks && found && nameKey(found.name) === key ? found : null;
}
