import type { SubjectView } from '../../web/src/api/api-types.ts';

/** Somebody as `GET /subjects` gives them, with what the test asks for. */
export function aSubject(part: Partial<SubjectView> = {}): SubjectView {
  return {
    id: '019ab000-0000-7000-8000-000000000001',
    name: 'Ada',
    groups: [],
    notes: '',
    validFrom: null,
    validUntil: null,
    consent: null,
    templates: 0,
    notSearched: 0,
    createdAt: '2026-11-21T00:00:00.000Z',
    changedAt: '2026-11-21T00:00:00.000Z',
    lastSeenAt: null,
    ...part,
  };
}
