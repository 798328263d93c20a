import type { Scope } from '../api/api-types.ts';

/** Smallest first. */
export const SCOPE_WORDS: readonly { scope: Scope; means: string }[] = [
  { scope: 'read', means: 'see cameras, live pictures, people and events' },
  { scope: 'recognize', means: 'have pictures detected, compared, searched and recognised' },
  { scope: 'enroll', means: 'enrol, change and delete people, name unknown ones' },
  { scope: 'door', means: 'open doors by hand, lock them down and release them' },
  { scope: 'pictures', means: 'see the pictures that are kept of events' },
  { scope: 'admin', means: 'everything: cameras, keys, feeds and the audit log too' },
];
