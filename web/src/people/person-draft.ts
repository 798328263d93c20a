import type { Consent, SubjectPatch, SubjectView } from '../api/api-types.ts';
import { fromLocalInput, toLocalInput } from '../ui/local-time.ts';

export const MOST_GROUPS = 50;
export const LONGEST_GROUP = 100;
export const LONGEST_NAME = 200;
export const LONGEST_NOTES = 2000;

/** A person as typed in. Times are those of `<input type="datetime-local">`. */
export interface PersonDraft {
  name: string;
  groups: readonly string[];
  notes: string;
  validFrom: string;
  validUntil: string;
  /** Whether there is a consent to speak of. */
  consented: boolean;
  consentBy: string;
  consentAt: string;
  consentBasis: string;
}

export function draftOf(subject: SubjectView): PersonDraft {
  const { name, groups, notes, validFrom, validUntil, consent } = subject;
  return {
    name,
    groups,
    notes,
    validFrom: toLocalInput(validFrom),
    validUntil: toLocalInput(validUntil),
    consented: consent !== null,
    consentBy: consent?.by ?? '',
    consentAt: toLocalInput(consent?.at ?? null),
    consentBasis: consent?.basis ?? '',
  };
}

/** What is to be sent: what was changed, and nothing else, so that two people at work do not undo each other. */
export type PersonChange = { patch: SubjectPatch } | { problem: string };

export function changeOf(before: SubjectView, draft: PersonDraft): PersonChange {
  const name = draft.name.trim();
  if (name === '') return { problem: 'Enter the name.' };
  const validFrom = momentOf(draft.validFrom, before.validFrom);
  const validUntil = momentOf(draft.validUntil, before.validUntil);
  if (validFrom !== null && validUntil !== null && Date.parse(validUntil) <= Date.parse(validFrom)) {
    return { problem: 'The end of the validity must lie after its beginning.' };
  }
  const consent = consentOf(before.consent, draft);
  if (consent === 'incomplete') return { problem: 'A consent needs who recorded it, when, and on what basis.' };
  return {
    patch: {
      ...(name !== before.name && { name }),
      ...(!sameList(draft.groups, before.groups) && { groups: draft.groups }),
      ...(draft.notes !== before.notes && { notes: draft.notes }),
      ...(validFrom !== before.validFrom && { validFrom }),
      ...(validUntil !== before.validUntil && { validUntil }),
      ...(!sameConsent(consent, before.consent) && { consent }),
    },
  };
}

/** A group as it is kept; null where it is none, or there already. */
export function groupToAdd(text: string, groups: readonly string[]): string | null {
  const group = text.trim().slice(0, LONGEST_GROUP).trim();
  return group === '' || groups.includes(group) || groups.length >= MOST_GROUPS ? null : group;
}

/** The field shows minutes: a moment that was not touched keeps its seconds. */
function momentOf(text: string, before: string | null): string | null {
  return text === toLocalInput(before) ? before : fromLocalInput(text);
}

function consentOf(before: Consent | null, draft: PersonDraft): Consent | null | 'incomplete' {
  if (!draft.consented) return null;
  const by = draft.consentBy.trim();
  const basis = draft.consentBasis.trim();
  const at = momentOf(draft.consentAt, before?.at ?? null);
  return by === '' || basis === '' || at === null ? 'incomplete' : { by, at, basis };
}

const sameList = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((entry, index) => entry === b[index]);

const sameConsent = (a: Consent | null, b: Consent | null) =>
  a === b || (a !== null && b !== null && a.by === b.by && a.at === b.at && a.basis === b.basis);
