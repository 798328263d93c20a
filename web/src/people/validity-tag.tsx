import type { SubjectView } from '../api/api-types.ts';
import { now } from '../state/now.ts';
import { validity, validityWords } from './validity.ts';

/** Whoever is not valid now is not recognised: that is said beside the name. */
export function ValidityTag({ subject }: { subject: Pick<SubjectView, 'validFrom' | 'validUntil'> }) {
  const state = validity(subject, now.value);
  if (state === 'valid') return null;
  return (
    <span class="tag tag-warn" title={validityWords(subject, now.value) ?? undefined}>
      {state === 'expired' ? 'expired' : 'not valid yet'}
    </span>
  );
}
