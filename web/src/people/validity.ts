import type { SubjectView } from '../api/api-types.ts';
import { dateAndTime } from '../ui/time-words.ts';

export type Validity = 'valid' | 'not_yet' | 'expired';

type Span = Pick<SubjectView, 'validFrom' | 'validUntil'>;

/** Whether somebody is recognised at that moment. `validUntil` is the first moment at which they are not. */
export function validity({ validFrom, validUntil }: Span, nowMs: number): Validity {
  if (validUntil !== null && Date.parse(validUntil) <= nowMs) return 'expired';
  if (validFrom !== null && Date.parse(validFrom) > nowMs) return 'not_yet';
  return 'valid';
}

/** `expired on 3 Dec 2026, 18:00`, `valid from …`, `valid until …`; null where there is no bound to speak of. */
export function validityWords(span: Span, nowMs: number): string | null {
  switch (validity(span, nowMs)) {
    case 'expired':
      return `expired on ${dateAndTime(span.validUntil!)}`;
    case 'not_yet':
      return `valid from ${dateAndTime(span.validFrom!)}`;
    case 'valid':
      return span.validUntil === null ? null : `valid until ${dateAndTime(span.validUntil)}`;
  }
}
