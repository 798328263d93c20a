import type { Subject } from '../gallery/subject.ts';
import { isoTime } from './iso-time.ts';

/** A subject as answers show it. */
export function viewOfSubject(subject: Subject) {
  const { id, name, groups, notes, consent, templates, notSearched } = subject;
  return {
    id,
    name,
    groups,
    notes,
    validFrom: isoTime(subject.validFromMs),
    validUntil: isoTime(subject.validUntilMs),
    consent: consent && { by: consent.by, at: isoTime(consent.atMs), basis: consent.basis },
    templates,
    notSearched,
    createdAt: isoTime(subject.createdAtMs),
    changedAt: isoTime(subject.changedAtMs),
    lastSeenAt: isoTime(subject.lastSeenMs),
  };
}
