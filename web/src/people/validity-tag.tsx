import type { SubjectView } from '../api/api-types.ts';
import { minute, now } from '../state/now.ts';
import { validity, validityWords } from './validity.ts';

/** Whoever is not valid now is not recognised: that is said beside the name. */
export function ValidityTag({ subject }: { subject: Pick<SubjectView, 'validFrom' | 'validUntil'> }) {
  void minute.value;
  const nowMs = now.peek();
  const state = validity(subject, nowMs);
  if (state === 'valid') return null;
  return (
    <span class="tag tag-warn" title={validityWords(subject, nowMs) ?? undefined}>
      {state === 'expired' ? 'expired' : 'not valid yet'}
    </span>
  );
}
